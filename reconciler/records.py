"""The rows we keep, as frozen values, and what one step changes of them. How they are stored is the store's business.

Times are seconds since the epoch, UTC. Fields named `…_json` hold canonical JSON bytes (plan/encoding.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.engine.model import AttemptSpec, OpState, RunFacts, RunState
from reconciler.flows.model import Json
from reconciler.keys import Key

OFFERED = "*"  # the place of a key that any place with a free slot may take


@dataclass(frozen=True, slots=True)
class Wake:
    """Look at `key`, not before `at` (None: at once)."""

    key: Key
    at: float | None = None


@dataclass(frozen=True, slots=True)
class RepositoryRow:
    """A repository that is watched, and what was last seen of it."""

    name: str
    source: str  # where it is: path or address of the bare repository
    default_branch: str = ""
    head: str = ""  # sha of the default branch when it was last looked at; "" = never connected
    tree: str = ""  # what the last look found in it besides flows (steps/looks.py)
    settings_json: bytes = b""  # RepositorySettings in force at head
    broken: str = ""  # why its .headgate.yaml cannot be read; flows are frozen while this is not empty
    pruning_held: str = ""  # sha at which more than half of the flows are gone, until approved
    poll_at: float = 0.0


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A proposal and what was last judged of it."""

    repository: str
    proposal: str
    head: str
    base: str
    judged: str = ""  # `head..base` pair (and settings) that the posted checks speak of
    open: bool = True
    head_since: float = 0.0  # when this head was seen first, by the clock that dates comments
    target: str = ""  # branch it wants into; "" = the default one


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """What was answered on a proposal, and what people have decided there."""

    repository: str
    proposal: str
    held_by: str = ""  # who wants it not to be merged yet; "" = nobody
    comment: str = ""  # id of our one comment
    said: tuple[str, ...] = ()  # answers in it, the newest first
    refused: tuple[tuple[str, str], ...] = ()  # people who were told that they may not, and by which request
    trials: tuple[str, ...] = ()  # trial runs that were asked for there and whose end it does not tell yet


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A flow as it is known: where it stands in the repository and what was last applied of it."""

    id: str
    repository: str
    scope: str  # "" = default branch, else the proposal; "local" = run from a working tree
    path: str
    name: str
    declared: str = ""  # digest of all that its plan depends on, at the last look (file, references, settings, code)
    at_head: bool = True
    frozen: str = ""  # why it can neither be applied nor removed (does not parse, settings broken)
    applied_plan: str = ""  # plan hash last applied; "" = none
    applied_core: str = ""
    applied_version: int = 0  # hash version of applied_plan
    applied_sha: str = ""  # commit it was applied at
    applied_declared: str = ""  # `declared` as it was then: as long as it is, there is nothing to apply
    generation: int = 0  # counts runs started by merges
    paused: bool = False
    retired: bool = False
    connecting: bool = False  # seen when the repository was connected: known, and not to be started for that
    waiting_sha: str = ""  # commit whose plan waits for the running run to end
    references: tuple[str, ...] = ()  # repository paths its plan was built from
    settings_json: bytes = b""  # FlowSettings in force
    # Given by the store: a row that was read is written only if nobody wrote it since (else Conflict); 0 = a new one.
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan by the digest of its whole encoding (places included); `hash` is its semantic hash."""

    id: str
    hash: str
    version: int
    plan_json: bytes


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run: its state, what it runs and why it was started."""

    state: RunState
    repository: str
    plan: str  # PlanRow.id
    facts: RunFacts
    occurrence: str  # `merge:3`, `tick:2026-01-01T00:00:00Z`, `request:…`
    cause: str = ""  # for people: merged, scheduled, restarted by …
    sha: str = ""  # commit whose check speaks of this run; "" = none (local, scheduled)
    priority: int = 0
    services: str = "keep"  # or `run`: instances end with the run
    code_dir: str = ""  # a working tree to run in, for local runs; "" = the commit's tree
    place: str = ""  # place where its attempts run; "" = not decided yet
    version: int = 0  # raised by every write; a writer names the one it read
    writer: int = 0  # fencing token of the lease that wrote it last
    made_by: int = 0  # … of the one that made it: it tells which of two runs is newer, whatever clocks say
    taken_from: str = ""  # run whose succeeded ops this one takes over

    @property
    def id(self) -> str:
        """The run's id."""
        return self.state.id


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt of an op: the intent to start it, to stop it, and what became of it.

    `phase`: intended (commit first, then act) → started | unknown → ended. `wanted`: run or stop.
    """

    id: str
    run: str  # owner now; "" for an instance of a service
    op: str
    spec: AttemptSpec
    number: int = 1
    phase: str = "intended"
    wanted: str = "run"
    stop_reason: str = ""
    place: str = ""
    flow: str = ""  # owner of a service instance
    retry_at: float | None = None  # an intent that must wait
    created_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    status: str = ""  # final status of the attempt
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    excerpt: str = ""  # of its log, where it failed: for those who word checks elsewhere, and once its files are gone
    pruned_at: float | None = None  # since when its logs and artifacts are not kept any more


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """Something an executor or an op reported about an attempt, not yet folded into its run."""

    seq: int  # given by the store
    attempt: str
    kind: str  # observed, measured
    body_json: bytes  # engine.model.Observed or Measured


@dataclass(frozen=True, slots=True)
class RequestRow:
    """What a person asked for, done once. Verbs: stop, restart, resume, copy, skip, approve, run, pause, unpause."""

    id: str
    key: Key
    verb: str
    by: str
    at: float
    target: str = ""  # run, flow, or repository@sha
    op: str | None = None
    arguments: Mapping[str, Json] = field(default_factory=dict)
    done_at: float | None = None
    answer: str = ""  # for people

    @property
    def approves(self) -> bool:
        """Whether it approves a commit (`target` is `name@sha`), and not an op."""
        return self.verb == "approve" and self.op is None and "@" in self.target


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A webhook that was accepted. What it asked for is in the queue; kept so that no repetition asks again."""

    id: str  # as its sender numbers it; the same when it is sent again
    digest: str  # SHA-256 of the signed body
    event: str
    repository: str  # "" = none that is served
    received_at: float
    said: str  # whom it woke and what it asked for, for people


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A flow's schedule and how far it was served."""

    flow: str
    hash: str  # of the schedule alone; counters start anew when it changes
    schedule_json: bytes
    last_tick: float | None = None  # UTC instant of the last tick served
    registered_at: float = 0.0
    runs: int = 0
    next_at: float | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """What a service op declared, kept true by its flow's step."""

    flow: str
    op: str
    spec: AttemptSpec
    spec_hash: str
    order: float  # created_at of the declaring run
    run: str  # declaring run
    made_by: int = 0  # … and its `made_by`: an older run never replaces what a newer one declared
    wanted: bool = True
    attempt: str = ""  # live instance
    ready: bool = False
    restarts: int = 0
    next_try_at: float | None = None
    reason: str = ""
    message: str = ""
    place: str = ""  # where its instance runs: that of the declaring run
    version: int = field(default=0, compare=False)  # that was read; 0: it was not there


@dataclass(frozen=True, slots=True)
class CheckRow:
    """What shall be said on a commit, and what was posted of it.

    A check of a review carries its whole `document_json` (checks.model.Check); a check of a run names the run and is
    worded when it is reported. `desired` changes whenever there is something new to say.
    """

    repository: str
    sha: str
    name: str
    desired: str  # digest or version of what shall be said
    document_json: bytes = b""
    run: str = ""
    posted: str = ""  # digest of what was posted last
    final: bool = False


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of the append-only history."""

    at: float
    subject: str  # run id, flow id, repository or key
    kind: str  # status, request, decision, fault
    path: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """Somebody who is signed in to the pages."""

    name: str  # digest of what the browser keeps
    until: float
    sealed: bytes  # who it is, and the token at the forge


@dataclass(frozen=True, slots=True)
class CacheRow:
    """A result that later runs may use."""

    key: str
    attempt: str
    run: str
    outputs_json: bytes
    artifacts: str
    finished_at: float


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A live metric."""

    attempt: str
    name: str
    value: float
    at: float
    step: int | None = None


@dataclass(frozen=True, slots=True)
class UseRow:
    """A run has taken over or reused results of another one, which is kept as long as it is there itself."""

    run: str  # whose results they are
    by: str
    at: float
    cached: tuple[tuple[str, str], ...] = ()  # (key, attempt) of cached results that must still be there


@dataclass(frozen=True, slots=True)
class Gone:
    """Rows that are past their time, by identity. What is gone already is no mistake."""

    runs: tuple[tuple[str, int], ...] = ()  # (run, version that was read); a run that is needed again is a Conflict
    remains: tuple[str, ...] = ()  # runs that are gone: some of what is left of them
    attempts: tuple[str, ...] = ()  # ended instances of services
    cache: tuple[tuple[str, str], ...] = ()  # (key, attempt)
    commits: tuple[tuple[str, str], ...] = ()  # (repository, sha) whose checks go; one that is due is a Conflict
    reviews: tuple[tuple[str, str], ...] = ()  # (repository, proposal), unless it was opened again
    flows: tuple[str, ...] = ()  # retired, with their schedules, unless they came back
    plans: tuple[str, ...] = ()  # ids, unless something has or wants one by now
    requests: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()  # ids
    approvals: tuple[tuple[str, str], ...] = ()  # (repository, sha)
    events: tuple[int, ...] = ()  # seq
    files: tuple[
        tuple[str, str], ...
    ] = ()  # (attempt, its run) whose files go: written down, unless the run is used now
    read_at: float = 0.0  # when it was found out that nothing needs the plans and files


@dataclass(frozen=True, slots=True)
class OpRow:
    """An op of a run as stored."""

    run: str
    state: OpState


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act for a key until `deadline` (monotonic clock). Every write names its `token`."""

    key: Key
    token: int  # fencing token: grows with every lease of the key
    generation: int  # of the wake that was leased
    deadline: float
    owner: str = ""
    attempts: int = 0  # how often in a row the key's step has failed
    reason: str = ""  # of those failures
    place: str = ""  # whose services alone may lease the key; "" = any, OFFERED = any that has a slot free


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place, and when a service of it was last seen."""

    name: str
    address: str  # of its page
    mark: str  # tells two places of one name apart
    release: str
    seen_at: float = 0.0  # by the database's clock
    given_up_at: float = 0.0  # 0 = it is not


@dataclass(frozen=True, slots=True)
class Changes:
    """All that one step writes, in one transaction. Rows are inserted or replaced by their identity."""

    repositories: tuple[RepositoryRow, ...] = ()
    reviews: tuple[ReviewRow, ...] = ()
    # `judged` alone, where a proposal is still as it was read; one that was closed or merged meanwhile is a Conflict
    judged: tuple[ReviewRow, ...] = ()
    flows: tuple[FlowRow, ...] = ()
    plans: tuple[PlanRow, ...] = ()
    new_runs: tuple[RunRow, ...] = ()  # ignored where a run of the id exists
    runs: tuple[RunRow, ...] = ()  # `version` is the one that was read; another one in the store is a Conflict
    ops: tuple[OpRow, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()  # (queue, most): more live attempts in it are a Conflict
    schedules: tuple[ScheduleRow, ...] = ()
    services: tuple[ServiceRow, ...] = ()
    services_gone: tuple[ServiceRow, ...] = ()
    checks: tuple[CheckRow, ...] = ()
    posted: tuple[CheckRow, ...] = ()  # `posted` alone, and where the same is still desired `final`
    events: tuple[EventRow, ...] = ()
    cache: tuple[CacheRow, ...] = ()
    metrics: tuple[MetricRow, ...] = ()
    folded: tuple[int, ...] = ()  # seq of observations that were folded in
    answered: tuple[RequestRow, ...] = ()  # requests with an answer, and with done_at when they are done
    asked: tuple[RequestRow, ...] = ()  # requests that follow from others; their keys are woken
    conversations: tuple[ConversationRow, ...] = ()
    uses: tuple[UseRow, ...] = ()  # of runs and results that are gone meanwhile: a Conflict
    gone: Gone | None = None
    wakes: tuple[Wake, ...] = ()
    again_at: float | None = None  # look at this key again then; 0.0 = at once
    place: str | None = None  # the key belongs to this place from now on; None = as before
