"""Webhooks are signed, and arrive as badly as a test asks for."""

from __future__ import annotations

import json
import random

import pytest

from tests.github.client import as_app
from tests.github.payloads import examples
from tests.github.receiver import Receiver
from tests.github.webhooks import signature
from tests.github.world import FakeGitHub


@pytest.fixture
def listening(github: FakeGitHub):
    """A repository whose App has a webhook that is listened to."""
    github.repository("acme/shop")
    app = github.register_app(events=["push"])
    github.install(app)
    with Receiver() as receiver:
        github.deliver_to(receiver.address, secret="s")
        yield github, receiver, app


def heads(receiver: Receiver) -> list[str]:
    return [json.loads(row.body)["after"] for row in receiver.received if row.event == "push"]


def test_the_signature_is_the_one_of_the_documentation():
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"""
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert signature("It's a Secret to Everybody", b"Hello, World!") == expected


def test_a_push_is_delivered_signed_with_its_installation(listening):
    github, receiver, _ = listening
    sha = github.push({"a": "b"})

    [row] = receiver.received
    assert heads(receiver) == [sha]
    assert row.headers["x-hub-signature-256"] == signature("s", row.body)
    assert json.loads(row.body)["installation"]["id"] in github.state.installations


def test_a_dropped_event_leaves_no_trace_and_a_lost_one_can_be_sent_again(listening):
    github, receiver, app = listening
    github.webhooks.drop(1)
    github.push({"a": "1"})
    github.webhooks.lose(1)
    lost = github.push({"a": "2"})
    assert receiver.received == []

    with as_app(github, app) as client:
        [failed] = client.get("/app/hook/deliveries?status=failure").json()
        assert client.post(f"/app/hook/deliveries/{failed['id']}/attempts").status_code == 202
        github.webhooks.settle()
        again, first = client.get("/app/hook/deliveries").json()

    assert heads(receiver) == [lost]
    assert (again["guid"], again["redelivery"], again["status_code"]) == (first["guid"], True, 202)


def test_what_nobody_answered_has_no_code_and_is_not_of_status_failure(listening):
    github, _, app = listening
    github.webhooks.lose(1, code=0)
    github.push({"a": "1"})

    with as_app(github, app) as client:
        [row] = client.get("/app/hook/deliveries").json()
        assert (row["status"], row["status_code"]) == ("failed to connect to host", 0)
        assert client.get("/app/hook/deliveries?status=failure").json() == []


def test_a_listener_that_fails_is_remembered_and_old_deliveries_are_not(listening):
    github, receiver, app = listening
    receiver.status = 500
    github.push({"a": "1"})

    with as_app(github, app) as client:
        assert [row["status_code"] for row in client.get("/app/hook/deliveries").json()] == [500]
    github.clock.advance(3 * 24 * 3600 + 60)
    with as_app(github, app) as client:
        assert client.get("/app/hook/deliveries").json() == []


def test_events_arrive_twice_late_and_in_another_order(listening):
    github, receiver, _ = listening
    github.webhooks.double(1)
    twice = github.push({"a": "1"})
    github.webhooks.hold()
    late = [github.push({"a": str(number)}) for number in range(2, 6)]
    assert heads(receiver) == [twice, twice]
    assert len({row.headers["x-github-delivery"] for row in receiver.received}) == 1

    github.webhooks.release(random.Random(1))
    assert sorted(heads(receiver)[2:]) == sorted(late)
    assert heads(receiver)[2:] != late


def test_the_example_payloads_are_all_there():
    assert len(examples()) == 329
    assert len({row.event for row in examples()}) == 58
