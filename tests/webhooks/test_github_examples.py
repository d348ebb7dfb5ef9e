"""Real bodies of webhooks, 329 of them, through the door: what each wakes, and that nothing else wakes anything."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from reconciler.keys import CheckKey, ForgeKey, Key, RepositoryKey, ReviewKey, text_of
from tests.github.payloads import Example, examples
from tests.webhooks.edge import Edge
from webhooks.github_events import NotAgreeing, told

Body = dict[str, Any]


def name(body: Body) -> str:
    return f"served-{body['repository']['id']}"


def repository(body: Body) -> Key:
    return RepositoryKey(name(body))


def forge(body: Body) -> Key:
    return ForgeKey("github")


def run(body: Body) -> Key:
    return CheckKey(name(body), body["check_run"]["head_sha"])


def suite(body: Body) -> Key:
    return CheckKey(name(body), body["check_suite"]["head_sha"])


# Everything that wakes anybody, by event and action; what is not here is answered with 204 and forgotten.
WAKES: dict[tuple[str, str], Callable[[Body], Key]] = {
    ("push", ""): repository,
    ("pull_request", "opened"): repository,
    ("pull_request", "synchronize"): repository,
    ("pull_request", "reopened"): repository,
    ("pull_request", "closed"): repository,
    ("pull_request", "ready_for_review"): repository,
    ("pull_request", "converted_to_draft"): repository,
    ("merge_group", "checks_requested"): repository,
    ("repository", "created"): repository,
    ("repository", "edited"): repository,
    ("repository", "renamed"): repository,
    ("repository", "transferred"): repository,
    ("repository", "privatized"): repository,
    ("repository", "publicized"): repository,
    ("installation", "created"): forge,
    ("installation", "deleted"): forge,
    ("installation", "suspend"): forge,
    ("installation", "unsuspend"): forge,
    ("installation", "new_permissions_accepted"): forge,
    ("installation_repositories", "added"): forge,
    ("installation_repositories", "removed"): forge,
    ("check_run", "rerequested"): run,
    ("check_run", "requested_action"): run,
    ("check_suite", "rerequested"): suite,
}
SILENT = {"issue_comment", "ping"}  # known, and of no example to anybody


def kind(example: Example) -> tuple[str, str]:
    return example.event, example.payload.get("action", "")


def asked_app(example: Example) -> int | None:
    shown = example.payload.get("check_run") or example.payload.get("check_suite")
    return shown["app"]["id"] if shown and "app" in shown else None


@pytest.fixture
def edges(tmp_path) -> Iterator[Callable[[int | None], Edge]]:
    """One address for each App that a check may be of, where every repository is served."""
    made: dict[int | None, Edge] = {}

    def of(app: int | None) -> Edge:
        if app not in made:
            folder = tmp_path / str(app)
            folder.mkdir()
            made[app] = Edge(folder, app=app, named=lambda number: f"served-{number}").__enter__()
        return made[app]

    yield of
    for edge in made.values():
        edge.__exit__(None, None, None)


def test_each_example_wakes_what_its_event_and_action_say_and_no_other_wakes_anything(edges):
    expected = defaultdict[int | None, set[Key]](set)
    silent: set[str] = set()
    for example in examples():
        edge, guid, wakes = edges(asked_app(example)), str(example), WAKES.get(kind(example))
        answer = edge.send(example.payload, example.event, guid)
        if wakes is None:
            assert answer.status_code == 204, example
            silent.add(guid)
            continue
        assert answer.status_code == 202, example
        key = wakes(example.payload)
        assert edge.store.queued(key) is not None, example
        expected[asked_app(example)].add(key)
        if not answer.json()["known"]:  # a few bodies are there twice
            row = edge.kept()[guid]
            assert row.said.split(", ")[-1] == text_of(key), example
            assert row.repository == ("" if isinstance(key, ForgeKey) else name(example.payload)), example
        if isinstance(key, CheckKey):
            assert example.payload["sender"]["login"] in {row.by for row in edge.store.requests(key)}, example
    for app, keys in expected.items():
        assert {row.key for row in edges(app).store.pending()} == keys
        assert not silent & set(edges(app).kept())


def test_with_a_token_no_example_is_a_button(edges):
    for example in examples():
        if example.event in ("check_run", "check_suite"):
            assert edges(None).send(example.payload, example.event, str(example)).status_code == 204, example


def test_the_examples_hold_each_event_and_action_that_is_expected_to_wake_somebody():
    assert set(WAKES) <= {kind(example) for example in examples()}


def test_a_comment_of_the_examples_on_a_pull_request_wakes_its_review(edges):
    """None of the examples is on a pull request; GitHub tells by a field of the issue that it is one."""
    edge = edges(1)
    created = [example for example in examples() if kind(example) == ("issue_comment", "created")]
    for example in created:
        on_a_pull = {**example.payload, "issue": {**example.payload["issue"], "pull_request": {"url": "…"}}}
        assert edge.send(on_a_pull, example.event, str(example)).status_code == 202
        key = ReviewKey(name(example.payload), f"pull/{example.payload['issue']['number']}")
        assert edge.store.requests(key)
    assert created


def test_a_body_under_the_name_of_another_event_is_refused_or_lets_somebody_look(edges):
    """Only the body is signed: a name that was changed on the way makes nobody's wish of it."""
    for example in examples():
        body = json.dumps(example.payload).encode()
        for event in {event for event, _ in WAKES} | SILENT:
            with suppress(NotAgreeing):
                read = told(event, body)
                assert read is not None
                heard = read.heard("acme/shop", 0.0, asked_app(example))
                assert event == example.event or not heard.requests, (example, event)
