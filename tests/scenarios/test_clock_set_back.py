"""A clock that is set back, as after a start with a wrong one: nothing waits until it has caught up."""

import pytest

from tests.world import Ending, TestWorld, dag, exits, op

MINUTE, HOUR = 60.0, 3600.0


@pytest.fixture
def world(tmp_path):
    return TestWorld(tmp_path)


@pytest.fixture(params=[-4 * MINUTE, -HOUR, -5 * HOUR], ids=["minutes", "an hour", "five hours"])
def set_back(request, world):
    """Set the clock back, while the service works or between its end and its next start."""
    return lambda: world.clock.jump(request.param)


@pytest.fixture(params=[False, True], ids=["at work", "restarted"])
def catch_up(request, world):
    """Some minutes pass, of the service that worked meanwhile or of one that is started anew."""

    def let_pass():
        if request.param:
            world.restart()
        world.pass_time(150)

    return let_pass


def test_a_commit_that_nobody_told_of_is_found(world, set_back, catch_up):
    world.merge(ops={"train": exits(0)})
    world.settle()
    set_back()
    world.source.commit("main", {**world.source.trees[world.source.branches["main"]], "x.txt": b"x"})
    catch_up()

    assert world.store.repository("shop").head == world.source.branches["main"]


def test_an_op_is_tried_again(world, set_back, catch_up):
    world.merge(ops={"train": exits(1, termination={"maxRetries": 1})})
    world.settle(seconds=0)
    assert world.statuses() == {"train": "retrying"}
    set_back()
    world.executor.endings["train"] = [Ending(0)]
    catch_up()

    assert world.run().state.status == "succeeded"


def test_a_service_that_died_is_started_again(world, set_back, catch_up):
    run = {"kind": "service", "ports": [80], "container": {"image": "any", "command": ["serve"]}}
    world.merge(ops={"board": {"component": {"run": run}}})
    world.settle()
    for _ in range(4):
        world.executor.end("board", Ending(1))
        world.settle(seconds=0)
        set_back()
    catch_up()

    assert [one.ended for one in world.executor.processes.values()].count(False) == 1


def test_a_check_that_could_not_be_posted_is_posted(world, set_back, catch_up):
    world.checks.away = True
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.checks.away = False
    set_back()
    catch_up()

    assert world.check().conclusion == "success"


def test_a_schedule_goes_on_and_serves_no_tick_twice(world, set_back, catch_up):
    flow = {"schedule": {"kind": "interval", "frequency": 3600}, "component": dag({"train": exits(0)})}
    world.connect()
    world.push(churn={"version": 1.1, "kind": "operation", **flow})
    world.pass_time(2 * HOUR)
    before = [run.occurrence for run in world.runs()]
    assert len(before) >= 2
    set_back()
    catch_up()

    occurrences = [run.occurrence for run in world.runs()]
    assert len(set(occurrences)) == len(occurrences)
    assert len(occurrences) - len(before) <= 1


def test_what_waits_for_a_person_goes_on_waiting(world, set_back, catch_up):
    world.merge(ops={"deploy": exits(0, isApproved=False), "train": op("exit", "0")})
    world.settle()
    set_back()
    catch_up()

    assert world.statuses() == {"deploy": "compiled", "train": "succeeded"}
