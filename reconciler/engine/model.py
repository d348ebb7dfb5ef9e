"""What the engine thinks in: statuses, the state of a run and its ops, the facts that come in.

Times are seconds since the epoch, UTC, as floats; they are given from outside, nothing here reads a clock. Op paths
name an op within its run: `prepare`, `tune[3]`, `nested.train`, `tune[3].prep`, `train!0` (the first hook of `train`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from reconciler.flows.model import Json
from reconciler.plan.encoding import Record


class Status(StrEnum):
    """Where an op, attempt or run stands (the table of allowed transitions is engine/statuses.py)."""

    CREATED = "created"
    ON_SCHEDULE = "on_schedule"
    RESUMING = "resuming"
    COMPILED = "compiled"
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    STARTING = "starting"
    RUNNING = "running"
    PROCESSING = "processing"
    STOPPING = "stopping"
    RETRYING = "retrying"
    WARNING = "warning"
    UNSCHEDULABLE = "unschedulable"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    STOPPED = "stopped"


# What is asked at every event is asked of these: Python 3.11 takes long to find a member through its class.
CREATED: Final = Status.CREATED
QUEUED: Final = Status.QUEUED
RUNNING: Final = Status.RUNNING
STOPPING: Final = Status.STOPPING
SUCCEEDED: Final = Status.SUCCEEDED
FAILED: Final = Status.FAILED
SKIPPED: Final = Status.SKIPPED
STOPPED: Final = Status.STOPPED

FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.UPSTREAM_FAILED, Status.SKIPPED, Status.STOPPED})
GOOD = frozenset({Status.SUCCEEDED, Status.SKIPPED})


class RunState(Record):
    """One run of a plan. Kept by the engine while it works, by the store in between."""

    id: str
    flow: str  # flow id
    status: Status = Status.CREATED
    reason: str = ""
    message: str = ""
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    stop_asked_by: str | None = None  # a person or `newer plan`; nothing starts from then on
    chain: str = ""  # id of the first run of its chain (restarts included): the seed of its draws
    params: Mapping[str, Json] | None = None  # resolved inputs of the flow, once known
    outputs: Mapping[str, Json] | None = None  # outputs that the flow itself declares, once it ended
    approved_by: str | None = None
    deadline_at: float | None = None  # of the whole run, from its first running status


class OpState(Record):
    """One op of a run. Rows exist only for ops to which something happened; all others are `created`."""

    path: str
    status: Status = Status.CREATED
    reason: str = ""
    message: str = ""
    attempt: str | None = None  # id of the current or last attempt
    attempts: int = 0  # how many were made
    failures: int = 0  # counted against termination.maxRetries
    disruptions: int = 0  # counted against a budget of their own
    started_at: float | None = None
    finished_at: float | None = None
    due_at: float | None = None  # a retry waits until then
    deadline_at: float | None = None  # from the op's first running status and its timeout
    stop_asked_at: float | None = None  # what happened before is no consequence of the stop
    params: Mapping[str, Json] | None = None  # resolved inputs, once known
    outputs: Mapping[str, Json] | None = None
    artifacts: str | None = None  # attempt whose artifacts directory is the op's (of a cache hit too)
    cache_key: str | None = None
    cached_from: str | None = None  # attempt that a cache hit or a takeover copied
    condition: str | None = None  # what a false condition was evaluated with, for people
    approved_by: str | None = None
    sweep: Mapping[str, Json] | None = None  # resolved values or space, seed, planned; of a matrix op alone
    passed: tuple[Status, ...] = ()  # statuses ever reached, for event edges
    measured: Mapping[str, Json] | None = None  # metric -> [how often, best so far]; only where early stopping compares


@dataclass(frozen=True, slots=True)
class AttemptPaths:
    """Where an attempt finds its files, in the eyes of the op (a directory of this machine, or of a pod)."""

    context: str  # parent of the artifacts directories
    artifacts: str  # this attempt's directory
    outputs: str  # its outputs directory
    code: str  # the working directory with the commit's tree


class Layout(Protocol):
    """Tells where attempts have their files; the executor's, and pure."""

    def __call__(self, attempt: str) -> AttemptPaths: ...


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What templates and the environment may say of a run; the same for all of its ops."""

    flow: str  # name
    repository: str  # name, `owner/name` or a plain name
    commit: str
    branch: str
    namespace: str = ""
    cloning_kind: str | None = None  # restart, copy, resume
    original: str | None = None  # id of the run that this one restarts
    proposal: str = ""  # that this is a trial run of; "" = of the default branch, or of nobody's


class AttemptSpec(Record):
    """All that an executor needs to start one attempt; every template is rendered. JSON-encodable, never changed."""

    attempt: str
    run: str  # the run that made it
    op: str  # path
    number: int  # from 1
    kind: str  # job or service
    flow: str
    repository: str
    commit: str
    run_section: Mapping[str, Json]  # rendered: container {image, command, args, env, resources}, init, sidecars, …
    env: Mapping[str, str] = {}  # params with toEnv
    params: Mapping[str, Json] = {}
    init: tuple[Mapping[str, Json], ...] = ()  # run_section.init and params with toInit
    connections: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    timeout: float | None = None  # seconds, for information; the engine enforces it
    namespace: str = ""
    queue: str | None = None
    labels: Mapping[str, str] = {}


# --- facts: what has happened -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Observed:
    """An executor saw an attempt in a status. `disruption` tells a lost node or eviction from a failure of the code."""

    attempt: str
    status: Status
    at: float
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    started_at: float | None = None
    outputs: Mapping[str, Json] | None = None  # with a final status: what the op wrote
    disruption: bool = False


@dataclass(frozen=True, slots=True)
class Performed:
    """What came of an intent to start or stop an attempt. `outcome`: done, refused, unknown, again."""

    attempt: str
    verb: str  # start or stop
    outcome: str
    at: float
    reason: str = ""
    message: str = ""
    again_at: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A live metric of an attempt."""

    attempt: str
    name: str
    value: float
    at: float
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A person asked for something: stop, skip, approve, resume, take_over. `op` None speaks of the whole run."""

    request: str
    verb: str
    by: str
    at: float
    op: str | None = None


@dataclass(frozen=True, slots=True)
class CacheAnswer:
    """The answer to LookUpCache: a succeeded attempt of an earlier run, or None."""

    path: str
    attempt: str | None
    outputs: Mapping[str, Json] | None = None
    artifacts: str | None = None


@dataclass(frozen=True, slots=True)
class JoinAnswer:
    """The answer to RunJoins: for each join of the op, its rows in order, each a mapping of fields to values."""

    path: str
    rows: tuple[tuple[Mapping[str, Json], ...], ...]


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """The flow's instance of a service op, as its step sees it: ready, or failed with a reason."""

    path: str
    ready: bool
    at: float
    reason: str = ""
    message: str = ""
    outputs: Mapping[str, Json] | None = None


Fact = Observed | Performed | Measured | Asked | CacheAnswer | JoinAnswer | ServiceSeen
