"""Ports that note in the very moment what no step may do, and what later laws are to judge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.checks.model import Check
from reconciler.engine.model import FINAL, Performed, Status
from reconciler.errors import LeaseLost
from reconciler.keys import Key, RunKey, text_of
from reconciler.plan.encoding import decode
from reconciler.records import AttemptRow, Changes, EventRow, FlowRow, Gone, Lease, OpRow, RunRow
from tests.fake_files import FakeFiles
from tests.fakes import FakeChecks, FakeExecutor
from tests.histories.said import Known, wrong_words

if TYPE_CHECKING:
    from tests.histories.world import HistoryWorld


@dataclass(frozen=True, slots=True)
class Posted:
    """A check as it was posted, and how much people and processes had done by then."""

    sha: str
    check: Check
    deeds: int
    known: Known | None = None  # the run that it speaks of, as whoever worded it had read it


def noted(world: HistoryWorld, sha: str, checks: Sequence[Check]) -> Iterator[Posted]:
    """What is posted now and was not before. What is not so is told at once."""
    before = world.checks.posted.get(sha, {})
    for check in checks:
        if before.get(check.name) != check:
            known = world.watched_store.as_read(check.run) if check.run else None
            world.wrong += wrong_words(check, known) if known is not None else ()
            yield Posted(sha, check, world.deeds, known)


class WatchfulExecutor(FakeExecutor):
    """Looks at the lease before each call, as real executors do, and notes every start that should not have been."""

    def __init__(self, world: HistoryWorld) -> None:
        super().__init__(world.clock)
        self.world = world

    def start(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        if self.clock.monotonic() >= lease.deadline:
            return _too_late(attempts, "start", self.clock.now())
        for row in attempts:
            self._witness(row, lease)
        before = len(self.started)
        done = super().start(attempts, lease)
        self.world.deeds += len(self.started) - before
        return done

    def stop(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        if self.clock.monotonic() >= lease.deadline:
            return _too_late(attempts, "stop", self.clock.now())
        return super().stop(attempts, lease)

    def _witness(self, row: AttemptRow, lease: Lease) -> None:
        wrong, stored = self.world.wrong, self.world.store.attempt(row.id)
        if stored is None:
            wrong.append(f"{row.op} was started before that was written down")
            return
        if self.world.watched_store.knew_of_start(row.id, lease):
            wrong.append(f"{row.op} was started again when it was known to be {stored.phase}")
        if row.id in self.processes:
            return
        run = self.world.store.run(stored.run) if stored.run else None
        if run is not None and run.state.status in FINAL:
            wrong.append(f"{row.op} was started in a run that is {run.state.status}")
        if run is not None and self.world.watched_store.knew_of_stop(run.id, lease):
            wrong.append(f"{row.op} was started after {run.state.stop_asked_by} stopped its run")


def _too_late(attempts: Sequence[AttemptRow], verb: str, now: float) -> list[Performed]:
    return [Performed(row.id, verb, "again", now, "LeaseEnded", "", 0.0) for row in attempts]


class WatchfulChecks(FakeChecks):
    """Looks at the lease, and keeps every word that was ever posted."""

    def __init__(self, world: HistoryWorld) -> None:
        super().__init__()
        self.world = world
        self.history: list[Posted] = []

    def post(
        self, repository: str, sha: str, checks: Sequence[Check], lease: Lease, posted: Collection[str] = ()
    ) -> None:
        if self.world.clock.monotonic() >= lease.deadline:
            raise LeaseLost
        self.history += noted(self.world, sha, checks)
        super().post(repository, sha, checks, lease)


class WatchfulFiles(FakeFiles):
    """Notes every removal that should not have been."""

    def __init__(self, world: HistoryWorld) -> None:
        super().__init__(world.executor)
        self.world = world

    def remove(self, attempts: Sequence[str]) -> Mapping[str, str]:
        rows = self.world.store.attempts_by_id(attempts)
        for attempt in attempts:
            if self.alive(attempt):
                self.world.wrong.append(f"the files of {attempt} were removed while it ran")
            if attempt in rows and rows[attempt].pruned_at is None:
                self.world.wrong.append(f"the files of {rows[attempt].op} were removed before that was written down")
        return super().remove(attempts)


class WatchedStore:
    """The store, and what is wrong with what steps write to it. Only what was really written counts."""

    def __init__(self, world: HistoryWorld) -> None:
        self._world = world
        self._holders: dict[Key, int] = {}  # token of the lease that was given last
        self._held_back: dict[int, bool] = {}  # by token: whether removals were held when it was given
        self._stops: dict[str, int] = {}  # run → how many commits there were when it was asked to stop
        self._began: dict[int, int] = {}  # token → how many when its round began
        self._commits = 0
        self._events = 0  # leases, rounds of steps and news, in order
        self._round: dict[int, int] = {}  # token → when its round began
        self._stepped: dict[Key, int] = {}  # when the last round that was brought to an end began
        self._news = 0  # when what repositories, proposals and people want was written down last
        self._words: dict[tuple[str, str], tuple[str, int]] = {}  # by commit and name: final word, begin of its round
        self._told: list[tuple[str, Key, float]] = []  # what came from outside, whom it concerns and when
        self._acted_on: dict[str, int] = {}  # attempt → how many commits there were when a start of it was written down
        self._read: dict[tuple[bool, str], tuple[RunRow | None, Sequence[OpRow]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.store, name)

    def run(self, run: str) -> RunRow | None:
        row = self._world.store.run(run)
        self._read[self._world.held_up, run] = row, ()
        return row

    def ops(self, run: str, *others: Any) -> Sequence[OpRow]:
        found = self._world.store.ops(run, *others)
        row, _ = self._read.get((self._world.held_up, run), (None, ()))
        if not others:
            self._read[self._world.held_up, run] = row, found
        return found

    def as_read(self, run: str) -> Known | None:
        """A run and its ops as the step at work has read them; while one is held up, another one is at work."""
        row, ops = self._read.get((self._world.held_up, run), (None, ()))
        return Known(row.state, {one.state.path: one.state for one in ops}) if row is not None else None

    def lease(self, *given: Any) -> Lease | None:
        lease = self._world.store.lease(*given)
        if lease is not None:
            self._holders[lease.key] = lease.token
            self._round[lease.token] = self._next()
            self._began[lease.token] = self._commits
            rows = self._world.looking.execute("SELECT broken, pruning_held FROM repositories").fetchall()
            self._held_back[lease.token] = any(broken or held for broken, held in rows)
        return lease

    def commit(self, lease: Lease, changes: Changes, keep: bool = False) -> None:
        found = [*self._ended_again(changes.attempts), *self._superseded(changes.new_runs)]
        found += [*self._removed(lease, changes.flows), *self._overwritten(changes), *self._empty_results(changes.ops)]
        found += self._still_needed(changes.gone, changes.events) if changes.gone is not None else ()
        forgotten = changes.gone.requests if changes.gone is not None else ()
        before = self._queued(lease.key)
        self._world.store.commit(lease, changes, keep)
        self._world.looked_at.update(row.head for row in changes.repositories if row.head)
        self._count(lease, changes)
        if self._holders[lease.key] != lease.token:
            found.append(f"{lease.owner} wrote for {text_of(lease.key)}, which it did not hold")
        self._world.wrong += [*found, *self._reworded(lease, changes)]
        self._world.forgotten.update(forgotten)
        self._world.inserted |= {run.id: (run.state.flow, run.occurrence) for run in changes.new_runs}
        self._end_round(lease)
        if not keep:
            self._look_for_news(lease, before)

    def hear(self, what: str, keys: Iterable[Key]) -> None:
        """Something was told from outside, and is recorded: a step is due at once."""
        at, now = self._next(), self._world.clock.now()
        for key in keys:
            queued = self._queued(key)
            self._told.append((what, key, at if queued is not None and queued[1] <= now else _NEVER))

    def unheeded(self) -> Iterator[tuple[str, Key]]:
        """What was told, and no step looked since."""
        yield from ((what, key) for what, key, at in self._told if self._stepped.get(key, 0) < at)

    def _next(self) -> int:
        self._events += 1
        return self._events

    def _end_round(self, lease: Lease) -> None:
        self._stepped[lease.key] = self._round[lease.token]
        self._round[lease.token] = self._next()

    def knew_of_stop(self, run: str, lease: Lease) -> bool:
        """Whether a run was asked to stop before the present round of a lease began: later ones it cannot see."""
        return self._stops.get(run, self._commits) < self._began[lease.token]

    def knew_of_start(self, attempt: str, lease: Lease) -> bool:
        """Whether it was written down before the present round of a lease that an attempt was started or has ended."""
        return self._acted_on.get(attempt, self._commits) < self._began[lease.token]

    def _count(self, lease: Lease, changes: Changes) -> None:
        self._commits += 1
        self._began[lease.token] = self._commits
        for row in changes.attempts:
            if row.phase not in ("intended", "unknown"):  # of which nothing is known is started once more
                self._acted_on.setdefault(row.id, self._commits - 1)
        for run in (*changes.runs, *changes.new_runs):
            if run.state.stop_asked_by:
                self._stops.setdefault(run.id, self._commits - 1)
            else:  # resumed
                self._stops.pop(run.id, None)

    def retry(self, lease: Lease, *others: Any) -> None:
        before = self._queued(lease.key)
        self._world.store.retry(lease, *others)
        self._end_round(lease)
        self._look_for_news(lease, before)

    def park(self, lease: Lease, *others: Any) -> None:
        before = self._queued(lease.key)
        self._world.store.park(lease, *others)
        self._end_round(lease)
        self._look_for_news(lease, before)

    def _reworded(self, lease: Lease, changes: Changes) -> Iterator[str]:
        """A final word that a step finds changes only with news since the step began that found the one before."""
        if changes.repositories or changes.reviews or changes.flows or changes.answered:
            self._news = self._next()
        for row in (row for row in changes.checks if not row.run):
            check, place = decode(row.document_json, Check), (row.sha, row.name)
            if check.status == "completed":
                word, (known, began) = f"{check.conclusion}: {check.title}", self._words.get(place, ("", self._events))
                if known not in ("", word) and self._news < began:
                    yield f"{row.name} on {row.sha[:7]} was {known} and became {word} without news"
                self._words[place] = word, self._round[lease.token]

    def _ended_again(self, attempts: Sequence[AttemptRow]) -> Iterator[str]:
        """What ended stays as it ended."""
        known = self._world.store.attempts_by_id([row.id for row in attempts]) if attempts else {}
        for row in attempts:
            old = known.get(row.id)
            if old is not None and old.phase == "ended" and (row.phase, row.status) != (old.phase, old.status):
                yield f"{row.op} had ended as {old.status} and became {row.status or row.phase}"

    def _superseded(self, runs: Sequence[RunRow]) -> Iterator[str]:
        """A run of a merge is made of the file as it is at the newest head that was looked at."""
        for run in (run for run in runs if run.occurrence.startswith("merge:")):
            flow, trees = self._world.store.flow(run.state.flow), self._world.source.trees
            repository = self._world.store.repository(run.repository)
            assert flow is not None
            assert repository is not None
            if trees[run.sha].get(flow.path) != trees[repository.head].get(flow.path):
                yield f"{run.occurrence} of {flow.name} started a plan that was superseded"

    def _overwritten(self, changes: Changes) -> Iterator[str]:
        """What is written is as it was when it was read."""
        store = self._world.store
        stored = [(row, store.run(row.id)) for row in changes.runs]
        stored += [(row, store.flow(row.id)) for row in changes.flows]  # type: ignore[misc]
        for row, known in stored:
            if known is not None and known.version != row.version:
                yield f"{row.id} was written over what somebody else had written"

    def _removed(self, lease: Lease, flows: Sequence[FlowRow]) -> Iterator[str]:
        """Nothing is retired whose file is at the head, nor while nobody can know what is a flow.

        What was decided at one head may be written when a newer one is held.
        """
        for row in (row for row in flows if row.retired and not row.scope):
            known = self._world.store.flow(row.id)
            if known is None or known.retired:
                continue
            repository = self._world.store.repository(row.repository)
            assert repository is not None
            if row.path in self._world.source.trees[repository.head]:
                yield f"{row.name} was retired, but its file is there"
            if (repository.broken or repository.pruning_held) and self._held_back[lease.token]:
                yield f"{row.name} was retired while that was held"

    def _empty_results(self, ops: Sequence[OpRow]) -> Iterator[str]:
        """Whoever uses a result again finds the files that came with it."""
        for state in (row.state for row in ops if row.state.cached_from and row.state.attempt is None):
            if state.status is Status.SUCCEEDED and state.artifacts in self._world.files_of.removed:
                yield f"{state.path} was given a result whose files were gone"

    def _still_needed(self, gone: Gone, events: Sequence[EventRow]) -> Iterator[str]:
        """Only what has ended, was answered and is needed by nobody is forgotten, and a run leaves its trace."""
        store, traced = self._world.store, {one.subject for one in events if one.kind == "pruned"}
        for row in filter(None, (store.run(run) for run, _ in gone.runs)):
            why = [*needs_of(store, row), *(["it leaves no trace"] if row.id not in traced else [])]
            yield from (f"{row.occurrence} was pruned, though {one}" for one in why)
        for attempt, run in gone.files:
            known = store.run(run)
            if known is not None and known.state.status not in FINAL:
                yield f"the files of {attempt} are to go, though its run is {known.state.status}"
        for flow in filter(None, (store.flow(one) for one in gone.flows)):
            if not flow.retired:
                yield f"{flow.name} was forgotten, though it is there"
        for request in filter(None, (store.request(one) for one in gone.requests)):
            if not request.answer:
                yield f"{request.id} was forgotten without an answer"

    def _look_for_news(self, lease: Lease, before: tuple[int, float] | None) -> None:
        """Who was woken during a step has another one, as early as the wake wants."""
        if before is None or before[0] == lease.generation:
            return
        after = self._queued(lease.key)
        if after is None or after[1] > before[1]:
            self._world.wrong.append(f"{text_of(lease.key)} was woken during its step, and that was forgotten")

    def _queued(self, key: Key) -> tuple[int, float] | None:
        """The generation of a key and when it is due."""
        found = self._world.looking.execute("SELECT generation, due_at FROM wakes WHERE key = ?", [text_of(key)])
        rows = found.fetchall()
        return rows[0] if rows else None


_NEVER = float("inf")


def needs_of(store: Any, run: RunRow) -> Iterator[str]:
    """What needs a run, as far as can be told without asking as retention does."""
    flow = store.flow(run.state.flow)
    if run.state.status not in FINAL:
        yield f"it is {run.state.status}"
    if store.attempts(run.id):
        yield "an attempt of it lives"
    if store.requests(RunKey(run.id)):
        yield "something is asked of it"
    if any(one.run == run.id and one.wanted for one in store.services(run.state.flow)):
        yield "a service that it declared is wanted"
    if store.users([run.id]):
        yield "its results are used"
    if flow is not None and not flow.retired and run.sha and run.sha == flow.applied_sha:
        yield "it is of the commit that is applied"
