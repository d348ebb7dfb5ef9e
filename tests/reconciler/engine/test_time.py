"""Retries, disruptions, deadlines, stops, skips, approvals."""

import pytest

from reconciler.engine.attempts import MAX_DELAY, attempt_id, retry_delay
from reconciler.engine.model import Asked, Observed, Status
from tests.reconciler.engine.driver import Driver, failed, op, plan, succeeded


def test_a_failure_is_tried_again_after_a_delay():
    run = Driver(plan(op("a", max_retries=1)), {"a": failed()}).step().end("a")

    assert run.status("a") == "retrying"
    assert run.live == {}
    run.now = run.look_again_at
    assert run.step().started == ["a", "a"]
    assert run.rows["a"].attempts == 2


def test_failures_are_counted_up_to_max_retries():
    run = Driver(plan(op("a", max_retries=2)), {"a": failed(exit_code=3)}).settle()

    assert (run.status("a"), run.rows["a"].attempts, run.rows["a"].reason) == ("failed", 3, "AppError(3)")


def test_disruptions_have_a_budget_of_their_own():
    run = Driver(plan(op("a")), {"a": failed("Evicted", disruption=True)}).settle()

    assert (run.status("a"), run.rows["a"].reason) == ("failed", "Evicted")
    assert (run.rows["a"].attempts, run.rows["a"].failures, run.rows["a"].disruptions) == (4, 0, 4)


def test_delays_grow_and_are_the_same_for_the_same_attempt():
    delays = [retry_delay("run", "a", number) for number in range(1, 12)]

    assert delays == [retry_delay("run", "a", number) for number in range(1, 12)]
    assert all(one < other for one, other in zip(delays[:-4:2], delays[2:-4:2], strict=False))
    assert max(delays) <= MAX_DELAY


def test_attempt_ids_are_functions_of_run_plan_commit_op_and_number():
    known = ("r", "plan", "commit", "a", 1)
    others = [("s", *known[1:]), ("r", "other", *known[2:]), ("r", "plan", "other", "a", 1), (*known[:3], "b", 1)]

    assert attempt_id(*known) == attempt_id(*known)
    assert len({attempt_id(*one) for one in [known, *others, (*known[:4], 2)]}) == 6
    assert len(attempt_id(*known)) == 20


def test_a_passed_deadline_stops_the_attempt_and_fails_the_op():
    run = Driver(plan(op("a", timeout=10, max_retries=5))).step().runs("a")
    assert run.look_again_at == 110.0

    run.wait(10)
    assert run.status("a") == "stopping"
    assert [stop.path for stop in run.stops] == ["a"]
    run.stop_all()
    assert (run.status("a"), run.rows["a"].reason) == ("failed", "DeadlineExceeded")


def test_an_outcome_from_before_the_deadline_wins():
    run = Driver(plan(op("a", timeout=10))).step().runs("a").wait(11)
    spec = run.live.pop(run.attempt("a"))
    run.step(Observed(spec.attempt, Status.SUCCEEDED, 109.0))

    assert run.status("a") == "succeeded"


def test_an_outcome_from_after_the_deadline_is_late_even_if_nobody_looked():
    run = Driver(plan(op("a", timeout=10))).step().runs("a")
    run.now = 120.0

    assert run.end("a").rows["a"].reason == "DeadlineExceeded"


def test_a_deadline_covers_all_attempts_of_an_op():
    run = Driver(plan(op("a", timeout=1, max_retries=100)), {"a": failed()}).step().runs("a").end("a")
    assert run.status("a") == "retrying"

    assert run.wait(1).rows["a"].reason == "DeadlineExceeded"


def test_a_stop_reaches_every_op_and_nothing_starts_any_more():
    run = Driver(plan(op("a"), op("b", ["a"]), op("c"))).step().ask("stop")
    assert sorted(stop.path for stop in run.stops) == ["a", "c"]
    assert run.run.status == "stopping"

    run.settle()
    assert run.statuses == {"a": "stopped", "b": "stopped", "c": "stopped"}
    assert (run.run.status, run.run.stop_asked_by) == ("stopped", "ada")


def test_a_run_that_a_newer_plan_asked_to_stop_stops():
    run = Driver(plan(op("a"), op("b", ["a"])), crashes=True).step()
    run.run.stop_asked_by = "newer plan"
    run.step()
    assert [stop.path for stop in run.stops] == ["a"]
    run.settle()

    assert run.statuses == {"a": "stopped", "b": "stopped"}
    assert (run.run.status, run.run.message) == ("stopped", "Stopped by newer plan.")


def test_a_live_attempt_of_another_run_goes_on_in_this_one():
    old = Driver(plan(op("a"), op("b", ["a"]))).step().runs("a")
    new = Driver(old.plan, rows=dict(old.rows), run=old.run.having(id="run2", status=Status.CREATED))
    new.live = dict(old.live)
    new.step()
    assert new.started == []

    assert new.end("a").settle().statuses == {"a": "succeeded", "b": "succeeded"}


def test_a_stop_is_idempotent():
    run = Driver(plan(op("a"))).step().ask("stop").ask("stop").ask("stop", "a")

    assert len(run.stops) == 1


@pytest.mark.parametrize("crashes", [False, True])
def test_a_stop_never_loses_an_outcome_that_already_happened(crashes):
    run = Driver(plan(op("a"), op("b", ["a"])), crashes=crashes).step().ask("stop").end("a")

    assert run.statuses == {"a": "succeeded", "b": "stopped"}
    assert run.run.status == "stopped"


def test_an_op_that_ends_badly_after_a_stop_is_stopped():
    run = Driver(plan(op("a", max_retries=5)), {"a": failed()}).step().ask("stop").end("a")

    assert run.status("a") == "stopped"


@pytest.mark.parametrize("stop_first", [False, True])
def test_a_failure_from_before_the_stop_is_a_failure_in_whatever_order_they_arrive(stop_first):
    run = Driver(plan(op("a")), {"a": failed(exit_code=3)}).step()
    end, stop = run.outcome("a"), Asked("r", "stop", "ada", 101.0)
    run.step(*([stop, end] if stop_first else [end, stop]))

    assert (run.status("a"), run.rows["a"].reason) == ("failed", "AppError(3)")


def test_stop_and_success_in_one_step_start_nothing():
    run = Driver(plan(op("a"), op("b", ["a"]))).step()
    run.step(run.outcome("a"), Asked("r", "stop", "ada", 100.0))

    assert run.statuses == {"a": "succeeded", "b": "stopped"}


def test_one_op_can_be_stopped():
    run = Driver(plan(op("a"), op("b", ["a"]), op("c"))).step().ask("stop", "a").settle()

    assert run.statuses == {"a": "stopped", "b": "upstream_failed", "c": "succeeded"}
    assert run.run.status == "stopped"


def test_an_op_that_has_not_started_can_be_skipped_by_a_person():
    run = Driver(plan(op("a"), op("b", ["a"]), op("c", ["b"]))).step().ask("skip", "b").settle()

    assert run.statuses == {"a": "succeeded", "b": "skipped", "c": "succeeded"}
    assert (run.rows["b"].reason, run.rows["b"].message) == ("SkipAsked", "Skipped by ada.")


def test_an_op_that_has_started_is_not_skipped():
    assert Driver(plan(op("a"))).step().ask("skip", "a").settle().status("a") == "succeeded"


@pytest.mark.parametrize("crashes", [False, True])
def test_an_op_waits_for_its_approval(crashes):
    run = Driver(plan(op("a", is_approved=False)), crashes=crashes).settle()
    assert (run.status("a"), run.rows["a"].reason) == ("compiled", "AwaitingApproval")

    run.ask("approve", "a").settle()
    assert (run.status("a"), run.rows["a"].approved_by) == ("succeeded", "ada")


def test_an_op_can_be_approved_before_it_is_reached():
    run = Driver(plan(op("a"), op("b", ["a"], is_approved=False)), {"a": succeeded()}).step()

    assert run.ask("approve", "b").settle().status("b") == "succeeded"


def test_a_run_waits_for_its_approval():
    run = Driver(plan(op("a"), root={"is_approved": False}), crashes=True).settle()
    assert (run.run.status, run.started) == ("compiled", [])

    assert run.ask("approve").settle().run.status == "succeeded"


@pytest.mark.parametrize("crashes", [False, True])
def test_a_run_that_waits_for_its_approval_can_be_stopped(crashes):
    run = Driver(plan(op("a"), root={"is_approved": False}), crashes=crashes).settle().ask("stop")

    assert (run.run.status, run.statuses) == ("stopped", {})


def test_a_run_whose_own_condition_is_false_is_skipped():
    run = Driver(plan(op("a"), root={"conditions": "1 > 2"})).settle()

    assert (run.run.status, run.run.reason, run.started) == ("skipped", "ConditionFalse", [])


def test_a_run_has_a_deadline_too():
    run = Driver(plan(op("a"), root={"timeout": 10}), crashes=True).step().wait(10).stop_all()

    assert (run.run.status, run.run.reason) == ("failed", "DeadlineExceeded")
