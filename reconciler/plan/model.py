"""A plan: one flow made ready to run, as plain frozen data. Building, hashing and comparing plans live beside it.

A plan is a function of the flow, what it refers to, the params it was given and the code id. Places (file, line) are
kept for what is said to people and take no part in the hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.flows.model import IO, Cache, EarlyStopping, Json, Schedule, Trigger

HASH_VERSION = 3  # raised when the same text would hash differently; plans of another version are compiled anew


@dataclass(frozen=True, slots=True)
class Source:
    """Where a param gets its value.

    `kind`: `value` (a literal; strings in it may be templates), `op` (`field` of a sibling: `outputs.loss`, `inputs.x`,
    `artifacts`, `artifacts.model`, `globals.status`, `outputs` …), `dag` (`field` of the parent dag: `inputs.x`),
    `join` (a column of join number `join`: `field` as `op`), `matrix` (the child's combination), `none` (the input's
    default, or missing). `op` indexes the ops of the graph.
    """

    kind: str
    value: Json = None
    op: int | None = None
    field: str = ""
    join: int | None = None
    context_only: bool = False
    connection: str | None = None
    to_init: bool | None = None
    to_env: str | None = None


@dataclass(frozen=True, slots=True)
class EventEdge:
    """The op starts when sibling `op` reaches one of `statuses` (without the `run_status_` prefix)."""

    op: int
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedMatrix:
    """A sweep: values or searched params as written; templates in them are resolved once, when the sweep starts."""

    kind: str
    values: Json = None
    params: tuple[tuple[str, Mapping[str, Json]], ...] = ()  # (name, {kind, value}) as declared: a grid's order
    num_runs: int | str | None = None
    seed: int | str | None = None
    concurrency: int | str | None = None
    early_stopping: tuple[EarlyStopping, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedJoin:
    """A query whose rows become list-valued params. `op` is the sibling whose children it is narrowed to."""

    query: str
    op: int | None = None
    sort: str | None = None
    limit: int | str | None = None
    offset: int | str | None = None


@dataclass(frozen=True, slots=True)
class PlannedHook:
    """Runs after its op is done. `trigger` is a final status or `done`; `op` is complete but for the parent's facts."""

    op: PlannedOp
    trigger: str
    conditions: str | None = None
    disable_defaults: bool = False


@dataclass(frozen=True, slots=True)
class PlannedOp:
    """One op with everything decided that can be decided before it runs.

    `run` is the run section as plain data after presets, patches and inheritance, templates unrendered, without a
    dag's operations. `upstream` and `downstream` index the ops of the same graph: all that it waits for, event sources
    included, and all that wait for it. `reads` are the upstreams whose outputs or artifacts it needs. `critical` is the
    number of ops on the longest way from here to an end.
    """

    name: str
    kind: str
    run: Mapping[str, Json]
    component: str | None = None
    inputs: tuple[IO, ...] = ()
    outputs: tuple[IO, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    graph: Graph | None = None
    matrix: PlannedMatrix | None = None
    upstream: tuple[int, ...] = ()
    downstream: tuple[int, ...] = ()
    events: tuple[EventEdge, ...] = ()
    reads: tuple[int, ...] = ()
    trigger: Trigger = Trigger.ALL_SUCCEEDED
    conditions: str | None = None
    skip_on_upstream_skip: bool = False
    is_approved: bool | str | None = None
    joins: tuple[PlannedJoin, ...] = ()
    hooks: tuple[PlannedHook, ...] = ()
    cache: Cache = field(default_factory=Cache)
    max_retries: int | str | None = None
    timeout: int | str | None = None
    ttl: int | str | None = None
    queue: str | None = None
    namespace: str | None = None
    tags: tuple[str, ...] = ()
    plugins: Mapping[str, Json] = field(default_factory=dict)
    critical: int = 1
    file: str = ""  # place: not hashed
    line: int = 0  # place: not hashed
    unsupported: str | None = None  # why nothing can run this kind yet; refused at the start of a run


@dataclass(frozen=True, slots=True)
class Graph:
    """The ops of a dag in order of declaration, compiled: `roots` have no upstream."""

    ops: tuple[PlannedOp, ...]
    roots: tuple[int, ...]
    concurrency: int | str | None = None
    early_stopping: tuple[EarlyStopping, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One flow, ready to run. `hash` covers everything but places; `core_hash` leaves out the code id as well."""

    flow: str
    file: str
    root: PlannedOp
    code: str = ""  # code id, "" where the flow's settings say `code: none`
    schedule: Schedule | None = None
    hash: str = ""
    core_hash: str = ""
    version: int = HASH_VERSION

    @property
    def graph(self) -> Graph:
        """The ops at the top: a plain dag's own, else the root alone. Their names are the first part of op paths."""
        if self.root.graph is not None and self.root.matrix is None:
            return self.root.graph
        return Graph(ops=(self.root,), roots=(0,))
