"""Flows with a schedule: registered by a merge, started by the clock, once per tick."""

import pytest

from tests.world import Ending, dag, exits, op, runs_forever

MINUTE = {"kind": "interval", "frequency": 60}


def scheduled(schedule=MINUTE, body=None):
    operation = {"version": 1.1, "kind": "operation", "schedule": schedule}
    return {**operation, "component": dag({"train": body or exits(0, cache={"disable": True})})}


def ticks(world):
    return [run.occurrence for run in world.runs() if run.occurrence.startswith("tick:")]


def test_a_merge_registers_a_schedule_and_starts_nothing(world):
    world.connect()
    world.push(churn=scheduled())
    world.settle()

    assert world.runs() == []


def test_a_schedule_in_a_connected_repository_is_registered_too(world):
    world.connect(churn=scheduled())
    world.pass_time(130)

    assert len(ticks(world)) >= 2


def test_an_interval_starts_a_run_each_time(world):
    world.connect()
    world.push(churn=scheduled())
    world.pass_time(310)

    assert len(ticks(world)) in (5, 6)
    assert len(set(ticks(world))) == len(ticks(world))
    assert all(run.state.status == "succeeded" for run in world.runs())


def test_a_cron_schedule_starts_at_its_minutes(world):
    world.connect()
    world.push(churn=scheduled({"kind": "cron", "cron": "*/5 * * * *"}))
    world.pass_time(900)

    assert len(ticks(world)) == 3
    assert all(int(tick.split("T")[1][3:5]) % 5 == 0 for tick in ticks(world))


def test_by_default_a_tick_is_skipped_while_a_run_of_the_schedule_lives(world):
    world.connect()
    world.push(churn=scheduled(body=runs_forever()))
    world.pass_time(310)

    assert len(ticks(world)) == 1


def test_with_overlap_allow_runs_of_ticks_run_beside_each_other(world):
    world.connect()
    world.push(churn=scheduled({**MINUTE, "overlap": "allow"}, runs_forever()))
    world.pass_time(190)

    assert [run.state.status for run in world.runs()].count("running") >= 3


def test_with_overlap_replace_the_newer_tick_stops_the_older_run(world):
    world.connect()
    world.push(churn=scheduled({**MINUTE, "overlap": "replace"}, runs_forever()))
    world.pass_time(190)

    states = [run.state.status for run in world.runs()]
    assert states[-1] == "running"
    assert set(states[:-1]) == {"stopped"}


@pytest.mark.parametrize(("missed", "made_up"), [("skip", 0), ("one", 1), ("all", 9)])
def test_ticks_that_were_missed_are_made_up_for_as_declared(world, missed, made_up):
    world.connect()
    world.push(churn=scheduled({**MINUTE, "missed": missed, "overlap": "allow"}))
    world.pass_time(65)
    before = len(ticks(world))

    world.clock.time += 60 * 9 + 30
    world.restart()
    world.settle()

    on_time = 1 if missed == "skip" else 0
    assert made_up <= len(ticks(world)) - before <= made_up + on_time


def test_a_schedule_ends_after_its_max_runs(world):
    world.connect()
    world.push(churn=scheduled({**MINUTE, "maxRuns": 2}))
    world.pass_time(600)

    assert len(ticks(world)) == 2


def test_with_depends_on_past_the_next_tick_waits_for_the_run_before(world):
    world.connect()
    world.push(churn=scheduled({**MINUTE, "dependsOnPast": True}, runs_forever()))
    world.pass_time(300)
    assert len(ticks(world)) == 1

    world.executor.end("train", Ending())
    world.settle()

    assert len(ticks(world)) == 2


def test_a_paused_schedule_starts_nothing_and_goes_on_when_it_is_unpaused(world):
    world.connect()
    world.push(churn=scheduled())
    world.settle()
    world.ask_flow("pause", "churn")
    world.pass_time(300)
    assert ticks(world) == []

    world.ask_flow("unpause", "churn")
    world.pass_time(130)

    assert len(ticks(world)) in (2, 3)


def test_a_clock_that_goes_back_repeats_nothing(world):
    world.connect()
    world.push(churn=scheduled())
    world.pass_time(190)
    served = ticks(world)

    world.clock.time -= 150
    world.restart()
    world.pass_time(140)

    assert ticks(world) == served


def test_a_removed_schedule_stops(world):
    world.connect(other=dag({"a": exits(0)}), more=dag({"a": exits(0)}))
    world.push(churn=scheduled())
    world.pass_time(70)
    runs = ticks(world)
    world.push(churn=None)
    world.pass_time(300)

    assert ticks(world) == runs


def test_a_schedule_that_is_taken_out_of_its_flow_stops(world):
    world.connect()
    world.push(churn=scheduled())
    world.pass_time(70)
    runs = ticks(world)
    world.push(churn={**scheduled(), "schedule": None})
    world.pass_time(300)

    assert ticks(world) == runs


def test_counters_start_anew_only_when_the_schedule_changes(world):
    limited = {**MINUTE, "maxRuns": 1}
    world.connect()
    world.push(churn=scheduled(limited))
    world.pass_time(130)
    world.push(churn=scheduled(limited, op("exit", "0", "again")))
    world.pass_time(130)
    assert len(ticks(world)) == 1

    world.push(churn=scheduled({**MINUTE, "frequency": 30, "maxRuns": 1}, op("exit", "0", "again")))
    world.pass_time(130)

    assert len(ticks(world)) == 2


def test_a_tick_runs_the_plan_that_was_merged_last(world):
    world.connect()
    world.push(churn=scheduled())
    world.pass_time(70)
    world.push(churn=scheduled(body=op("exit", "1")))
    world.pass_time(70)

    assert [run.state.status for run in world.runs()][-1] == "failed"


def test_a_scheduled_run_says_nothing_on_a_commit(world):
    world.connect()
    sha = world.push(churn=scheduled())
    world.pass_time(130)

    assert [name for name in world.checks.posted[sha] if name != "headgate"] == []


def test_a_frozen_flow_keeps_its_schedule(world):
    world.connect(other=dag({"a": exits(0)}))
    world.push(churn=scheduled())
    world.pass_time(70)
    world.push(churn="version: 1.1\nkind: {")
    runs = len(ticks(world))
    world.pass_time(130)

    assert len(ticks(world)) > runs


def test_ticks_survive_restarts_of_the_service(world):
    world.connect()
    world.push(churn=scheduled())
    for _ in range(10):
        world.pass_time(30)
        world.restart()

    assert len(ticks(world)) in (4, 5)
