"""The port of the store: one database with the queue, the records, and what retention asks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.engine.decisions import JoinQuery
from reconciler.engine.model import Observed, OpState
from reconciler.engine.retention import Needs, RunMark
from reconciler.flows.model import Json
from reconciler.keys import Key
from reconciler.records import (
    AttemptRow,
    CacheRow,
    Changes,
    CheckRow,
    ConversationRow,
    DeliveryRow,
    EventRow,
    FlowRow,
    Lease,
    MetricRow,
    ObservationRow,
    OpRow,
    PlaceRow,
    PlanRow,
    RepositoryRow,
    RequestRow,
    ReviewRow,
    RunRow,
    ScheduleRow,
    ServiceRow,
    SessionRow,
    Wake,
)


@dataclass(frozen=True, slots=True)
class WakeRow:
    """A key in the queue, for people and tests."""

    key: Key
    due_at: float  # by the clock of who asks
    leased_by: str
    attempts: int
    parked: str  # why it waits for a person or a commit; "" = it does not

    def is_done(self, now: float) -> bool:
        """Whether a step has done what it was woken for, and well."""
        return self.due_at > now and not (self.leased_by or self.attempts or self.parked)


class Queue(Protocol):
    """The durable queue of keys. The database's clock decides what is due and when a lease ends.

    Times are given by the caller's own clock, and mean so long from now.
    """

    def wake(self, wakes: Sequence[Wake]) -> None: ...

    def lease(self, owner: str, seconds: float, places: Sequence[str] | None = None) -> Lease | None:
        """The due key with the highest priority that nobody holds; with `places` one that belongs to one of them."""
        ...

    def renew(self, leases: Sequence[Lease], seconds: float) -> Sequence[Lease]:
        """The leases that are still ours, with new deadlines."""
        ...

    def expire_leases(self, gone: Callable[[str], bool]) -> None:
        """End the leases of owners that are known to be gone, so that nobody waits for them to run out."""
        ...

    def commit(self, lease: Lease, changes: Changes, keep: bool = False) -> None:
        """One transaction: fence, check run versions, write, wake others, acknowledge (not with `keep`).

        Acknowledging removes only the generation that was leased. Raises LeaseLost, Conflict.
        """
        ...

    def retry(self, lease: Lease, at: float, reason: str, message: str) -> None:
        """Give the key back: it is due again at `at`; `Lease.attempts` grows."""
        ...

    def park(self, lease: Lease, reason: str, message: str) -> None:
        """Give the key back until somebody wakes it."""
        ...

    def wait(self, seconds: float, places: Sequence[str] | None = None) -> None:
        """Block until something may be due, at most so long, or until `interrupt`."""
        ...

    def interrupt(self) -> None:
        """Let everybody who waits return now."""
        ...

    def queued(self, key: Key) -> WakeRow | None:
        """One key in the queue; None if it is not there."""
        ...

    def pending(self) -> Sequence[WakeRow]:
        """Every key in the queue."""
        ...

    def hasten(self, lease_seconds: float) -> None:
        """Let all keys be due that wait for a time; those that wait for a person or a commit go on waiting.

        No lease lasts longer than a new one would: whoever holds it renews it before.
        """
        ...

    def idle_for(self) -> float:
        """Seconds since a key was given back last; less than 0 if the clock that tells what is due was set back since.

        Infinite if none ever was.
        """
        ...


class Records(Protocol):
    """Reading, and the writes that come from outside of steps."""

    def observe(self, observations: Sequence[Observed | MetricRow]) -> None:
        """Store what executors and ops report and wake the runs or flows that own the attempts; one transaction."""
        ...

    def ask(self, request: RequestRow) -> bool:
        """Store a request and wake its key; False if it was known already."""
        ...

    def submit(self, flow: FlowRow, plan: PlanRow, request: RequestRow) -> bool:
        """Store a flow and a plan if they are new, and a request for them, in one transaction; as `ask`."""
        ...

    def add_repository(self, row: RepositoryRow) -> None: ...

    def repository(self, name: str) -> RepositoryRow | None: ...

    def repositories(self) -> Sequence[RepositoryRow]: ...

    def reviews(self, repository: str, open_only: bool = True) -> Sequence[ReviewRow]: ...

    def conversation(self, repository: str, proposal: str) -> ConversationRow | None: ...

    def flow(self, flow: str) -> FlowRow | None: ...

    def flows(self, repository: str | None = None, scope: str | None = None) -> Sequence[FlowRow]: ...

    def plan(self, plan: str) -> PlanRow | None: ...

    def plan_by_hash(self, plan_hash: str) -> PlanRow | None: ...

    def run(self, run: str) -> RunRow | None: ...

    def run_with_news(self, run: str) -> tuple[RunRow | None, Sequence[RequestRow], Sequence[ObservationRow]]:
        """A run, then what was asked of it and seen of it, as `requests` and `observations` tell: read together."""
        ...

    def runs(
        self,
        flow: str | None = None,
        sha: str | None = None,
        repository: str | None = None,
        live: bool | None = None,
        prefix: str | None = None,
        limit: int = 100,
    ) -> Sequence[RunRow]:
        """Newest first."""
        ...

    def last_good(self, run: RunRow) -> RunRow | None:
        """The newest run of the same flow that had succeeded when this one was made."""
        ...

    def ops(self, run: str, paths: Sequence[str] | None = None) -> Sequence[OpRow]:
        """By path; with `paths` only those of them that there are."""
        ...

    def attempts(self, run: str, live: bool = True, op: str | None = None) -> Sequence[AttemptRow]: ...

    def service_attempts(self, flow: str, live: bool = True) -> Sequence[AttemptRow]: ...

    def attempt(self, attempt: str) -> AttemptRow | None: ...

    def attempts_by_id(self, wanted: Sequence[str]) -> Mapping[str, AttemptRow]: ...

    def live_attempts(self, place: str) -> Sequence[AttemptRow]: ...

    def queue_load(self, queue: str) -> int:
        """Live attempts in a queue, over all runs."""
        ...

    def observations(self, run: str = "", flow: str = "") -> Sequence[ObservationRow]:
        """Not yet folded, oldest first, of a run's attempts or a flow's service instances."""
        ...

    def requests(self, key: Key) -> Sequence[RequestRow]:
        """Not yet answered, oldest first."""
        ...

    def request(self, request: str) -> RequestRow | None: ...

    def approved(self, repository: str, sha: str) -> bool: ...

    def schedule(self, flow: str) -> ScheduleRow | None: ...

    def services(self, flow: str) -> Sequence[ServiceRow]: ...

    def checks(self, repository: str, sha: str) -> Sequence[CheckRow]: ...

    def commits_with_checks(self, repository: str, limit: int = 50) -> Sequence[str]: ...

    def cached(
        self, wanted: Sequence[tuple[str, float | None]], not_of_run: str, place: str | None = None
    ) -> Sequence[CacheRow | None]:
        """The newest result of another run for each key, made not before a time.

        With `place` of an attempt that has its files there.
        """
        ...

    def join(
        self, repository: str, run: str, query: JoinQuery, unwritten: Sequence[OpState] = ()
    ) -> Sequence[Mapping[str, Json]]:
        """Rows of a join over finished and live ops and runs of a repository, each with the asked fields.

        `unwritten` are ops of the asking run that this step has moved: they count as they will be written.
        Raises ValueError with a sentence for a query that cannot be read.
        """
        ...

    def events(self, subject: str, limit: int = 1000) -> Sequence[EventRow]: ...

    def metrics(self, attempt: str) -> Sequence[MetricRow]: ...

    def last_metrics(self, wanted: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """By attempt that reported any: the newest value of each of its metrics."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that was verified, and what it asks for."""

    row: DeliveryRow
    wakes: tuple[Wake, ...] = ()
    requests: tuple[RequestRow, ...] = ()


class Inbox(Protocol):
    """Webhooks that were accepted."""

    def deliver(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        """Keep them and do what they ask for, in one transaction; False for each that was known, by id or by body."""
        ...

    def known_deliveries(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of these ids that were accepted before."""
        ...

    def deliveries(
        self, limit: int = 100, prefix: str = "", event: str | None = None, repository: str | None = None
    ) -> Sequence[DeliveryRow]:
        """Newest first; with a `prefix` of their ids by id."""
        ...


class Places(Protocol):
    """Which places there are, and which of them are not expected to return."""

    def place(self, name: str) -> PlaceRow | None: ...

    def places(self) -> Sequence[PlaceRow]:
        """By name."""
        ...

    def time(self) -> float:
        """What the clock shows by which places are seen: the database's."""
        ...

    def check_not_outgrown(self) -> None:
        """Raises Stalled if a release has upgraded the database meanwhile beside which this one cannot work."""
        ...

    def see_place(self, row: PlaceRow) -> bool:
        """Note that a place is there; True if it had been given up meanwhile, which it is no more.

        Raises Stalled if another place of that name is at work.
        """
        ...

    def check_no_copy(self, row: PlaceRow) -> None:
        """Raises Stalled if a place of another name is at work whose files are the same: one is a copy of the other."""
        ...

    def lost_places(self, seconds: float) -> Sequence[PlaceRow]:
        """Places that were not seen for so long and are not given up."""
        ...

    def give_up(self, name: str, message: str) -> int:
        """End what a place had at work as lost, and free its keys for others; how many attempts that were."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """Before when rows are past their time, in seconds since the epoch."""

    cache: float = 0.0  # results
    history: float = 0.0  # approvals, instances of services, checks of commits, events
    heard: float = 0.0  # requests and deliveries
    deliveries: int | None = None  # of more than so many deliveries, the oldest go too …
    crowded: float = 0.0  # … if they came before this
    events: int | None = None  # of more than so many events, the oldest go too
    traces: float = 0.0  # traces of runs that are gone


@dataclass(frozen=True, slots=True)
class Aged:
    """Rows past their time that belong to no run, by identity."""

    cache: tuple[tuple[str, str], ...] = ()
    requests: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()
    approvals: tuple[tuple[str, str], ...] = ()
    attempts: tuple[str, ...] = ()
    reviews: tuple[tuple[str, str], ...] = ()
    commits: tuple[tuple[str, str], ...] = ()
    flows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class References:
    """Plans that nothing refers to, and the commits that something does."""

    unneeded_plans: tuple[str, ...]
    commits: frozenset[str]


class Retained(Protocol):
    """What is kept, for those who decide what goes."""

    def finished_runs(
        self, after: tuple[float, str], before: float, crowded: Sequence[str], limit: int
    ) -> Sequence[RunMark]:
        """The oldest finished runs after (creation, id); of `crowded` flows also those made after `before`."""
        ...

    def crowded_flows(self, most: int) -> Sequence[str]:
        """Flows that have more runs than so many."""
        ...

    def runs_of_commits(self, shas: Iterable[str]) -> Sequence[RunMark]:
        """Every run of which a check of these commits speaks."""
        ...

    def needs(self, marks: Sequence[RunMark], newest: int, most: int) -> Needs:
        """What others still need of these runs."""
        ...

    def cached_since(self, place: str) -> float:
        """The end of the oldest result with files at a place that may be reused; infinity where there is none."""
        ...

    def crowded_results(self, place: str, before: float, limit: int) -> Sequence[tuple[str, str]]:
        """Results with files at a place that were made before then, by key and attempt."""
        ...

    def users(self, wanted: Iterable[str]) -> Mapping[str, Sequence[RunRow]]:
        """By run: the runs that took over or reused its results and are still there."""
        ...

    def runs_by_id(self, wanted: Iterable[str]) -> Mapping[str, RunRow]: ...

    def has_remains(self, run: str) -> bool:
        """Whether anything is left of a run that is gone."""
        ...

    def pruned(self, prefix: str) -> EventRow | None:
        """The trace of a run whose id begins so and that is not kept any more."""
        ...

    def aged(self, bounds: Bounds, limit: int) -> Aged:
        """Rows past their time that belong to no run, at most `limit` of each kind, and none that is needed."""
        ...

    def old_events(self, after: int, bounds: Bounds, limit: int) -> tuple[Sequence[int], int]:
        """Events past their time that belong to no run, of the next `limit`; and the last looked at, 0 at the end."""
        ...

    def references(self) -> References:
        """What plans and commits are referred to; reads every run."""
        ...

    def give_back(self) -> bool:
        """Give some of the space that pruning freed back to the file system; True if there is more."""
        ...


class Sessions(Protocol):
    """Who is signed in to the pages, wherever they are."""

    def session(self, name: str) -> SessionRow | None:
        """What is kept of one, though it may be over; None for one that was ended."""
        ...

    def begin_session(self, row: SessionRow, now: float, most: int) -> None:
        """Keep one, and none that is over by then, nor more than so many: the last to end stay."""
        ...

    def end_session(self, name: str) -> None:
        """Forget one."""
        ...


class Store(Queue, Records, Inbox, Places, Retained, Sessions, Protocol):
    """One database: the queue, the records, the places, who is signed in, and what retention asks of them."""
