"""Short stories of whole runs, each up to the moment in which something may go wrong; and what came of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.histories.faults import EFFECTS, Fault, Nth, Plan
from tests.histories.forks import Forks, Way
from tests.histories.world import HistoryWorld
from tests.world import REPOSITORY, dag, exits, op, runs_forever

Story = Callable[[HistoryWorld], object]


def a_dag(world: HistoryWorld) -> None:
    world.merge(ops={"prepare": exits(0), "train": exits(1, dependencies=["prepare"]), "tell": exits(0)})


def a_mapping(world: HistoryWorld) -> None:
    tune = op("exit", "0", inputs=[{"name": "lr", "type": "float"}])
    world.merge(ops={"tune": {**tune, "matrix": {"kind": "mapping", "values": [{"lr": 0.1}, {"lr": 0.2}]}}})


def a_nested_dag(world: HistoryWorld) -> None:
    inner = {"a": exits(0), "b": exits(1, dependencies=["a"])}
    world.merge(ops={"nested": {"component": {"run": dag(inner)["run"]}}, "after": exits(0, dependencies=["nested"])})


def a_service(world: HistoryWorld) -> None:
    world.merge(ops={"board": _board(), "look": exits(0, dependencies=["board"])})


def a_schedule(world: HistoryWorld) -> None:
    schedule = {"kind": "interval", "frequency": 20, "maxRuns": 2}
    world.push(churn={"version": 1.1, "kind": "operation", "schedule": schedule, "component": dag({"a": exits(0)})})


def a_newer_plan(world: HistoryWorld) -> None:
    """Work that goes on is handed to the newer run, the rest is stopped."""
    world.settings(onNewPlan="cancel")
    world.merge(ops={"long": runs_forever(), "train": op("forever", "one")})
    world.settle()
    world.merge(ops={"long": runs_forever(), "train": op("forever", "two")})


def a_restart_of_what_failed(world: HistoryWorld) -> None:
    world.merge(ops={"prepare": exits(0), "train": exits(1, dependencies=["prepare"])})
    world.settle()
    world.ask("restart", world.run().id, failed=True)


def a_stop(world: HistoryWorld) -> None:
    world.merge(ops={"train": runs_forever(), "after": exits(0, dependencies=["train"])})
    world.settle()
    world.ask("stop", world.run().id)


def a_removal(world: HistoryWorld) -> None:
    world.settings(onRemove="stop")
    world.push(a=dag({"a": exits(0)}), b=dag({"b": exits(0)}))
    world.merge(ops={"train": runs_forever(), "board": _board()})
    world.settle()
    world.push(churn=None)


def an_approval(world: HistoryWorld) -> None:
    """An op waits for a person, who approves it."""
    guarded = exits(0, dependencies=["train"], isApproved=False)
    world.merge(ops={"train": exits(0), "deploy": guarded, "after": exits(0, dependencies=["deploy"])})
    world.settle()
    world.ask("approve", world.run().id, "deploy")


def a_removal_that_is_approved(world: HistoryWorld) -> None:
    """Most of what is known is gone at once: that is held until a person approves it."""
    world.push(other=dag({"a": exits(0)}))
    world.merge(ops={"train": runs_forever()})
    world.settle()
    world.push(churn=None, other=None)
    world.settle()
    world.approve_head()


def a_proposal(world: HistoryWorld) -> None:
    """It is judged, changed, judged again and merged."""
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.propose("topic", churn=dag({"train": exits(0), "broken": {"dependencies": ["nobody"]}}))
    world.settle()
    world.propose("topic", churn=dag({"train": exits(0), "more": exits(0, dependencies=["train"])}))
    world.settle()
    world.accept("topic")


def a_proposal_that_is_closed(world: HistoryWorld) -> None:
    """Its review is over, and another one begins."""
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.propose("topic", churn=dag({"train": exits(1)}))
    world.settle()
    world.close_proposal("topic")
    world.propose("other", churn=dag({"more": exits(0)}))


def a_look_for_what_is_old(world: HistoryWorld) -> None:
    """Three runs, of which the first and its files are past their time and needed by nobody."""
    for number in range(3):
        world.merge(ops={"train": op("exit", "0", f"{number}", cache={"disable": True})})
        world.settle()
        world.clock.time += 7200
    world.tidy(0)


def _board() -> dict[str, Any]:
    run = {"kind": "service", "ports": [80], "container": {"image": "any"}}
    return {"component": {"run": run}}


STORIES: Sequence[Story] = (
    a_dag,
    a_mapping,
    a_nested_dag,
    a_service,
    a_schedule,
    a_newer_plan,
    a_restart_of_what_failed,
    a_stop,
    a_removal,
    an_approval,
    a_removal_that_is_approved,
    a_proposal,
    a_proposal_that_is_closed,
    a_look_for_what_is_old,
)


def told(story: Story, plan: Plan) -> Mapping[str, Any]:
    """Play a story and what follows, in which one call goes wrong; what came of it."""
    return _told(story, lambda world: plan)


def told_of_each(story: Story, fault: Fault) -> tuple[Mapping[str, Any], Sequence[Way[Mapping[str, Any]]]]:
    """What came of a story in which nothing goes wrong, and where each call that has an effect does."""
    forks = Forks[Mapping[str, Any]]()
    here = forks.told(lambda: _told(story, lambda world: _Each(fault, forks.of(world.path))))
    return here, forks.ways


class _Each:
    """Lets each call that has an effect go wrong in a process of its own; here none does."""

    def __init__(self, fault: Fault, forks: Forks[Mapping[str, Any]]) -> None:
        self.fault = fault
        self.forks = forks

    def fault_of(self, port: str, method: str) -> Fault | None:
        is_place = method in EFFECTS[port] and self.forks.place is None
        return self.fault if is_place and self.forks.fork(f"{port}.{method}") else None


def _told(story: Story, plan_of: Callable[[HistoryWorld], Plan]) -> Mapping[str, Any]:
    world = HistoryWorld(seed=0)
    world.connect()
    story(world)
    world.plan = plan_of(world)
    world.settle()
    world.pass_time(130, step=130)
    return _outcome(world)


def _outcome(world: HistoryWorld) -> Mapping[str, Any]:
    runs, checks = list(reversed(world.store.runs())), world.checks.posted
    names = {run.id: f"{run.facts.flow} {number}" for number, run in enumerate(runs)}
    return {
        "wrong": world.wrong,
        "faults of our own": world.faults(),
        "ops": {(names[run.id], path): status for run in runs for path, status in world.statuses(run).items()},
        "runs": [run.state.status.value for run in runs],
        "started": sorted((path, names.get(run, "")) for run, path, _ in world.executor.started),
        "live": sorted(one.spec.op for one in world.executor.processes.values() if not one.ended),
        "checks": {(sha, name): one.conclusion for sha, several in checks.items() for name, one in several.items()},
        "flows": sorted((row.name, row.retired, row.generation) for row in world.store.flows()),
        "reviews": [(row.proposal, row.open) for row in world.store.reviews(REPOSITORY, open_only=False)],
        "files": sorted(row.spec.op for row in world.store.attempts_by_id(list(world.files_of.there())).values()),
        "left": [type(row.key).__name__ for row in world.store.pending()],
        "parked": [row.parked for row in world.store.pending() if row.parked],
    }


def never() -> Nth:
    """A plan in which nothing goes wrong."""
    return Nth(0, _no_fault)


def _no_fault(call: Any) -> Any:
    return call.done()


__all__ = ["STORIES", "Fault", "never", "told", "told_of_each"]
