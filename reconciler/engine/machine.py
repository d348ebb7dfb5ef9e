"""The run machine: facts in, a decision out. It reads no clock and does nothing; the same facts decide the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.engine.asking import ask
from reconciler.engine.book import Book, keep_run, live_attempts, open_states, root_state
from reconciler.engine.decisions import Decision, Limits
from reconciler.engine.ending import finish, stop_left_over, stop_node, stop_scope
from reconciler.engine.launching import launch_next
from reconciler.engine.model import (
    FINAL,
    Asked,
    CacheAnswer,
    Fact,
    JoinAnswer,
    Layout,
    Measured,
    Observed,
    OpState,
    Performed,
    RunFacts,
    RunState,
    ServiceSeen,
    Status,
)
from reconciler.engine.observing import measure, observe, pass_time, perform, see_service
from reconciler.engine.opening import open_scope
from reconciler.engine.ready import Room, room_of
from reconciler.engine.reasons import STOP_ASKED, UNSUPPORTED
from reconciler.engine.resuming import resume
from reconciler.engine.scopes import Node
from reconciler.engine.starting import answer, look_at
from reconciler.plan.model import Plan, PlannedOp
from reconciler.plan.walk import unsupported


class RunMachine:
    """One run at work, folded from what is stored of it. Keeps its state between calls of `advance`.

    `ops` are the stored ops, `live` the attempts that have not ended (id to the path of their op); both are copied.
    """

    def __init__(
        self,
        plan: Plan,
        run: RunState,
        ops: Iterable[OpState],
        facts_of_run: RunFacts,
        layout: Layout,
        live: Mapping[str, str],
    ) -> None:
        root = Node("", _root_op(plan), root_state(run))
        self._book = Book(plan, run, facts_of_run, layout, open_states(ops), live_attempts(live), root)
        self._is_open = False
        self._room = Room()

    @property
    def size(self) -> int:
        """How many ops something has happened to, the children of sweeps among them."""
        return len(self._book.states)

    @property
    def now(self) -> float:
        """The time of the last step."""
        return self._book.now

    def advance(self, facts: Sequence[Fact], now: float, limits: Limits) -> Decision:
        """Fold facts in and decide what follows. `now` is seconds since the epoch, UTC.

        Where the decision asks questions (LookUpCache, RunJoins), their answers are to be given in the next call,
        before anything is committed; such a call goes on with what the limits of the one before left over.
        """
        self._book.now = now
        if not _are_answers(facts):
            self._room = room_of(limits)
            self._book.ready.unblock()
        self._open()
        for fact in facts:
            self._fold(fact)
        self._settle()
        if pass_time(self._book):
            self._settle()
        if self._book.live and self._book.root.done and self._book.root.state.started_at is None:
            stop_left_over(self._book)
        return self._book.decision()

    def _open(self) -> None:
        """Find the run as it was left, or begin it."""
        book, status = self._book, self._book.root.state.status
        if self._is_open or status in FINAL:
            return
        self._is_open = True
        if status in (Status.CREATED, Status.RESUMING):
            self._begin()
        elif status in (Status.RUNNING, Status.STOPPING):
            book.set_timer(book.root.state.deadline_at, "")
            open_scope(book, book.root)
            if book.run.stop_asked_by is not None:  # by a newer plan, in the transaction that started its run
                stop_node(book, book.root, STOP_ASKED, f"Stopped by {book.run.stop_asked_by}.")
        elif book.run.stop_asked_by is not None:
            finish(book, book.root, Status.STOPPED, STOP_ASKED, f"Stopped by {book.run.stop_asked_by}.")

    def _begin(self) -> None:
        book = self._book
        why = [f"{path}: {op.unsupported}{_where(op)}" for path, op in unsupported(book.plan)]
        if why:
            finish(book, book.root, Status.FAILED, UNSUPPORTED, " ".join(why[:5]))
        elif book.run.stop_asked_by is not None:
            finish(book, book.root, Status.STOPPED, STOP_ASKED, f"Stopped by {book.run.stop_asked_by}.")
        else:
            book.look_at(book.root)

    def _fold(self, fact: Fact) -> None:
        match fact:
            case Observed():
                observe(self._book, fact)
            case Performed():
                perform(self._book, fact)
            case Measured():
                measure(self._book, fact)
            case CacheAnswer() | JoinAnswer():
                answer(self._book, fact)
            case ServiceSeen():
                see_service(self._book, fact)
            case Asked(verb="resume"):
                self._resume(fact)
            case Asked():
                ask(self._book, fact)

    def _resume(self, fact: Asked) -> None:
        """Open a run that has ended once more, with what did not succeed and what follows it as if never begun."""
        old = self._book
        if old.root.state.status not in FINAL:
            return
        resume(old, fact)
        keep_run(old.run, old.root.state)
        root = Node("", old.root.op, root_state(old.run))
        book = Book(old.plan, old.run, old.facts, old.layout, old.states, old.live, root, now=old.now)
        book.changed, book.history, book.run_changed = old.changed, old.history, True
        self._book, self._is_open = book, False
        self._open()

    def _settle(self) -> None:
        """Follow every consequence, until nothing more can be decided or started."""
        book = self._book
        while True:
            if book.stops:
                stop_scope(book, *book.stops.popleft())
            elif book.work:
                self._look(book.take_work())
            elif not launch_next(book, self._room):
                return

    def _look(self, work: Sequence[Node]) -> None:
        """Look at these ops until a scope is to stop; what that says to others is for the next look."""
        book = self._book
        for place, node in enumerate(work, 1):
            look_at(book, node)
            if book.stops:
                book.work += work[place:]
                return


def _are_answers(facts: Sequence[Fact]) -> bool:
    """Whether the questions of the last decision are answered here, and nothing else is said."""
    return bool(facts) and all(isinstance(fact, (CacheAnswer, JoinAnswer)) for fact in facts)


def _root_op(plan: Plan) -> PlannedOp:
    """The run as an op: a plain dag itself, or a dag around the one op that the flow is."""
    if plan.root.graph is not None and plan.root.matrix is None:
        return plan.root
    return PlannedOp(plan.flow, "dag", {}, graph=plan.graph)


def _where(op: PlannedOp) -> str:
    return f" ({op.file}:{op.line})" if op.file else ""
