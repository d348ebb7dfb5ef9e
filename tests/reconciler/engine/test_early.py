"""Early stopping: too many failures, a metric that is good enough, children that do too badly."""

import pytest

from reconciler.engine.decisions import Limits
from reconciler.engine.model import Measured
from reconciler.flows.model import EarlyStopping
from reconciler.plan.model import PlannedMatrix
from tests.reconciler.engine.driver import Driver, failed, op, plan, succeeded

GOOD = EarlyStopping("metric_early_stopping", metric="loss", value=1.0, optimization="minimize")


def failures(percent):
    return EarlyStopping("failure_early_stopping", percent=percent)


def tune(*rules, count=10, concurrency=None):
    values = [{"x": index} for index in range(count)]
    return op("tune", matrix=PlannedMatrix("mapping", values, early_stopping=rules, concurrency=concurrency))


@pytest.mark.parametrize("crashes", [False, True])
def test_a_sweep_fails_once_too_many_of_its_planned_children_failed(crashes):
    does = {f"tune[{index}]": failed() for index in range(10)}
    run = Driver(plan(tune(failures(30))), does, Limits(slots=1), crashes=crashes).settle()

    assert run.started == ["tune[0]", "tune[1]", "tune[2]"]
    assert (run.status("tune"), run.rows["tune"].reason) == ("failed", "TooManyFailed")
    assert run.rows["tune"].message == "3 of 10 failed; the limit is 30 %."


def test_the_lowest_percentage_counts():
    run = Driver(plan(tune(failures(50), failures(10))), {"tune[0]": failed()}, Limits(slots=1)).settle()

    assert run.started == ["tune[0]"]


@pytest.mark.parametrize("crashes", [False, True])
def test_a_metric_that_is_good_enough_ends_the_sweep_as_succeeded(crashes):
    does = {"tune[1]": succeeded(loss=0.5), "tune[0]": succeeded(loss=3)}
    run = Driver(plan(tune(GOOD, concurrency=2), op("z", ["tune"])), does, crashes=crashes).step()
    run.end("tune[0]").end("tune[1]")
    assert run.status("tune") == "stopping"

    run.settle()
    assert (run.status("tune"), run.rows["tune"].reason) == ("succeeded", "EarlyStopped")
    assert run.status("tune[2]") == "stopped"
    assert "tune[4]" not in run.rows
    assert run.status("z") == run.run.status == "succeeded"


def test_a_live_metric_may_be_good_enough_too():
    run = Driver(plan(tune(GOOD, count=2))).step()
    run.step(Measured(run.attempt("tune[0]"), "loss", 0.9, 100.0)).settle()

    assert run.rows["tune"].reason == "EarlyStopped"


def test_a_metric_stops_a_dag():
    run = Driver(plan(op("a"), op("b", ["a"]), early_stopping=(GOOD,)), {"a": succeeded(loss=0)}).settle()

    assert run.statuses == {"a": "succeeded", "b": "stopped"}
    assert (run.run.status, run.run.reason) == ("succeeded", "EarlyStopped")


def test_failures_stop_a_dag():
    run = Driver(plan(op("a"), op("b"), early_stopping=(failures(50),)), {"a": failed()}).step().end("a").settle()

    assert run.statuses == {"a": "failed", "b": "stopped"}
    assert (run.run.status, run.run.reason) == ("failed", "TooManyFailed")


def by_policy(optimization="minimize", **policy):
    return EarlyStopping("metric_early_stopping", "loss", 0.0, optimization, policy=policy)


def play_losses(rule, losses, crashes=False):
    """One child per loss, measured in this order; gives the children that were stopped."""
    run = Driver(plan(tune(rule, count=len(losses))), crashes=crashes).step()
    for index, loss in enumerate(losses):
        run.step(Measured(run.attempt(f"tune[{index}]"), "loss", loss, 100.0))
    stopped = [index for index in range(len(losses)) if run.status(f"tune[{index}]") == "stopping"]
    run.settle()
    assert run.run.status == "succeeded"
    return stopped


@pytest.mark.parametrize("crashes", [False, True])
def test_median_stops_a_child_that_does_worse_than_half(crashes):
    assert play_losses(by_policy(kind="median", evaluationInterval=1), [1, 2, 5, 1.1], crashes) == [1, 2]


def test_median_waits_for_enough_samples():
    assert play_losses(by_policy(kind="median", evaluationInterval=1, minSamples=3), [1, 2, 5, 9]) == [3]


def test_an_interval_is_counted_in_measurements():
    assert play_losses(by_policy(kind="median", evaluationInterval=2), [1, 2, 5, 9]) == []


def test_diff_stops_a_child_that_is_far_from_the_best():
    assert play_losses(by_policy(kind="diff", percent=50, evaluationInterval=1), [1.0, 1.4, 1.6]) == [2]


def test_diff_looks_upwards_for_what_is_to_be_maximised():
    rule = by_policy("maximize", kind="diff", percent=50, evaluationInterval=1)
    assert play_losses(rule, [1.0, 0.6, 0.4]) == [2]


def test_truncation_stops_a_share_of_the_last():
    assert play_losses(by_policy(kind="truncation", percent=40, evaluationInterval=1), [1, 2, 3, 2.5]) == [2]
