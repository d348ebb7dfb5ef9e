"""Scopes: the graphs and sweeps that are open in a run, and the nodes (ops) in them, with their counters.

Only counting lives here; what is done about the counts is decided elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.engine.model import FAILED, FINAL, STOPPED, SUCCEEDED, OpState, Status
from reconciler.engine.reasons import DEADLINE_EXCEEDED, EARLY_STOPPED, TOO_MANY_FAILED
from reconciler.engine.triggers import ALL_SUCCEEDED, START, WAIT, Counts, Verdict, decide
from reconciler.flows.model import EarlyStopping, Json
from reconciler.plan.encoding import Record
from reconciler.plan.model import Graph, PlannedOp

ENDED_EARLY = frozenset({EARLY_STOPPED, TOO_MANY_FAILED, DEADLINE_EXCEEDED})


class Node(Record, eq=False, gc=True):
    """One op of the run at work. `order` is its place by declaration, from the outermost scope inwards."""

    path: str
    op: PlannedOp
    state: OpState
    index: int = 0
    order: tuple[int, ...] = ()
    scope: Scope | None = None  # None: the run itself
    hook_of: Node | None = None
    holds_place: bool = False  # counts in its scope, where places are limited
    join_rows: tuple[tuple[Mapping[str, Json], ...], ...] | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.state.status in FINAL

    @property
    def home(self) -> Scope:
        """The scope it stands in; only the run itself has none."""
        assert self.scope is not None
        return self.scope

    @property
    def is_composite(self) -> bool:
        """Whether it is a scope of its own: a sweep or a dag."""
        return self.op.matrix is not None or self.op.graph is not None


@dataclass(slots=True, eq=False)
class Scope:
    """What graphs and sweeps have in common: children, how many may be active, how they ended."""

    owner: Node
    concurrency: int | None = None
    rules: tuple[EarlyStopping, ...] = ()
    prefix: str = ""  # what the paths of its children begin with
    nodes: dict[int, Node] = field(default_factory=dict)
    hooks: dict[str, Node] = field(default_factory=dict)
    active: int = 0  # children that hold a place
    left: int = 0  # children and hooks that have not ended
    ended: dict[Status, int] = field(default_factory=dict)  # children only
    failed: list[tuple[tuple[int, ...], str]] = field(default_factory=list)  # order and path, for people
    watchers: dict[int, list[tuple[int, frozenset[str]]]] = field(default_factory=dict)  # by whose events
    stopping: bool = False
    early: str = ""  # a reason that settles how it ends: one of ENDED_EARLY
    hooks_opened: bool = False  # of the run itself, when everything else has ended

    @property
    def planned(self) -> int:
        """How many children there are to be."""
        raise NotImplementedError

    def has_room(self, node: Node) -> bool:
        """Whether one more child may be active."""
        return self.concurrency is None or node.holds_place or self.active < self.concurrency

    def hold(self, node: Node) -> None:
        """Count a child as active, where there are so many places and no more."""
        if self.concurrency is not None and not node.holds_place:
            node.holds_place = True
            self.active += 1

    def release(self, node: Node) -> bool:
        """Count a child as no longer active; whether it was."""
        held, node.holds_place = node.holds_place, False
        self.active -= held
        return held

    def count_end(self, node: Node) -> None:
        """Count a child or hook that has ended."""
        self.left -= 1
        if node.hook_of is not None:
            return
        status = node.state.status
        if status is FAILED:
            self.failed.append((node.order, node.path))
        elif status is STOPPED and node.state.reason == EARLY_STOPPED:
            status = SUCCEEDED  # a policy cut it short: no stop of the whole
        self.ended[status] = self.ended.get(status, 0) + 1

    def verdict(self) -> Status:
        """How the scope ends, now that all of its children have ended."""
        if self.early:
            return Status.SUCCEEDED if self.early == EARLY_STOPPED else Status.FAILED
        if self.ended.get(Status.FAILED):
            return Status.FAILED
        if self.ended.get(Status.STOPPED) or sum(self.ended.values()) < self.planned:
            return Status.STOPPED
        skipped = self.ended.get(Status.SKIPPED, 0)
        return Status.SKIPPED if skipped and skipped == self.planned else Status.SUCCEEDED


@dataclass(slots=True, eq=False)
class GraphScope(Scope):
    """The ops of a dag. Of most it is enough to know how many upstreams they wait for, as long as those succeed."""

    graph: Graph = field(default_factory=lambda: Graph((), ()))
    names: dict[str, int] = field(default_factory=dict)
    waits_for: list[int] = field(default_factory=list)  # by index; of no meaning for those with counts
    counts: dict[int, Counts] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """How many ops the graph has."""
        return len(self.graph.ops)

    def path_of(self, index: int) -> str:
        """The path of one op of the graph."""
        return self.prefix + self.graph.ops[index].name

    def count_upstream(self, index: int, status: Status) -> Sequence[int]:
        """Tell the ops downstream of `index` that it ended so; gives the indices of those whose waiting is over."""
        waits_for, counts, found = self.waits_for, self.counts, []
        is_good = status is SUCCEEDED
        for downstream in self.graph.ops[index].downstream:
            if is_good and downstream not in counts:
                left = waits_for[downstream] = waits_for[downstream] - 1
                if not left:
                    found.append(downstream)
            elif self._count_closely(downstream, index, status) is not WAIT:
                found.append(downstream)
        return found

    def _count_closely(self, downstream: int, upstream: int, status: Status) -> Verdict:
        """What becomes of an op whose upstreams' ends are told apart; WAIT where the last one is no news."""
        counts, op = self.counts.get(downstream), self.graph.ops[downstream]
        if counts is None:
            left = self.waits_for[downstream]
            counts = self.counts[downstream] = Counts(left, succeeded=left < len(op.upstream))
        if not counts.add(upstream, status):
            return WAIT
        counts.verdict = decide(op.trigger, counts, op.skip_on_upstream_skip)
        return counts.verdict

    def starters(self) -> Iterator[int]:
        """The ops that wait for no upstream, and those that saw their event already."""
        yield from (index for index, op in enumerate(self.graph.ops) if not op.upstream)
        yield from (index for index, counts in self.counts.items() if counts.event_seen)

    def verdict_on(self, index: int) -> Verdict:
        """What the upstreams of an op say of it now."""
        counts = self.counts.get(index)
        if counts is not None:
            return counts.verdict
        return START if self.waits_for[index] == 0 else WAIT

    def note_passed(self, index: int, statuses: frozenset[str]) -> Iterator[int]:
        """Tell event edges which statuses `index` has reached; gives the indices of ops whose event this is."""
        for downstream, wanted in self.watchers.get(index, ()):
            counts = self.counts[downstream]
            if not counts.event_seen and wanted & statuses:
                counts.event_seen = True
                counts.verdict = decide(self.graph.ops[downstream].trigger, counts)
                yield downstream


@dataclass(slots=True, eq=False)
class SweepScope(Scope):
    """The children of a sweep: made one by one; `holes` are earlier ones that are to be made again."""

    child: PlannedOp = field(default_factory=lambda: PlannedOp("", "", {}))
    next: int = 0
    holes: deque[int] = field(default_factory=deque)

    @property
    def planned(self) -> int:
        """How many children there are to be."""
        return int((self.owner.state.sweep or {}).get("planned", 0))

    @property
    def unmade(self) -> bool:
        """Whether children are still to be made."""
        return not self.stopping and (bool(self.holes) or self.next < self.planned)

    @property
    def may_make(self) -> bool:
        """Whether one may be made now, as far as the sweep is concerned."""
        return self.unmade and (self.concurrency is None or self.active < self.concurrency)

    def take_index(self) -> int:
        """The index of the child to make next."""
        if self.holes:
            return self.holes.popleft()
        self.next += 1
        return self.next - 1

    def path_of(self, index: int) -> str:
        """The path of one child."""
        return f"{self.prefix}{index}]"


def graph_scope(owner: Node, graph: Graph, concurrency: int | None) -> GraphScope:
    """A scope for a dag's ops, nothing counted yet."""
    prefix = f"{owner.path}." if owner.path else ""
    scope = GraphScope(owner, concurrency, graph.early_stopping, prefix, left=len(graph.ops), graph=graph)
    scope.names = {op.name: index for index, op in enumerate(graph.ops)}
    scope.waits_for = [len(op.upstream) for op in graph.ops]
    for index, op in enumerate(graph.ops):
        if op.upstream and (op.trigger is not ALL_SUCCEEDED or op.events or op.skip_on_upstream_skip):
            scope.counts[index] = _counts(scope, index, op)
    return scope


def _counts(scope: GraphScope, index: int, op: PlannedOp) -> Counts:
    for edge in op.events:
        scope.watchers.setdefault(edge.op, []).append((index, frozenset(edge.statuses)))
    sources, seen = {edge.op for edge in op.events}, any(Status.CREATED in edge.statuses for edge in op.events)
    counts = Counts(len(op.upstream), reads_left=set(op.reads), event_sources_left=sources, event_seen=seen)
    counts.verdict = decide(op.trigger, counts, op.skip_on_upstream_skip)
    return counts


def sweep_scope(owner: Node) -> SweepScope:
    """A scope for the children of a sweep whose values are resolved (`OpState.sweep`)."""
    sweep, matrix = owner.state.sweep or {}, owner.op.matrix
    assert matrix is not None
    child = replace(
        owner.op, matrix=None, upstream=(), downstream=(), events=(), reads=(), joins=(), hooks=(), conditions=None
    )
    rules = matrix.early_stopping
    scope = SweepScope(owner, sweep.get("concurrency"), rules, f"{owner.path}[", child=replace(child, is_approved=None))
    scope.left = scope.planned
    return scope
