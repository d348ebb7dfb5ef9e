"""Each limit that GitHub sets, reached once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.github.answers import Refused
from tests.github.client import Client, as_installation
from tests.github.limits import Limits
from tests.github.world import FakeGitHub

CHECKS = "/repos/acme/shop/check-runs"


class Still:
    """A clock that stands until it is moved."""

    time = 1_700_000_000.0

    def now(self) -> float:
        return self.time


@pytest.fixture
def installed(github: FakeGitHub):
    """A repository with an App on it, and a client with a token of that installation."""
    github.repository("acme/shop")
    app = github.register_app()
    with as_installation(github, app, github.install(app)) as client:
        yield github, client


def _admitted(limits: Limits, method: str, template: str = "/check-runs", at_most: int = 6000) -> int:
    """How many go through before one is refused."""
    for number in range(at_most):
        try:
            limits.admit("installation 1", method, template)
        except Refused:
            return number
    return at_most


def test_eighty_writes_a_minute_and_five_hundred_an_hour():
    limits = Limits(clock := Still())

    assert _admitted(limits, "POST") == 80
    for _ in range(6):
        clock.time += 61
        _admitted(limits, "PATCH")
    assert len(limits.spent("installation 1").content) == 500
    assert "500 writes an hour" in limits.refused[-1]
    clock.time += 3600
    assert _admitted(limits, "POST") == 80


def test_nine_hundred_points_a_minute_and_five_thousand_requests_an_hour():
    limits = Limits(clock := Still())

    assert _admitted(limits, "GET") == 900
    clock.time += 61
    limits.content_per_minute = limits.content_per_hour = 10_000
    assert _admitted(limits, "POST") == 180
    for _ in range(5):
        clock.time += 61
        _admitted(limits, "GET")
    assert limits.budget("installation 1")["remaining"] == 0
    assert "5000 requests an hour" in limits.refused[-1]


def test_a_refusal_says_how_long_to_wait(installed):
    github, client = installed
    github.limits.content_per_minute = 1
    run = {"name": "headgate", "head_sha": github.head()}

    assert client.post(CHECKS, json=run).status_code == 201
    refused = client.post(CHECKS, json=run)
    assert refused.status_code == 403
    assert 30 <= int(refused.headers["retry-after"]) <= 61
    github.clock.advance(62)
    assert client.post(CHECKS, json=run).status_code == 201

    github.limits.exhaust(github.requests[-1].actor)
    github.limits.status = 429
    exhausted = client.get("/repos/acme/shop")
    assert (exhausted.status_code, exhausted.headers["x-ratelimit-remaining"]) == (429, "0")
    assert "retry-after" not in exhausted.headers


def test_more_than_so_many_at_once_are_refused(installed):
    github, client = installed
    github.limits.concurrent, github.faults.latency = 1, 0.3

    def ask(_: int) -> int:
        return client.get("/repos/acme/shop").status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(ask, range(4)))

    assert set(answers) == {200, 403}
    assert ask(0) == 200


ANNOTATION = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"}
OUTPUT = {"title": "t", "summary": "s"}
ACTION = {"label": "l", "description": "d", "identifier": "i"}


@pytest.mark.parametrize(
    "fields",
    [
        {"output": OUTPUT | {"annotations": [ANNOTATION] * 51}},
        {"output": OUTPUT | {"summary": "ä" * 65_536}},
        {"output": OUTPUT | {"text": "x" * 65_536}},
        {"output": OUTPUT | {"title": "x" * 256}},
        {"output": OUTPUT | {"annotations": [ANNOTATION | {"end_line": 2, "start_column": 1}]}},
        {"output": OUTPUT | {"annotations": [ANNOTATION | {"end_line": 0}]}},
        {"output": OUTPUT | {"annotations": [ANNOTATION | {"message": "ä" * 32_769}]}},
        {"actions": [ACTION] * 4},
        {"actions": [ACTION | {"label": "x" * 21}]},
        {"actions": [ACTION | {"description": "x" * 41}]},
        {"actions": [ACTION | {"identifier": "x" * 21}]},
        {"name": "x" * 256},
        {"status": "completed"},
        {"conclusion": "stale"},
        {"head_sha": "0" * 40},
    ],
    ids=lambda fields: "-".join([*fields, *fields.get("output", {})])[:40],
)
def test_a_check_run_beyond_a_limit_is_not_made(installed, fields):
    github, client = installed
    answer = client.post(CHECKS, json={"name": "headgate", "head_sha": github.head(), **fields})

    assert answer.status_code == 422
    assert github.check_runs(github.head()) == []
    github.complaints.clear()


def test_annotations_are_added_by_updates_and_never_replaced(installed):
    github, client = installed
    output = OUTPUT | {"annotations": [ANNOTATION] * 50}
    run = client.post(CHECKS, json={"name": "headgate", "head_sha": github.head(), "output": output}).json()
    client.patch(f"{CHECKS}/{run['id']}", json={"output": output})

    assert len(github.check("headgate", github.head()).annotations) == 100
    pages = [client.get(f"{CHECKS}/{run['id']}/annotations?per_page=60&page={page}").json() for page in (1, 2)]
    assert [len(page) for page in pages] == [60, 40]


def test_only_the_app_that_made_a_check_run_changes_it_and_nobody_makes_one_with_a_token_of_a_person(installed):
    github, client = installed
    run = client.post(CHECKS, json={"name": "headgate", "head_sha": github.head()}).json()
    other = github.register_app("other")
    with as_installation(github, other, github.install(other)) as stranger:
        assert stranger.patch(f"{CHECKS}/{run['id']}", json={"conclusion": "success"}).status_code == 403
    with Client(github.api_url, github.token("ann")) as person:
        answer = person.post(CHECKS, json={"name": "headgate", "head_sha": github.head()})

    assert (answer.status_code, answer.json()["message"]) == (403, "You must authenticate via a GitHub App.")


def test_a_check_run_that_nobody_ends_goes_stale_after_two_weeks(installed):
    github, client = installed
    client.post(CHECKS, json={"name": "headgate", "head_sha": github.head()})
    github.clock.advance(15 * 24 * 3600)

    check = github.check("headgate", github.head())
    assert (check.status, check.conclusion) == ("completed", "stale")


def test_statuses_have_short_words_and_a_thousand_of_a_context_are_enough(github):
    github.repository("acme/shop")
    github.limits.content_per_minute = github.limits.content_per_hour = 10_000
    address = f"/repos/acme/shop/statuses/{github.head()}"
    with Client(github.api_url, github.token("ann")) as client:
        for fields in ({"context": "x" * 256}, {"description": "x" * 141}, {"target_url": "javascript:alert(1)"}):
            assert client.post(address, json={"state": "success", **fields}).status_code == 422
        client.post(address, json={"state": "pending", "context": "headgate"})
        github.state.statuses *= 1000
        assert client.post(address, json={"state": "success", "context": "headgate"}).status_code == 422
        assert client.post(address, json={"state": "success", "context": "another"}).status_code == 201

    github.complaints.clear()
    assert {name: row.state for name, row in github.statuses(github.head()).items()} == {
        "another": "success",
        "headgate": "pending",
    }
