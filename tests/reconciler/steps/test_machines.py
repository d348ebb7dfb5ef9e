"""How many machines of runs are kept: few runs, and few ops of all of them together."""

from dataclasses import replace

import pytest

from benchmarks.recorded_runs import new_started, plan_of_chains
from reconciler.engine.decisions import Limits
from reconciler.engine.machine import RunMachine
from reconciler.engine.model import AttemptPaths, Status
from reconciler.keys import RunKey
from reconciler.records import Changes, Lease
from reconciler.steps import machines
from reconciler.steps.at_work import AtWork
from reconciler.steps.machines import MOST, Engine, Machines

NOW = 1000.0
SMALL, LARGE = plan_of_chains(2), plan_of_chains(40)


def run_of(plan, number):
    return new_started(plan, number).run


def engine_of(plan, row):
    machine = RunMachine(plan, row.state, [], row.facts, lambda attempt: AttemptPaths("", "", "", ""), {})
    return Engine(machine, plan, (), AtWork(()), len(plan.graph.ops))


def keep(kept, plan, number):
    row = run_of(plan, number)
    kept.keep(engine_of(plan, row), row, Changes(), Lease(RunKey(row.id), 1, 1, 0.0))


def known(kept, plan, numbers):
    return [number for number in numbers if kept.take(run_of(plan, number), NOW) is not None]


def test_only_the_runs_that_were_moved_last_are_kept():
    kept = Machines()
    for number in range(MOST + 3):
        keep(kept, SMALL, number)

    assert known(kept, SMALL, range(MOST + 3)) == list(range(3, MOST + 3))


def test_runs_of_many_ops_are_fewer(monkeypatch):
    monkeypatch.setattr(machines, "MOST_OPS", 100)
    kept = Machines()
    for number in range(5):
        keep(kept, LARGE, number)

    assert known(kept, LARGE, range(5)) == [3, 4]


def test_the_run_that_was_moved_last_is_kept_whatever_its_size(monkeypatch):
    monkeypatch.setattr(machines, "MOST_OPS", 10)
    kept = Machines()
    keep(kept, SMALL, 1)
    keep(kept, LARGE, 2)

    assert known(kept, SMALL, [1]) == []
    assert known(kept, LARGE, [2]) == [2]


def test_a_machine_that_is_taken_makes_room(monkeypatch):
    monkeypatch.setattr(machines, "MOST_OPS", 80)
    kept = Machines()
    keep(kept, LARGE, 1)
    keep(kept, LARGE, 2)
    assert known(kept, LARGE, [1]) == [1]
    keep(kept, LARGE, 3)

    assert known(kept, LARGE, [2, 3]) == [2, 3]


@pytest.mark.parametrize("change", [{"version": 7}, {"writer": 7}])
def test_a_machine_of_a_row_that_somebody_else_wrote_is_not_used(change):
    kept = Machines()
    keep(kept, SMALL, 1)

    assert kept.take(replace(run_of(SMALL, 1), **change), NOW) is None


def test_a_machine_is_not_used_when_the_clock_was_set_back():
    kept = Machines()
    row = run_of(SMALL, 1)
    engine = engine_of(SMALL, row)
    engine.machine.advance([], NOW, Limits())
    kept.keep(engine, row, Changes(), Lease(RunKey(row.id), 1, 1, 0.0))

    assert kept.take(row, NOW - 1.0) is None


def test_a_run_that_has_ended_is_not_kept():
    kept = Machines()
    row = run_of(SMALL, 1)
    state = row.state.copy()
    state.status = Status.SUCCEEDED
    ended = replace(row, state=state)
    kept.keep(engine_of(SMALL, row), row, Changes(runs=(ended,)), Lease(RunKey(row.id), 1, 1, 0.0))

    assert kept.take(replace(ended, version=1, writer=1), NOW) is None
