"""Facts about what people ask of runs and flows on the command line."""

from __future__ import annotations

import pytest

from reconciler.keys import FlowKey, RepositoryKey, RunKey
from tests.console.typing_in import FAILED, GOOD, LIVE, SHA


def test_a_stop_is_recorded_for_whoever_works_next(typed, store, data):
    shown = typed("stop", LIVE)

    (request,) = store.requests(RunKey(LIVE))
    assert (request.verb, request.target, request.op) == ("stop", LIVE, None)
    assert (shown.code, shown.out) == (0, "")
    assert shown.err == f"recorded; it will be done when a service works on {data}.\n"


def test_the_key_of_what_is_asked_is_woken(typed, store):
    typed("stop", LIVE)

    assert next(row for row in store.pending() if row.key == RunKey(LIVE)).due_at < 1e12


def test_an_op_is_named_by_its_path(typed, store):
    assert typed("skip", LIVE, "train").code == 0
    assert typed("approve", LIVE, "train").code == 0

    assert [(one.verb, one.op) for one in store.requests(RunKey(LIVE))] == [("skip", "train"), ("approve", "train")]


def test_an_unknown_op_gets_a_near_name(typed, store):
    shown = typed("skip", LIVE, "trian")

    assert (shown.code, store.requests(RunKey(LIVE))) == (2, [])
    assert "Did you mean `train`?" in shown.err


def test_the_same_request_id_asks_once(typed, store):
    first, second = (typed("stop", LIVE, "--request-id", "mine", "--format", "json") for _ in "ab")

    assert first.json == second.json
    assert [one.id for one in store.requests(RunKey(LIVE))] == ["mine"]


def test_a_request_id_of_something_else_is_refused(typed):
    typed("stop", LIVE, "--request-id", "mine")

    assert typed("skip", LIVE, "train", "--request-id", "mine").code == 2


def test_there_is_nothing_to_stop_in_a_run_that_ended(typed, store):
    shown = typed("stop", FAILED)

    assert shown.code == 1
    assert f"Run {FAILED} has ended (failed)" in shown.err
    assert store.requests(RunKey(FAILED)) == []


def test_a_flow_is_paused_by_name(typed, store):
    assert typed("pause", "churn").code == 0
    assert typed("unpause", "shop/churn").code == 0

    assert [one.verb for one in store.requests(FlowKey("flow-1"))] == ["pause", "unpause"]


def test_a_commit_is_approved_by_a_prefix_of_its_sha(typed, store):
    assert typed("approve", f"shop@{SHA[:7]}").code == 0

    (request,) = store.requests(RepositoryKey("shop"))
    assert request.target == f"shop@{SHA}"
    assert store.approved("shop", SHA)


@pytest.mark.parametrize("what", ["shpo@4be91c0", "shop@ffff"])
def test_an_unknown_repository_or_commit_is_not_approved(typed, what):
    assert typed("approve", what).code == 2


def test_a_restart_of_a_served_run_tells_the_run_it_will_make(typed, store):
    shown = typed("restart", FAILED, "--failed", "--format", "json")

    (request,) = store.requests(RunKey(FAILED))
    assert request.arguments == {"failed": True}
    assert len(shown.json["run"]) == 20
    assert shown.json["done"] is False


def test_a_live_run_is_not_resumed_and_a_good_one_has_nothing_to_resume(typed):
    assert typed("resume", LIVE).code == 1
    assert typed("resume", GOOD).code == 1
    assert typed("resume", FAILED).code == 0


@pytest.mark.parametrize(
    "words", [("stop",), ("skip", LIVE), ("pause",), ("restart", "nobody"), ("stop", "3f2")], ids=str
)
def test_wrong_use_is_two_and_asks_nothing(typed, store, words):
    shown = typed(*words)

    assert (shown.code, shown.out) == (2, "")
    assert store.requests(RunKey(LIVE)) == []


@pytest.mark.parametrize("words", [("stop", "x"), ("skip", "x", "y"), ("pause", "x"), ("resume", "x"), ("copy", "x")])
def test_without_a_store_it_cannot_be_found_out(bare, words):
    assert bare(*words).code == 3
