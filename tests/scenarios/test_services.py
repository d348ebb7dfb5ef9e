"""Services of flows: declared by runs, kept true between them, replaced, pruned."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from reconciler.engine.model import Performed
from reconciler.plan.encoding import encode
from tests.world import Ending, dag, exits, runs_forever


def service(*args, **fields):
    run = {"kind": "service", "ports": [8080], "container": {"image": "any", "command": ["serve", *args]}}
    return {"component": {"run": run}, **fields}


FLOW = {"board": service(), "train": exits(0, dependencies=["board"])}


def live(world):
    return [one for one in world.executor.processes.values() if one.spec.kind == "service" and not one.ended]


def test_a_service_op_succeeds_when_its_instance_is_ready_and_the_instance_lives_on(world):
    world.merge(ops=FLOW)
    world.settle()

    assert world.ops()["board"].reason == "Ready"
    assert world.run().state.status == "succeeded"
    assert len(live(world)) == 1


def test_what_depends_on_a_service_waits_until_it_is_ready(world):
    world.executor.endings["board"] = [Ending(forever=True)]
    world.merge(ops=FLOW)
    world.settle()

    assert world.statuses()["board"] == "running"
    assert world.starts("train") == 0


def test_a_service_that_dies_is_started_again(world):
    world.merge(ops=FLOW)
    world.settle()
    world.executor.end("board", Ending(1))
    world.pass_time(30)

    assert len(live(world)) == 1
    assert world.starts("board") == 2


def test_a_service_that_dies_while_the_service_is_down_is_started_again(world):
    world.merge(ops=FLOW)
    world.settle()
    world.executor.end("board", Ending(1))
    world.restart()
    world.pass_time(30)

    assert len(live(world)) == 1


def test_an_unchanged_service_is_left_running_by_a_newer_run(world):
    world.merge(ops=FLOW)
    world.settle()
    world.merge(ops={**FLOW, "more": exits(0)})
    world.settle()

    assert len(world.runs()) == 2
    assert world.starts("board") == 1
    assert world.run().state.status == "succeeded"


def test_a_changed_service_is_replaced(world):
    world.merge(ops=FLOW)
    world.settle()
    world.merge(ops={**FLOW, "board": service("--dark")})
    world.pass_time(30)

    (instance,) = live(world)
    assert instance.spec.run_section["container"]["command"] == ["serve", "--dark"]
    assert world.run().state.status == "succeeded"


@pytest.mark.parametrize("seconds", [-120.0, -3600.0])
def test_a_service_that_changed_after_the_clock_was_set_back_is_replaced(world, seconds):
    """By the clock its run is the older one. Replicas whose clocks differ make such runs as well."""
    world.merge(ops=FLOW)
    world.settle()
    world.clock.jump(seconds)
    world.merge(ops={**FLOW, "board": service("--dark")})
    world.pass_time(30)

    (instance,) = live(world)
    assert instance.spec.run_section["container"]["command"] == ["serve", "--dark"]
    assert world.run().state.status == "succeeded"


def test_a_service_that_is_gone_from_the_flow_is_pruned(world):
    world.merge(ops=FLOW)
    world.settle()
    world.merge(ops={"train": exits(0)})
    world.settle()

    assert live(world) == []
    assert world.store.services(world.flow("churn").id) == []


def test_the_services_of_a_removed_flow_are_pruned(world):
    world.connect(other=dag({"a": exits(0)}), more=dag({"a": exits(0)}))
    world.merge(ops=FLOW)
    world.settle()
    flow = world.flow("churn").id
    world.push(churn=None)
    world.settle()

    assert live(world) == []
    assert world.store.services(flow) == []


def test_a_run_that_goes_on_keeps_the_services_of_a_removed_flow_until_it_ends(world):
    world.connect(other=dag({"a": exits(0)}), more=dag({"a": exits(0)}))
    world.merge(ops={"wait": runs_forever(), "board": service(dependencies=["wait"]), "train": runs_forever()})
    world.settle()
    run = world.run().id
    world.push(churn=None)
    world.settle()
    world.executor.end("wait", Ending())
    world.settle()
    assert len(live(world)) == 1

    world.executor.end("train", Ending())
    world.settle()

    assert world.store.run(run).state.status == "succeeded"
    assert live(world) == []


def test_an_op_whose_service_was_taken_away_fails_with_a_reason(world):
    """Two runs beside each other declare one service, which ends with the newer of them."""
    world.settings(onNewPlan="parallel", services="run")
    world.executor.endings["board"] = [Ending(forever=True)] * 9
    world.merge(ops={"board": service(), "one": exits(0)})
    world.settle()
    world.merge(ops={"board": service(), "two": exits(0)})
    world.settle()
    world.ask("stop", world.run().id)
    world.pass_time(120)

    assert [run.state.status for run in world.runs()] == ["failed", "stopped"]
    assert world.ops(world.runs()[0])["board"].reason == "ServiceGone"


def test_services_inside_of_a_mapping_are_kept(world):
    inner = {"run": {"kind": "dag", "operations": [{"name": "board", **service()}]}}
    matrix = {"kind": "mapping", "values": [{"x": 1}, {"x": 2}]}
    inner["inputs"] = [{"name": "x", "type": "int"}]
    world.merge(ops={"each": {"component": inner, "matrix": matrix}})
    world.pass_time(130)

    assert len(live(world)) == 2
    assert world.run().state.status == "succeeded"


def test_with_services_run_the_instance_ends_with_the_run(world):
    world.settings(services="run")
    world.merge(ops={"board": service(), "train": runs_forever(dependencies=["board"])})
    world.settle()
    assert len(live(world)) == 1

    world.executor.end("train", Ending())
    world.settle()

    assert live(world) == []
    assert world.run().state.status == "succeeded"


def test_a_service_that_never_gets_ready_fails_its_op_after_some_tries(world):
    world.executor.endings["board"] = [Ending(1)] * 50
    world.merge(ops=FLOW)
    world.pass_time(600)

    assert world.statuses() == {"board": "failed", "train": "upstream_failed"}


def test_a_service_whose_start_is_refused_is_tried_slowly_and_then_fails(world):
    refused = Performed("", "start", "refused", 0, "QuotaExceeded", "No more pods.")
    world.executor.answers["board"] = [refused] * 50
    world.merge(ops=FLOW)
    world.settle()
    assert 40 < len(world.executor.answers["board"]) < 50

    world.pass_time(300)

    assert world.statuses()["board"] == "failed"
    assert world.ops()["board"].reason == "QuotaExceeded"


def test_a_service_that_died_often_long_ago_does_not_fail_the_next_run(world):
    world.merge(ops=FLOW)
    world.settle()
    for _ in range(6):
        world.executor.end("board", Ending(1))
        world.pass_time(120)
    world.merge(ops={**FLOW, "more": exits(0)})
    world.pass_time(120)

    assert world.run().state.status == "succeeded"


def test_an_older_run_never_replaces_the_service_of_a_newer_one(world):
    world.settings(onNewPlan="parallel")
    slow = {"wait": runs_forever(), "board": service("old", dependencies=["wait"])}
    world.merge(ops=slow)
    world.settle()
    world.merge(ops={"board": service("new")})
    world.settle()
    world.executor.end("wait", Ending())
    world.pass_time(120)

    (instance,) = live(world)
    assert instance.spec.run_section["container"]["command"] == ["serve", "new"]
    assert [run.state.status for run in world.runs()] == ["succeeded", "succeeded"]


def test_a_service_of_which_nobody_told_that_it_is_ready_is_looked_at(world):
    world.executor.mute = True
    world.merge(ops=FLOW)
    world.pass_time(200)

    assert world.statuses()["board"] == "succeeded"


def test_a_service_that_dies_unseen_is_started_again(world):
    world.merge(ops=FLOW)
    world.settle()
    world.executor.mute = True
    world.executor.end("board", Ending(1))
    world.pass_time(90)

    assert len(live(world)) == 1


def test_stopping_a_run_that_waits_for_its_service_ends_it(world):
    world.executor.endings["board"] = [Ending(forever=True)]
    world.merge(ops=FLOW)
    world.settle()
    world.ask("stop", world.run().id)
    world.settle()

    assert world.run().state.status == "stopped"


def test_two_runs_of_one_instant_that_declare_the_same_service_both_see_it_ready(world):
    world.executor.endings["board"] = [Ending(forever=True)]
    world.settings(onNewPlan="parallel")
    world.merge(ops=FLOW)
    world.settle(seconds=0)
    world.ask("restart", world.run().id)
    world.settle(seconds=0)
    assert len({run.state.created_at for run in world.runs()}) == 1

    world.executor.end("board", Ending(1))
    world.pass_time(60)

    assert [run.state.status.value for run in world.runs()] == ["succeeded", "succeeded"]


def test_an_instance_that_its_service_forgot_is_known_again(world):
    world.merge(ops=FLOW)
    world.settle()
    (row,) = world.store.services(world.flow("churn").id)
    with closing(sqlite3.connect(world.path)) as database, database:  # as two runs of the first release left it
        database.execute("UPDATE services SET body = ?", [encode(replace(row, attempt="", ready=False))])
    world.ask("restart", world.run().id)
    world.pass_time(130)

    assert [run.state.status.value for run in world.runs()] == ["succeeded", "succeeded"]
    assert world.store.services(row.flow)[0].attempt == row.attempt
    assert world.starts("board") == 1


def test_a_service_whose_start_was_unknown_and_that_is_seen_running_leaves_its_flow_at_rest(world):
    start = world.executor.start

    def start_and_lose_the_answer(attempts, lease):
        return [replace(done, outcome="unknown", again_at=done.at + 1.0) for done in start(attempts, lease)]

    world.executor.start = start_and_lose_the_answer
    world.merge(ops=FLOW)
    world.settle(seconds=0)
    world.executor.start = start
    world.pass_time(5)
    steps = sum(world.loop.counts.values())
    world.clock.time += 1.0
    for _ in range(50):
        world.loop.turn()

    assert sum(world.loop.counts.values()) <= steps + 2


def test_an_instance_that_is_declared_anew_at_the_same_instant_is_another_attempt(world):
    """A clock need not have moved between two starts."""
    world.merge(ops={"board": service()})
    world.settle(seconds=0)
    world.executor.end("board", Ending(1))
    world.loop.turn()
    world.ask("restart", world.run().id)
    world.settle(seconds=0)

    known = world.store.service_attempts(world.flow("churn").id, live=False)
    assert [row.phase for row in known] == ["ended", "started"]
    assert world.starts("board") == 2
