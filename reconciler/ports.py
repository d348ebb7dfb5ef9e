"""The ports: what steps need from the world, in our own words. Adapters implement them, tests fake the world behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from reconciler.checks.model import Check
from reconciler.engine.decisions import JoinQuery
from reconciler.engine.model import AttemptPaths, AttemptSpec, Observed, OpState, Performed
from reconciler.engine.retention import Needs, Policy, RunMark
from reconciler.flows.model import Json
from reconciler.keys import Key
from reconciler.plan.tree import Tree, TreeEntry
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
    Wake,
)

INTERNAL_ERROR = "InternalError"  # reason of a step that failed through our own fault, or did not come back
MAX_TRIES = 8  # failures in a row through our own fault before a key is parked


class ReconcileError(Exception):
    """A step could not go on. `reason` is CamelCase, stable, a metric label; `message` a sentence without secrets."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Waiting(ReconcileError):
    """Time will help: something was down, throttled us, or changed under our hands."""

    def __init__(self, reason: str, message: str, retry_after: timedelta) -> None:
        super().__init__(reason, message)
        self.retry_after = retry_after


class Stalled(ReconcileError):
    """Only a new commit or a person will help: do not retry, say so where people look."""


class LeaseLost(Exception):
    """The lease ran out or was taken: nothing was written, the work belongs to somebody else now."""


class Conflict(Exception):
    """A run that was read has moved on: nothing was written, the step is to be repeated."""


class Clock(Protocol):
    """Wall-clock time in seconds since the epoch, UTC, and a monotonic clock for deadlines."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...


# --- source -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that asks to be merged: a branch of a local repository, `pull/12`, or `queue/SHA` of a merge queue."""

    name: str
    head: str
    base: str  # branch name it wants into
    title: str = ""
    base_head: str = ""  # sha of that branch; "" = it is the default one


@dataclass(frozen=True, slots=True)
class Refs:
    """What a repository's refs are now."""

    default_branch: str
    head: str  # sha of the default branch; "" in an empty repository
    proposals: tuple[Proposal, ...]
    tags: Mapping[str, str]
    ignored: tuple[str, ...] = ()  # refs whose names are not safe to use; nothing is done with them
    source: str = ""  # where the repository is now, if it moved
    look_again: float | None = None  # s until it is worth looking again, where that is not as usual
    seen_at: float | None = None  # when that was, by the clock that dates comments, where that is not ours


@dataclass(frozen=True, slots=True)
class Merged:
    """The merge of a proposal's head into its base: a tree, or the paths that conflict."""

    tree: str | None
    conflicts: tuple[str, ...] = ()


class Source(Protocol):
    """Git repositories. `repository` is the name of a RepositoryRow; shas are 40 hexadecimal digits.

    Raises Waiting when the repository cannot be reached, Stalled when it is not a repository.
    """

    def refs(self, repository: str) -> Refs:
        """Fetch, and tell what is there now."""
        ...

    def tree(self, repository: str, treeish: str) -> Tree:
        """Every file under a commit or tree."""
        ...

    def changed(self, repository: str, old: str, new: str) -> Mapping[str, TreeEntry | None] | None:
        """What stands in the second of two commits or trees at the paths that differ; None: nothing.

        None as a whole where the first is not there any more, as after a push by force.
        """
        ...

    def read(self, repository: str, treeish: str, paths: Sequence[str]) -> Mapping[str, bytes]:
        """The bytes of regular files, in one batch; absent paths, links and submodules are left out."""
        ...

    def merge(self, repository: str, head: str, base: str) -> Merged:
        """Merge two commits without touching any ref."""
        ...

    def merge_base(self, repository: str, one: str, other: str) -> str | None:
        """The best common ancestor."""
        ...

    def first_parents(self, repository: str, after: str, upto: str, limit: int = 100) -> Sequence[str]:
        """Commits on the first-parent line after one commit up to another, oldest first, the last `limit` of them."""
        ...

    def keep(self, repository: str, sha: str) -> None:
        """Keep a commit from being collected, as its plan or run is still needed."""
        ...

    def checkout(self, repository: str, sha: str) -> str:
        """A shared read-only directory with the commit's tree; made once per commit, atomically."""
        ...

    def describe(self, repository: str, sha: str) -> str:
        """The commit's subject line."""
        ...

    def kept(self, repository: str, before: float) -> Sequence[str]:
        """Commits that `keep` holds, or whose tree is checked out, here and since before a time."""
        ...

    def let_go(self, repository: str, shas: Sequence[str]) -> None:
        """Hold these commits no longer, and remove their trees here; one that is needed again is fetched again."""
        ...


class Forge(Protocol):
    """What hosts repositories, and lets us serve some of them."""

    def unknown(self, known: Sequence[RepositoryRow]) -> Sequence[RepositoryRow]:
        """Repositories to serve that are none of these, as new rows. Raises Waiting, Stalled."""
        ...


# --- executor ---------------------------------------------------------------------------------------------------------


class Executor(Protocol):
    """Where attempts run. Calls are idempotent by attempt id; what is seen later is stored as observations."""

    place: str

    def paths(self, spec: AttemptSpec | str) -> AttemptPaths:
        """Where an attempt (or attempt id) has its files. Pure."""
        ...

    def free(self) -> int | None:
        """How many attempts may start now, None = no limit."""
        ...

    def await_slot(self, run: str, wanted: bool) -> None:
        """Have a run woken when an attempt of it may start, after those that waited before; or, not wanted, no more."""
        ...

    def start(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        """Start attempts whose intent is committed. Never raises for a single one: its outcome says what came of it."""
        ...

    def stop(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        """Stop attempts (TERM, then KILL); an outcome that already happened is never lost."""
        ...

    def look(self, attempts: Sequence[AttemptRow]) -> Sequence[Observed]:
        """What is known now about live attempts: used after a restart and whenever an outcome was unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Comment:
    """What a person, or a program, has written on a proposal."""

    author: str  # login
    body: str
    created_at: float
    edited: bool
    by_program: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """An open proposal as its forge has it now."""

    head: str
    is_foreign: bool  # its code is not from this repository: whoever wrote it may have no rights here


class Conversations(Protocol):
    """What is talked about on proposals, and who may ask for things there. Raises Waiting, Stalled, LeaseLost."""

    def comment(self, repository: str, comment: str) -> Comment | None:
        """The comment as it is now; None if it was deleted."""
        ...

    def opened(self, repository: str, proposal: str) -> Opened | None:
        """The proposal as it is now; None if it is not open."""
        ...

    def permission(self, repository: str, login: str) -> str:
        """What a person may do in a repository: admin, maintain, write, triage, read or none."""
        ...

    def may_write(self, repository: str, login: str) -> bool:
        """Whether a person may push to a repository, by whatever role."""
        ...

    def is_member(self, repository: str, team: str, login: str) -> bool:
        """Whether a person is in a team `owner/name`."""
        ...

    def react(self, repository: str, comment: str, lease: Lease) -> None:
        """Show that a comment was read."""
        ...

    def say(self, repository: str, proposal: str, known: str, text: str, lease: Lease) -> str:
        """Let our one comment on a proposal say this; returns its id. `known` is that id, "" if it is not known."""
        ...


class Logs(Protocol):
    """What attempts have printed."""

    def tail(self, attempt: str, lines: int) -> str:
        """The last lines of an attempt's log; empty where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class AttemptFiles:
    """The directory of an attempt: when it changed last, and whether somebody runs there or is about to."""

    attempt: str
    touched_at: float
    alive: bool


class Files(Protocol):
    """Logs and artifacts of the attempts of this place."""

    place: str

    def shelves(self) -> Sequence[str]:
        """The parts that the attempts are kept in, each of a size to be looked at in one step."""
        ...

    def on_shelf(self, shelf: str) -> Sequence[AttemptFiles]:
        """The attempts that have files there."""
        ...

    def size(self, attempt: str) -> int:
        """Bytes of an attempt's files."""
        ...

    def remove(self, attempts: Sequence[str]) -> Mapping[str, str]:
        """Remove all files of attempts; what is gone already is no mistake. Returns which could not be, and why."""
        ...


@dataclass(frozen=True, slots=True)
class CheckTerms:
    """What holds where checks are posted."""

    op_budget: int  # how many ops of a flow may have a check of their own
    lasting: bool  # what was posted stays as it is until we post again: nobody else changes or removes it
    read_afar: bool = False  # by people on other machines, for whom an address of this one leads nowhere


class CommitChecks(Protocol):
    """Where checks of commits are posted."""

    def terms(self, repository: str) -> CheckTerms:
        """What holds for a repository's checks. Pure."""
        ...

    def post(self, repository: str, sha: str, checks: Sequence[Check], lease: Lease) -> Mapping[str, str]:
        """Make the commit's checks equal to these: creates, updates, and repairs. Returns external ids by name."""
        ...


# --- store ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WakeRow:
    """A key in the queue, for people and tests."""

    key: Key
    due_at: float
    leased_by: str
    attempts: int
    parked: str  # why it waits for a person or a commit; "" = it does not


class Queue(Protocol):
    """The durable queue of keys. The database's clock decides what is due and when a lease ends."""

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

    def cached(self, key: str, not_before: float | None, not_of_run: str, place: str | None = None) -> CacheRow | None:
        """The newest result of another run; with `place` of an attempt that has its files there."""
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


@dataclass(frozen=True, slots=True)
class Missed:
    """A webhook that a forge could not deliver, and that may hold what a person asked for."""

    id: str  # of the delivery: the same when it is sent again
    at: float  # when it was tried, seconds since the epoch
    place: str  # where its body is at the forge


class MissedWebhooks(Protocol):
    """What a forge could not tell us. Raises Waiting, Stalled."""

    look_again: float  # s between looks that are worth their cost

    def missed(self, since: float) -> Iterator[Sequence[Missed]]:
        """What was tried since then in vain, page by page, each asked for when it is wanted; the newest first."""
        ...

    def read(self, missed: Missed) -> Delivery | None:
        """What it asks for, as if it had arrived; None for nothing."""
        ...


class Places(Protocol):
    """Which places there are, and which of them are not expected to return."""

    def place(self, name: str) -> PlaceRow | None: ...

    def places(self) -> Sequence[PlaceRow]:
        """By name."""
        ...

    def see_place(self, row: PlaceRow) -> bool:
        """Note that a place is there; True if it had been given up meanwhile, which it is no more.

        Raises Stalled if another place of that name is at work.
        """
        ...

    def lost_places(self, seconds: float) -> Sequence[PlaceRow]:
        """Places that were not seen for so long and are not given up."""
        ...

    def give_up(self, name: str, message: str) -> int:
        """End what a place had at work as lost, and free its keys for others; how many attempts that were."""
        ...


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

    def aged(self, cached_before: float, before: float, heard_before: float, limit: int) -> Aged:
        """Rows past their time that belong to no run, at most `limit` of each kind, and none that is needed.

        `heard_before`: of requests and deliveries.
        """
        ...

    def old_events(self, after: int, before: float, traced_before: float, limit: int) -> tuple[Sequence[int], int]:
        """Events past their time that belong to no run, of the next `limit`; and the last looked at, 0 at the end."""
        ...

    def references(self) -> References:
        """What plans and commits are referred to; reads every run."""
        ...

    def give_back(self) -> bool:
        """Give some of the space that pruning freed back to the file system; True if there is more."""
        ...


class Store(Queue, Records, Inbox, Places, Retained, Protocol):
    """One database: the queue, the records, the places, and what retention asks of them."""


@dataclass(frozen=True, slots=True)
class World:
    """The ports that steps are given, wired once in console/service.py."""

    store: Store
    source: Source
    executor: Executor | None  # None: nothing is configured to run flows
    checks: CommitChecks
    clock: Clock
    logs: Logs | None = None
    page_url: str = ""  # address of the page for people of this machine, "" = none
    queues: Mapping[str, int] = field(default_factory=dict)  # how many attempts a queue may hold at once
    poll_seconds: float = 30.0  # between looks at a repository of which nobody tells that it moved
    shared: bool = False  # services of other places may work on the store
    retention: Policy = field(default_factory=Policy)
    files: Files | None = None  # of this place
    known_secrets: Callable[[], Sequence[str]] = tuple  # values that nothing that is posted may hold
    forge: Forge | None = None
    missed: MissedWebhooks | None = None
    conversations: Conversations | None = None  # None: proposals cannot be talked about
    may_run: Callable[[str], bool] = lambda repository: True  # whether ops of a repository may run here at all
    public_url: str = ""  # address of the page for people elsewhere, "" = none

    def runs(self, repository: str) -> bool:
        """Whether flows of a repository are run, not only judged."""
        return self.executor is not None and self.may_run(repository)
