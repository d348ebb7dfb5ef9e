"""Going on with a run that has ended, and taking over what succeeded in a new one."""

import pytest

from reconciler.engine.again import taken_over
from reconciler.engine.decisions import Limits
from reconciler.engine.model import RunState
from reconciler.plan.model import PlannedMatrix
from tests.reconciler.engine.driver import Driver, failed, graph, op, plan, succeeded

CHAIN = plan(op("a"), op("b", ["a"]), op("c", ["b"]), op("d"))


def mended(run, *names):
    """Whatever made these ops fail is gone."""
    for name in names:
        run.does[name] = succeeded(mended=True)
    run.started.clear()
    return run


@pytest.mark.parametrize("crashes", [False, True])
def test_resume_begins_again_what_did_not_succeed_and_what_follows_it(crashes):
    run = Driver(CHAIN, {"b": failed()}, crashes=crashes).settle()
    mended(run, "b").ask("resume").settle()

    assert run.started == ["b", "c"]
    assert set(run.statuses.values()) == {"succeeded"}
    assert run.run.status == "succeeded"
    assert run.rows["b"].attempts == 2


def test_resume_of_a_run_that_lives_changes_nothing():
    run = Driver(CHAIN).step()
    before = run.statuses

    assert run.ask("resume").statuses == before


@pytest.mark.parametrize("crashes", [False, True])
def test_a_stopped_run_can_be_resumed(crashes):
    run = Driver(CHAIN, crashes=crashes).step().ask("stop").settle().ask("resume").settle()

    assert run.run.status == "succeeded"
    assert run.run.stop_asked_by is None


def test_one_op_can_be_resumed_with_what_follows_it():
    run = mended(Driver(CHAIN).settle()).ask("resume", "b").settle()

    assert run.started == ["b", "c"]


@pytest.mark.parametrize("crashes", [False, True])
def test_resume_keeps_what_succeeded_inside_a_nested_dag(crashes):
    nested = op("n", graph=graph(op("x"), op("y", ["x"]), op("z")))
    run = Driver(plan(nested), {"n.y": failed()}, crashes=crashes).settle()
    mended(run, "n.y").ask("resume").settle()

    assert run.started == ["n.y"]
    assert run.status("n") == run.run.status == "succeeded"


@pytest.mark.parametrize("crashes", [False, True])
def test_resume_makes_again_the_children_of_a_sweep_that_failed(crashes):
    tune = op("tune", matrix=PlannedMatrix("mapping", values=[{"x": i} for i in range(5)]))
    run = Driver(plan(tune, op("z", ["tune"])), {"tune[1]": failed(), "tune[3]": failed()}, crashes=crashes)
    run.limits = Limits(slots=1)
    mended(run.settle(), "tune[1]", "tune[3]").ask("resume").settle()

    assert run.started == ["tune[1]", "tune[3]", "z"]
    assert run.status("tune") == "succeeded"


def test_observations_of_an_old_attempt_do_not_touch_the_new_one():
    run = Driver(CHAIN, {"b": failed()}).settle()
    old = run.rows["b"].attempt
    run.ask("resume")
    from reconciler.engine.model import Observed, Status

    run.step(Observed(old, Status.SUCCEEDED, run.now))
    assert run.status("b") == "queued"


def again(run, only=None):
    """A new run of the same plan that takes over what it may."""
    rows = {each.path: each for each in taken_over(run.plan, list(run.rows.values()), only)}
    return Driver(run.plan, rows=rows, run=RunState("run2", "flow1", chain="run1")).settle()


def test_a_restart_of_what_failed_takes_over_what_succeeded():
    new = again(Driver(CHAIN, {"b": failed()}).settle())

    assert new.started == ["b", "c"]
    assert {path: state.reason for path, state in new.rows.items() if state.reason} == {
        "a": "TakenOver",
        "d": "TakenOver",
    }
    assert new.run.status == "succeeded"


def test_a_restart_of_one_op_begins_it_and_what_follows_it():
    assert again(Driver(CHAIN).settle(), "b").started == ["b", "c"]


def test_taken_over_ops_give_their_outputs_and_artifacts():
    old = Driver(CHAIN, {"a": succeeded(loss=1), "b": failed()}).settle()
    new = again(old)

    assert new.rows["a"].outputs == {"loss": 1}
    assert new.rows["a"].artifacts == new.rows["a"].cached_from == old.rows["a"].attempt


def test_a_restart_takes_over_inside_a_nested_dag():
    nested = op("n", graph=graph(op("x"), op("y", ["x"]), op("z")))
    new = again(Driver(plan(op("a"), nested), {"n.y": failed()}).settle())

    assert new.started == ["n.y"]
    assert new.run.status == "succeeded"


def test_a_restart_of_a_nested_op_begins_nothing_else_inside():
    nested = op("n", graph=graph(op("x"), op("y", ["x"]), op("z")))
    new = again(Driver(plan(op("a"), nested, op("after", ["n"]))).settle(), "n.y")

    assert new.started == ["n.y", "after"]


def test_a_sweep_that_succeeded_is_taken_over_whole():
    tune = op("tune", matrix=PlannedMatrix("mapping", values=[{"x": i} for i in range(3)]))
    new = again(Driver(plan(tune, op("z", ["tune"])), {"z": failed()}).settle())

    assert new.started == ["z"]


def test_of_a_sweep_that_failed_the_children_that_succeeded_are_taken_over():
    tune = op("tune", matrix=PlannedMatrix("mapping", values=[{"x": i} for i in range(3)]))
    new = again(Driver(plan(tune, op("z", ["tune"])), {"tune[1]": failed()}).settle())

    assert new.started == ["tune[1]", "z"]
    assert new.run.status == "succeeded"


def test_one_child_of_a_sweep_can_be_restarted():
    tune = op("tune", matrix=PlannedMatrix("mapping", values=[{"x": i} for i in range(3)]))

    assert again(Driver(plan(tune, op("z", ["tune"]))).settle(), "tune[2]").started == ["tune[2]", "z"]
    assert again(Driver(plan(tune)).settle(), "tune").started == ["tune[0]", "tune[1]", "tune[2]"]


def test_hooks_of_taken_over_ops_do_not_run_again():
    from reconciler.plan.model import PlannedHook

    first = op("a", hooks=(PlannedHook(op("hook")[0], "done"),))
    new = again(Driver(plan(first, op("b", ["a"])), {"b": failed()}).settle())

    assert new.started == ["b"]
