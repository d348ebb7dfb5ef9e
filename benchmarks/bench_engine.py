"""All decisions of whole runs, beside libraries that walk the same graph and decide nothing; what one event costs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import cache, partial
from graphlib import TopologicalSorter

from benchmarks import networkx_peer
from benchmarks.rows import Row, cpu_milliseconds
from benchmarks.run_graphs import FORMS, edges, plan, plan_with_trouble, plan_with_values, sweep
from benchmarks.runs import BATCH, Facts, Played, facts_of
from benchmarks.stepped import Stepped
from reconciler.engine.model import Status
from reconciler.plan.model import Graph, Plan, PlannedOp

SIZES = (100, 1_000, 10_000, 100_000)
EVENTS = 200  # of one measurement of an event
STEPPED = 20  # events of one measurement of steps


@cache
def _made(make: Callable[[int], Plan], ops: int, failing: int = 0) -> tuple[Plan, Facts]:
    made = make(ops)
    return made, facts_of(made, failing)


def _run(
    make: Callable[[int], Plan], ops: int, batch: int = BATCH, failing: int = 0, told: bool = False
) -> Callable[[], float]:
    """The processor time of the machine for a whole run, from its plan to its last decision."""

    def once() -> float:
        played = Played(*_made(make, ops, failing), told=told).to_end(batch)
        assert played.status is (Status.FAILED if failing else Status.SUCCEEDED)
        return played.cpu

    return once


@cache
def _form(form: str) -> Callable[[int], Plan]:
    return partial(plan, form)


def _walk(form: str, ops: int) -> None:
    sorter = TopologicalSorter(dict(enumerate(edges(form, ops))))
    sorter.prepare()
    while sorter.is_active():
        sorter.done(*sorter.get_ready())


def _events(ops: int) -> Callable[[], float]:
    """The processor time of EVENTS events, one by one, of a first layer whose ops have three downstream on average."""

    def once() -> float:
        played = Played(*_made(_form("layered"), ops))
        played.step(())
        begin = played.cpu
        for _ in range(EVENTS):
            played.step([played.coming.popleft()])
        return played.cpu - begin

    return once


def _star(rays: int) -> Plan:
    """One op, and so many that wait for it."""
    run = {"kind": "job", "container": {"image": "busybox"}}
    ops = (PlannedOp("first", "job", run, downstream=tuple(range(1, rays + 1)), critical=2),)
    ops += tuple(PlannedOp(f"op-{i}", "job", run, upstream=(0,)) for i in range(rays))
    return Plan("flow", "flow.yaml", PlannedOp("flow", "dag", {}, graph=Graph(ops, (0,))))


def _event_with(rays: int) -> Callable[[], float]:
    """The processor time of the one event on which so many ops start."""

    def once() -> float:
        played = Played(*_made(_star, rays))
        played.step(())
        played.step([played.coming.popleft()])
        begin = played.cpu
        played.step([played.coming.popleft()])
        assert played.started == rays + 1
        return played.cpu - begin

    return once


def _memory(ops: int) -> Callable[[], float]:
    """MiB that the machine of a run holds when all of its ops have ended."""

    def once() -> float:
        made, facts = _made(_form("layered"), ops)
        tracemalloc.start()
        played = Played(made, facts).to_end(1_000)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert played.started == ops
        return held / 2**20

    return once


def _steps(ops: int, live: int) -> Callable[[], float]:
    """The processor time of the steps that one event takes, over a real store, with so many attempts under way."""

    def once() -> float:
        with Stepped(plan("wide", ops), live) as run:
            return run.cpu_of_events(STEPPED) / STEPPED

    return once


def _mean_of_ten(once: Callable[[], float]) -> Callable[[], float]:
    """Ten in a row, which meet the same other work of the machine as one that takes ten times as long."""
    return lambda: sum(once() for _ in range(10)) / 10


def _row_to_walk(form: str, ops: int) -> Row:
    return Row(
        name=f"engine/{form}-{ops}-ops-to-graphlib",
        unit="ms",
        ours=_run(_form(form), ops),
        reference=cpu_milliseconds(partial(_walk, form, ops)),
        bar=WALK_BAR,
        why="The reference is graphlib walking the same graph; ours decides, names, counts and renders as well.",
        rounds=2 if ops == SIZES[-1] else 5,
    )


def _row_to_networkx(form: str, ops: int = 10_000) -> Row:
    return Row(
        name=f"engine/{form}-{ops}-ops-to-networkx",
        unit="ms",
        ours=_run(_form(form), ops),
        reference=lambda: networkx_peer.walked(edges(form, ops)),
        bar=NETWORKX_BAR,
        why="The reference is networkx making the same graph and going through it.",
        rounds=3,
    )


def _row_of_growth(form: str) -> Row:
    is_live_at_once = form in ("wide", "bipartite")  # each event meets an op that no cache of the processor holds
    return Row(
        name=f"engine/{form}-100000-ops-to-10000",
        unit="ms",
        ours=_run(_form(form), 100_000),
        reference=_mean_of_ten(_run(_form(form), 10_000)),
        bar=18 if is_live_at_once else 12,
        why="Ten times the ops cost ten times the work, and what a larger heap adds; more is work that is not linear.",
        rounds=3,
    )


WALK_BAR = 25  # graphlib counts edges; ours also names attempts, renders them, keeps rows and a history for each op
NETWORKX_BAR = 15
ALL_FORMS = (*FORMS, "nested")
LAYERED = "layered-10000-ops"


def _row_of_limit(name: str, ours: Callable[[], float], limit: float, why: str, rounds: int = 5) -> Row:
    return Row(name=f"engine/{name}", unit="ms", ours=ours, bar=limit, why=why, rounds=rounds)


ROWS = (
    *(_row_to_walk(form, ops) for form in ALL_FORMS for ops in SIZES),
    *(_row_to_networkx(form) for form in ALL_FORMS),
    *(_row_of_growth(form) for form in ALL_FORMS),
    _row_of_limit(LAYERED, _run(_form("layered"), 10_000), 150, "Deciding is cheap beside what is decided on."),
    Row(
        name=f"engine/{LAYERED}-one-by-one",
        unit="ms",
        ours=_run(_form("layered"), 10_000, batch=1),
        reference=_run(_form("layered"), 10_000),
        bar=3,
        why="The reference takes its facts in batches: a step of one fact costs that fact, not the run.",
        rounds=3,
    ),
    Row(
        name=f"engine/{LAYERED}-starts-told",
        unit="ms",
        ours=_run(_form("layered"), 10_000, told=True),
        reference=_run(_form("layered"), 10_000),
        bar=1.5,
        why="Three facts for each op instead of two: the machine hears of each start that it was performed as well.",
        rounds=3,
    ),
    Row(
        name=f"engine/{LAYERED}-with-trouble",
        unit="ms",
        ours=_run(plan_with_trouble, 10_000, failing=100),
        reference=_run(_form("layered"), 10_000),
        bar=2,
        why="One of a hundred ops fails, one is skipped, and the rest goes on: no more work than a good run.",
        rounds=3,
    ),
    Row(
        name=f"engine/{LAYERED}-with-values",
        unit="ms",
        ours=_run(plan_with_values, 10_000),
        reference=_run(_form("layered"), 10_000),
        bar=8,
        why="Each op has params from three places, templates, outputs to check, a cache to ask; a plain one none.",
        rounds=3,
    ),
    Row(
        name="engine/sweep-100000-children-to-10000",
        unit="ms",
        ours=_run(sweep, 100_000),
        reference=_mean_of_ten(_run(sweep, 10_000)),
        bar=12,
        why="Ten times the children cost ten times the work.",
        rounds=3,
    ),
    Row(
        name=f"engine/{EVENTS}-events-of-100000-ops-to-1000",
        unit="ms",
        ours=_events(100_000),
        reference=_events(1_000),
        bar=2,
        why="An event costs what is downstream of its op, however large the run is.",
        rounds=5,
    ),
    Row(
        name="engine/event-with-10000-downstream-to-1000",
        unit="ms",
        ours=_event_with(10_000),
        reference=_event_with(1_000),
        bar=15,
        why="On one event ten times the ops start, at ten times the cost and what a larger heap adds.",
        rounds=5,
    ),
    Row(
        name="engine/step-of-10000-ops-2000-live-to-1000-ops-16-live",
        unit="ms",
        ours=_steps(10_000, 2_000),
        reference=_steps(1_000, 16),
        bar=2,
        why="The step of an event reads, decides and writes that event, however much the run has and has under way.",
        rounds=3,
    ),
    Row(
        name="engine/layered-100000-ops-memory",
        unit="MiB",
        ours=_memory(100_000),
        bar=200,
        why="What the machine of a run holds beside its plan stays below 2 KiB for each op.",
        rounds=1,
    ),
)
