"""Whenever the process dies, the world ends as if it had not, and no op is started twice."""

from itertools import count
from pathlib import Path

import pytest

from tests.scenarios.crashes import settle_with_crash
from tests.world import TestWorld, dag, exits, op, runs_forever


def four_ops():
    tune = op("exit", "0", inputs=[{"name": "lr", "type": "float"}], dependencies=["prepare"])
    tune["matrix"] = {"kind": "mapping", "values": [{"lr": 0.1}, {"lr": 0.2}]}
    inner = {"run": {"kind": "dag", "operations": [{"name": "a", **exits(0)}, {"name": "b", **exits(1)}]}}
    board = {"run": {"kind": "service", "ports": [80], "container": {"image": "any"}}}
    nested = {"component": inner, "dependencies": ["board"]}
    return {"prepare": exits(0), "tune": tune, "board": {"component": board}, "nested": nested}


def a_merge(world):
    world.connect()
    world.merge(ops=four_ops())


def a_newer_plan(world):
    """Work that goes on is handed to the newer run, the rest is stopped."""
    world.settings(onNewPlan="cancel")
    world.merge(ops={"long": runs_forever(), "train": op("forever", "one")})
    world.settle()
    world.merge(ops={"long": runs_forever(), "train": op("forever", "two")})


def a_restart_of_what_failed(world):
    world.merge(ops={"prepare": exits(0), "train": exits(1, dependencies=["prepare"])})
    world.settle()
    world.ask("restart", world.run().id, failed=True)


def a_stop(world):
    world.merge(ops={"train": runs_forever(), "after": exits(0, dependencies=["train"])})
    world.settle()
    world.ask("stop", world.run().id)


def a_removal(world):
    world.settings(onRemove="stop")
    world.push(a=dag({"a": exits(0)}), b=dag({"b": exits(0)}))
    world.merge(ops={"train": runs_forever(), "board": four_ops()["board"]})
    world.settle()
    world.push(churn=None)


def outcome(world):
    runs = world.store.runs()
    checks = world.checks.posted
    return {
        "ops": {(run.occurrence, path): status for run in runs for path, status in world.statuses(run).items()},
        "runs": {run.occurrence: run.state.status.value for run in runs},
        "started": sorted(path for _, path, _ in world.executor.started),
        "live": sorted(one.spec.op for one in world.executor.processes.values() if not one.ended),
        "checks": {(sha, name): one.conclusion for sha, several in checks.items() for name, one in several.items()},
        "flows": sorted((row.name, row.retired, row.generation) for row in world.store.flows()),
        "left": [type(row.key).__name__ for row in world.store.pending()],
    }


def played(directory: Path, story, calls: int):
    directory.mkdir()
    world = TestWorld(directory)
    story(world)
    died = settle_with_crash(world, calls)
    world.pass_time(70, step=35)
    assert world.faults() == 0
    found = outcome(world)
    world.store.close()
    return died, found


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "story", [a_merge, a_newer_plan, a_restart_of_what_failed, a_stop, a_removal], ids=lambda story: story.__name__
)
def test_a_process_may_die_after_any_call(tmp_path, story):
    _, expected = played(tmp_path / "never", story, 0)
    for calls in count(1):
        died, found = played(tmp_path / str(calls), story, calls)
        assert found == expected, f"died after call {calls}"
        if not died:
            break
    assert calls > 10
