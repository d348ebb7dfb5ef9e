"""The book of a run at work: its nodes and scopes, what has changed, and what is still to be looked at.

It records; what is to be recorded is decided by its readers.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from reconciler.engine.decisions import Action, Decision, StopAttempt, Transition
from reconciler.engine.model import FINAL, RUNNING, Layout, OpState, RunFacts, RunState, Status
from reconciler.engine.ready import Ready
from reconciler.engine.scopes import GraphScope, Node, Scope, SweepScope
from reconciler.engine.statuses import passed_by
from reconciler.plan.model import Plan, PlannedOp

_BY_ORDER = attrgetter("order")


@dataclass(slots=True)
class Book:
    """All that is known of one run. `live` are attempts that have not ended, `now` is the time of the step."""

    plan: Plan
    run: RunState
    facts: RunFacts
    layout: Layout
    states: dict[str, OpState]
    live: dict[str, str]
    root: Node
    scopes: dict[str, Scope] = field(default_factory=dict)  # by the path of their owner
    nodes: dict[str, Node] = field(default_factory=dict)  # by path, in scopes that are open
    makers: list[SweepScope] = field(default_factory=list)  # sweeps with children to make, in order
    work: list[Node] = field(default_factory=list)  # something was said to them: see look_at
    stops: deque[tuple[Scope, str, str]] = field(default_factory=deque)  # scopes to stop: reason, message
    timers: list[tuple[float, str]] = field(default_factory=list)
    ready: Ready = field(default_factory=Ready)
    questions: set[str] = field(default_factory=set)  # paths that wait for an answer
    now: float = 0.0
    starved: bool = False
    changed: dict[str, OpState] = field(default_factory=dict)
    run_changed: bool = False
    actions: list[Action] = field(default_factory=list)
    history: list[Transition] = field(default_factory=list)

    def node_at(self, path: str) -> Node | None:
        """The op of this path, if its scope is open."""
        found = self.nodes.get(path)
        if found is not None or path == "":
            return found or self.root
        parent, _, name = path.rpartition(".")
        scope = self.scopes.get(parent)
        if isinstance(scope, GraphScope) and name in scope.names:
            return self.node(scope, scope.names[name])
        return None

    def node_of(self, attempt: str) -> Node | None:
        """The op whose attempt this is, as long as it lives."""
        path = self.live.get(attempt)
        return None if path is None else self.nodes.get(path) or self.node_at(path)

    def node(self, scope: GraphScope, index: int) -> Node:
        """An op of an open graph."""
        found = scope.nodes.get(index)
        if found is None:
            op, order = scope.graph.ops[index], (*scope.owner.order, index)
            path = scope.prefix + op.name
            found = Node(path, op, self.open_state(path), index, order, scope)
            scope.nodes[index] = self.nodes[path] = found
        return found

    def child(self, scope: SweepScope, index: int) -> Node:
        """A child of an open sweep."""
        path = scope.path_of(index)
        node = Node(path, scope.child, self.open_state(path), index, (*scope.owner.order, index), scope)
        scope.nodes[index] = self.nodes[path] = node
        return node

    def hook(self, scope: Scope, owner: Node, number: int, op: PlannedOp) -> Node:
        """A hook of an op, as an extra op of the scope `scope`."""
        path = f"{owner.path}!{number}"
        order = (*owner.order, 1 << 30, number)  # after the ops that were declared
        hook = Node(path, op, self.open_state(path), owner.index, order, scope, hook_of=owner)
        scope.hooks[path] = self.nodes[path] = hook
        return hook

    def close(self, scope: Scope) -> None:
        """A scope has ended; what is asked of its ops from now on is answered by their states."""
        del self.scopes[scope.owner.path]
        for node in (*scope.nodes.values(), *scope.hooks.values()):
            del self.nodes[node.path]

    def state(self, path: str) -> OpState:
        """The state of an op as it may be read; a new one where nothing happened to it yet."""
        return self.states.get(path) or OpState(path)

    def open_state(self, path: str) -> OpState:
        """The state of an op at work, kept from now on."""
        state = self.states.get(path)
        if state is None:
            state = self.states[path] = OpState(path)
        return state

    def move(self, node: Node, status: Status, reason: str = "", message: str = "", at: float | None = None) -> None:
        """Record a change of status (the caller asked the table); a second `running` keeps the first start."""
        state, path, scope, when = node.state, node.path, node.scope, self.now if at is None else at
        state.status, state.reason, state.message = status, reason, message
        if status is RUNNING and state.started_at is None:
            state.started_at = when
        elif status in FINAL:
            state.finished_at = when
        if path:
            self.changed[path] = state
        else:
            self.run_changed = True
        self.history.append(Transition(path, status, when, reason, message, state.attempt))
        before = state.passed
        state.passed = passed_by(before, status, state.started_at is not None)
        if scope is not None and scope.watchers and node.hook_of is None:
            self._tell_watchers(node, scope, state.passed[len(before) :])

    def _tell_watchers(self, node: Node, scope: Scope, passed: Iterable[Status]) -> None:
        """Look at the ops that an event edge starts, as this one has passed the statuses that they wait for."""
        if isinstance(scope, GraphScope):
            for index in scope.note_passed(node.index, _names(passed)):
                self.look_at(self.node(scope, index))

    def look_at(self, node: Node) -> None:
        """Something was said to this op: what follows is to be seen."""
        self.work.append(node)

    def take_work(self) -> list[Node]:
        """The ops to look at, in order of declaration."""
        work, self.work = self.work, []
        work.sort(key=_BY_ORDER)
        return work

    def note(self, node: Node) -> None:
        """The node's state has changed and is to be written."""
        if node.path == "":
            self.run_changed = True
        else:
            self.changed[node.path] = node.state

    def record(self, state: OpState, at: float) -> None:
        """Record an op's status as it is, in the history and as a change."""
        self.states[state.path] = self.changed[state.path] = state
        self.history.append(Transition(state.path, state.status, at, state.reason, state.message, state.attempt))

    def set_timer(self, at: float | None, path: str) -> None:
        """Look at this op again at `at`."""
        if at is not None:
            heapq.heappush(self.timers, (at, path))

    def due(self) -> list[Node]:
        """The ops whose time has come; they leave the timers."""
        found = []
        while self.timers and self.timers[0][0] <= self.now:
            node = self.node_at(heapq.heappop(self.timers)[1])
            if node is not None and not node.done:
                found.append(node)
        return found

    def next_timer(self) -> float | None:
        """The earliest time at which there is something to do."""
        while self.timers:
            at, path = self.timers[0]
            node = self.node_at(path)
            if node is not None and not node.done and at in (node.state.due_at, node.state.deadline_at):
                return at
            heapq.heappop(self.timers)
        return None

    def decision(self) -> Decision:
        """All that changed since the last one, as values that later changes leave alone."""
        made = Decision(
            [state.copy() for state in self.changed.values()],
            self._run() if self.run_changed else None,
            [action for action in self.actions if type(action) is not StopAttempt or self._is_needed(action)],
            self.history,
            self.next_timer(),
            self.starved,
        )
        self.changed, self.actions, self.history = {}, [], []
        self.run_changed = self.starved = False
        return made

    def _is_needed(self, stop: StopAttempt) -> bool:
        """Whether the attempt to stop was not found to have ended in the same step."""
        return stop.attempt in self.live

    def _run(self) -> RunState:
        keep_run(self.run, self.root.state)
        return self.run.copy()


def root_state(run: RunState) -> OpState:
    """The run as the op that holds all others; its path is empty."""
    return OpState(
        "",
        run.status,
        run.reason,
        run.message,
        started_at=run.started_at,
        finished_at=run.finished_at,
        deadline_at=run.deadline_at,
        params=run.params,
        outputs=run.outputs,
        approved_by=run.approved_by,
    )


def keep_run(run: RunState, state: OpState) -> None:
    """Write what is known of the outermost op back to the run."""
    run.status, run.reason, run.message = state.status, state.reason, state.message
    run.started_at, run.finished_at, run.deadline_at = state.started_at, state.finished_at, state.deadline_at
    run.params, run.outputs, run.approved_by = state.params, state.outputs, state.approved_by


def _names(statuses: Iterable[Status]) -> frozenset[str]:
    names = frozenset(str(status) for status in statuses)
    return names | {"done"} if names & FINAL else names


def open_states(ops: Iterable[OpState]) -> dict[str, OpState]:
    """The stored ops by path, as copies of our own."""
    return {op.path: op.copy() for op in ops}


def live_attempts(live: Mapping[str, str]) -> dict[str, str]:
    """Attempts that have not ended, by id, with the paths of their ops."""
    return dict(live)
