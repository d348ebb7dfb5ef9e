"""Bodies that are signed and wrong, of every event: each is answered, none is a fault of ours, none costs memory."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.conftest import SEED
from tests.github.payloads import Example, examples
from tests.webhooks.edge import APP, SHOP, Edge
from tests.webhooks.mangling import mangled

KNOWN = ("push", "pull_request", "merge_group", "check_run", "check_suite", "issue_comment", "installation", "ping")
COUNT = 300
MANY = 3000
ROOM = 16  # MiB: the bodies themselves are five times as much


@pytest.fixture
def edge(tmp_path):
    with Edge(tmp_path) as edge:
        yield edge


@pytest.fixture
def chance() -> Random:
    return Random(os.environ[SEED])


def ours() -> list[Example]:
    """The examples as if they spoke of what is served here, of pull requests, and of checks with buttons."""
    return [Example(row.event, row.number, {**row.payload, **_ours(row)}) for row in examples()]


def _ours(row: Example) -> dict[str, Any]:
    changed: dict[str, Any] = {"repository": {"id": next(iter(SHOP)), "full_name": "acme/shop"}}
    match row.event:
        case "issue_comment":
            changed |= {"action": "created", "issue": {"number": 12, "pull_request": {}}}
        case "check_run":
            changed |= {"action": "requested_action", "requested_action": {"identifier": "cancel"}}
        case "check_suite":
            changed |= {"action": "rerequested"}
    if row.event in ("check_run", "check_suite"):
        changed[row.event] = {**row.payload[row.event], "app": {"id": APP}}
    return changed


def send(edge: Edge, chance: Random, count: int) -> set[int]:
    """So many bodies, each event's turn as often; the statuses that were answered."""
    rows = ours()
    by_event: dict[str, list[Example]] = {}
    for row in rows:
        by_event.setdefault(row.event, []).append(row)
    others, statuses = [row.payload for row in rows], set()
    for number in range(count):
        event = chance.choice(KNOWN if chance.random() < 0.7 else list(by_event))
        body = mangled(chance.choice(by_event[event]).payload, chance, others)
        answer = edge.send(body, event, f"{number}")
        assert answer.status_code in (202, 204, 400), (answer.text, event, body[:3000])
        if answer.status_code == 400:
            assert answer.json()["error"]["do"], (event, body[:3000])
        statuses.add(answer.status_code)
    return statuses


def test_whatever_is_signed_is_answered_and_no_fault_of_ours(edge, chance, caplog):
    with caplog.at_level(logging.WARNING):
        assert send(edge, chance, COUNT) == {202, 204, 400}

    assert caplog.records == []
    assert edge.store.pending()
    for row in edge.store.pending():
        for request in edge.store.requests(row.key):
            assert len(request.id) + len(request.by) + len(request.target) < 4000, request
            assert "\0" not in request.id + request.by + request.target, request


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_thousands_of_bodies_leave_nothing_in_memory(edge, chance):
    send(edge, chance, MANY // 3)
    before = resident()
    send(edge, chance, MANY)
    assert resident() - before < ROOM


def resident() -> int:
    """MiB of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20
