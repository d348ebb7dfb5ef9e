"""A button does what it was pressed for, and told once more long after nothing else. Presses are forgotten here."""

import pytest

from tests.documents import dag, exits, runs_forever
from tests.fakes import Ending

APPROVED = {"isApproved": False}
ASKING = {"first": exits(0, **APPROVED), "last": exits(0, dependencies=["first"], **APPROVED)}
STALE = "not any more as the check has shown it"


@pytest.fixture
def run(world):
    """Merges a dag of these ops and settles; ann may press buttons."""
    world.connect()
    world.conversations.permissions = {"ann": "write"}

    def merge(ops):
        world.sha = world.merge(ops=ops)
        world.settle()
        return world.run()

    return merge


def pressed(world, action, check):
    """What was answered to a press of a button of a check as it was shown."""
    request = world.press(action, world.sha, check)
    world.settle()
    return world.answer(request)


def waiting(world):
    return {path for path, state in world.ops().items() if state.reason == "AwaitingApproval"}


def test_an_old_approval_lets_no_later_op_go_on(world, run):
    run(ASKING)
    shown = world.check()
    assert pressed(world, "approve", shown) == "Approved: first."
    assert waiting(world) == {"last"}

    assert STALE in pressed(world, "approve", shown)
    assert waiting(world) == {"last"}
    assert pressed(world, "approve", world.check()) == "Approved: last."
    assert world.run().state.status == "succeeded"


def test_an_approval_is_of_what_was_shown_and_not_of_what_waits_when_it_comes(world, run):
    run({"now": exits(0, **APPROVED), "before": runs_forever(), "then": exits(0, dependencies=["before"], **APPROVED)})
    shown = world.check()
    world.executor.end("before", Ending())
    world.settle()
    assert waiting(world) == {"now", "then"}

    assert STALE in pressed(world, "approve", shown)
    assert waiting(world) == {"now", "then"}


def test_what_is_left_of_what_was_shown_can_be_approved(world, run):
    run({name: exits(0, **APPROVED) for name in ("a", "b", "c")})
    shown = world.check()
    assert pressed(world, "approve", world.check("churn/b")) == "Approved: b."

    assert pressed(world, "approve", shown) == "Approved: a, c."


def test_an_old_approval_of_an_op_is_not_one_of_its_next_time(world, run):
    started = run(ASKING)
    shown = world.check("churn/first")
    world.ask("stop", started.id)
    world.settle()
    world.clock.jump(1)
    world.ask("resume", started.id)
    world.settle()
    assert waiting(world) == {"first"}

    assert STALE in pressed(world, "approve", shown)
    assert waiting(world) == {"first"}


def test_a_nested_dag_that_waits_is_approved_at_its_flow_too(world, run):
    run({"nested": {"component": dag({"train": exits(0)}), **APPROVED}})
    assert world.check().title == "Waits for approval: nested"

    assert pressed(world, "approve", world.check()) == "Approved: nested."
    assert world.run().state.status == "succeeded"


def test_an_old_cancel_does_not_stop_what_was_resumed(world, run):
    started = run({"train": runs_forever()})
    shown = world.check()
    pressed(world, "cancel", shown)
    world.clock.jump(1)
    world.ask("resume", started.id)
    world.settle()

    assert STALE in pressed(world, "cancel", shown)
    assert world.run().state.status == "running"
    assert pressed(world, "cancel", world.check()).startswith("Asked of run")
    assert world.run().state.status == "stopped"


@pytest.mark.parametrize("action", ["rerun-failed", "rerequested"])
def test_what_was_run_again_is_not_run_again_by_the_same_button(world, run, action):
    run({"train": exits(1)})
    shown = world.check()
    pressed(world, action, shown)
    assert len(world.runs()) == 2

    pressed(world, action, shown)
    assert len(world.runs()) == 2
    pressed(world, action, world.check())
    assert len(world.runs()) == 3


def test_an_old_wish_to_run_what_failed_again_is_not_one_for_its_next_failure(world, run):
    started = run({"train": exits(1)})
    shown = world.check()
    world.clock.jump(1)
    world.ask("resume", started.id)
    world.settle()
    assert world.run().state.finished_at > started.state.finished_at

    assert STALE in pressed(world, "rerun-failed", shown)
    assert len(world.runs()) == 1
