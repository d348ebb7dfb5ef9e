"""A run from its first op to its end: order, statuses, slots, priority."""

import pytest

from reconciler.engine.decisions import Limits
from reconciler.engine.model import Observed, Performed, Status
from tests.reconciler.engine.driver import Driver, failed, op, plan, single


def test_ops_start_when_their_upstreams_have_succeeded():
    run = Driver(plan(op("a"), op("b", ["a"]), op("c", ["a", "b"]))).settle()

    assert run.started == ["a", "b", "c"]
    assert run.statuses == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}
    assert run.run.status == "succeeded"


def test_an_op_of_which_an_upstream_failed_ends_upstream_failed_and_the_run_failed():
    run = Driver(plan(op("a"), op("b", ["a"]), op("c", ["b"])), {"a": failed()}).settle()

    assert run.statuses == {"a": "failed", "b": "upstream_failed", "c": "upstream_failed"}
    assert (run.run.status, run.run.reason, run.run.message) == ("failed", "OpsFailed", "Failed: a.")


def test_a_flow_of_a_single_op_has_one_op_of_its_name():
    run = Driver(single(op("train"))).settle()

    assert run.statuses == {"train": "succeeded"}
    assert run.run.status == "succeeded"


def test_statuses_follow_the_attempt():
    run = Driver(plan(op("a"))).step()
    attempt = run.attempt("a")
    run.step(Performed(attempt, "start", "done", 100.0))
    run.step(Observed(attempt, Status.STARTING, 101.0)).step(Observed(attempt, Status.RUNNING, 102.0)).end("a")

    assert [str(line.status) for line in run.history if line.path == "a"] == [
        *("queued", "scheduled", "starting", "running", "succeeded")
    ]
    assert run.rows["a"].started_at == 102.0


def test_late_and_repeated_observations_change_nothing():
    run = Driver(plan(op("a"), op("b", ["a"]))).step()
    attempt = run.attempt("a")
    run.runs("a").end("a")
    before, lines = run.statuses, len(run.history)

    for status in (Status.STARTING, Status.RUNNING, Status.SUCCEEDED, Status.FAILED):
        run.step(Observed(attempt, status, 105.0))

    assert run.statuses == before
    assert len(run.history) == lines


def test_a_start_that_is_refused_fails_the_op_with_its_reason():
    run = Driver(plan(op("a", max_retries=3))).step()
    run.step(Performed(run.attempt("a"), "start", "refused", 100.0, "ConfigError", "There is no image."))

    assert (run.rows["a"].status, run.rows["a"].reason) == ("failed", "ConfigError")
    assert run.rows["a"].message == "There is no image."


def test_an_unknown_start_waits_for_what_is_observed():
    run = Driver(plan(op("a"))).step()
    run.step(Performed(run.attempt("a"), "start", "unknown", 100.0))
    assert run.status("a") == "queued"
    assert run.end("a").status("a") == "succeeded"


def test_slots_limit_how_many_attempts_live_at_once():
    run = Driver(plan(*[op(f"o{i}") for i in range(7)]), limits=Limits(slots=2)).step()

    assert run.started == ["o0", "o1"]
    assert run.starved
    run.settle()
    assert run.most_live == 2
    assert run.run.status == "succeeded"


def test_the_most_critical_op_starts_first_then_the_one_declared_first():
    ops = [op("short"), op("long", critical=3), op("other", critical=3)]
    run = Driver(plan(*ops), limits=Limits(slots=1)).settle()

    assert run.started == ["long", "other", "short"]


def test_the_concurrency_of_a_dag_limits_its_ops():
    run = Driver(plan(*[op(f"o{i}") for i in range(7)], concurrency=3)).settle()

    assert run.most_live == 3
    assert run.run.status == "succeeded"


def test_a_queue_limits_its_own_ops_and_nobody_else():
    ops = [op("gpu1", queue="gpu"), op("gpu2", queue="gpu"), op("cpu")]
    run = Driver(plan(*ops), limits=Limits(queues={"gpu": 1})).step()

    assert run.started == ["gpu1", "cpu"]
    assert run.starved


def test_untouched_ops_have_no_rows():
    run = Driver(plan(op("a"), *[op(f"o{i}", ["a"]) for i in range(50)])).step()

    assert list(run.rows) == ["a"]


def test_a_converged_run_writes_nothing():
    run = Driver(plan(op("a"))).step()
    writes, lines = run.writes, len(run.history)
    run.step().step()

    assert (run.writes, len(run.history)) == (writes, lines)


def test_an_op_that_nothing_can_run_refuses_the_whole_run():
    run = Driver(plan(op("a"), op("b", unsupported="mxjob is not supported."))).step()

    assert (run.run.status, run.run.reason) == ("failed", "Unsupported")
    assert run.run.message == "b: mxjob is not supported."
    assert run.started == []


@pytest.mark.parametrize(
    ("root", "verb", "status"),
    [
        ({}, "stop", "stopped"),
        ({"conditions": "1 > 2"}, None, "skipped"),
        ({"unsupported": "Nothing runs it yet."}, None, "failed"),
        ({"is_approved": False}, "stop", "stopped"),
    ],
)
def test_a_run_that_ends_before_it_begins_stops_what_an_older_one_handed_to_it(root, verb, status):
    old = Driver(plan(op("long"))).step().runs("long")
    new = Driver(plan(op("long"), root=root), rows=dict(old.rows))
    new.live = dict(old.live)
    new.ask(verb) if verb else new.step()

    assert new.run.status == status
    assert new.status("long") == "stopped"
    assert [stop.attempt for stop in new.stops] == list(old.live)
    assert new.step().stops == new.stops  # once


def test_what_a_decision_hands_out_is_left_alone_by_later_facts():
    run = Driver(plan(op("a"))).step()
    before = run.rows["a"]
    run.runs("a")

    assert (before.status, run.status("a")) == ("queued", "running")
