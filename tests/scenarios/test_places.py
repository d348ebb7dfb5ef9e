"""A place that does not return: what it had at work goes on elsewhere."""

from reconciler.loop import Loop
from reconciler.ports import World
from reconciler.steps.wiring import steps_of
from tests.fakes import FakeExecutor, FakeLogs
from tests.world import exits, runs_forever


def move(world, place):
    """From now on only a service of another place is there."""
    world.executor = FakeExecutor(world.clock)
    world.executor.place = place
    world.executor.report, world.executor.wake = world.store.observe, world.store.wake
    behind = World(world.store, world.source, world.executor, world.checks, world.clock, FakeLogs())
    world.loop = Loop(world.store, steps_of(behind), world.clock, place, workers=1, places=lambda: ("", place))
    world.loops.append(world.loop)


def test_a_run_waits_for_its_place(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    move(world, "there")
    world.wake_everything()
    for _ in range(10):  # it never settles: the run is due and nobody here may take it
        world.clock.jump(60)
        while world.loop.turn():
            pass

    assert world.statuses() == {"train": "running"}
    assert world.executor.started == []


def test_an_op_of_a_place_that_was_given_up_is_tried_again_elsewhere(world):
    world.merge(ops={"prepare": exits(0), "train": runs_forever(dependencies=["prepare"]), "b": exits(0)})
    world.settle()
    move(world, "there")
    assert world.store.give_up("here", "Its place here was given up.") == 1
    world.settle(600)

    assert world.statuses() == {"prepare": "succeeded", "train": "running", "b": "succeeded"}
    assert [op for _, op, _ in world.executor.started] == ["train"]
    lost, again = [row for row in world.store.attempts(world.run().id, live=False) if row.op == "train"]
    assert (lost.phase, lost.reason, lost.place) == ("ended", "NodeLost", "here")
    assert (again.place, world.run().place) == ("there", "there")


def test_a_lost_place_is_no_failure_of_the_op(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    move(world, "there")
    world.store.give_up("here", "Its place here was given up.")
    world.settle(600)
    (state,) = world.store.ops(world.run().id)

    assert state.state.disruptions == 1
    assert world.check().status != "completed"


class OwnLogs:
    """The logs of one place."""

    def tail(self, attempt, lines):
        return "reading\nValueError: no rows in 2024-13\n"


def test_a_check_that_another_place_words_shows_the_log_all_the_same(world):
    world.merge(ops={"train": exits(1)})
    ours = World(world.store, world.source, world.executor, world.checks, world.clock, OwnLogs())
    world.loop = Loop(world.store, steps_of(ours), world.clock, "here", workers=1)
    world.checks.away = True
    world.settle()
    world.checks.away = False
    move(world, "there")  # it has no such file
    world.clock.jump(60)
    world.settle()

    assert world.check().conclusion == "failure"
    assert "Its log says `ValueError: no rows in 2024-13`." in world.check().summary
    assert "2 lines of the log of `train`, around the likely error:" in world.check().summary
