"""The language as frozen values: what a Polyaxonfile means once it was read. Reading and judging live beside it.

Every value keeps the `Node` it was read from, so that any later finding can point at the author's line. Nodes take no
part in comparison: two files that say the same are equal wherever their lines stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reconciler.flows.findings import Finding
from reconciler.flows.nodes import Node, Spelling

Json = Any  # None, bool, int, float, str, list[Json] or dict[str, Json]


class Trigger(StrEnum):
    """When an op with upstreams starts (the table is in engine/triggers.py)."""

    ALL_SUCCEEDED = "all_succeeded"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ONE_SUCCEEDED = "one_succeeded"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"


@dataclass(frozen=True, slots=True)
class IO:
    """A declared input or output of a component."""

    name: str
    type: str | None = None  # canonical: int, float, str, bool, dict, list, path, metric, …, None = any
    is_list: bool = False
    is_optional: bool = False  # true as well when it has a value
    is_flag: bool = False
    has_value: bool = False
    value: Json = None
    arg_format: str | None = None
    connection: str | None = None
    to_init: bool = False
    to_env: str | None = None
    validation: Mapping[str, Json] = field(default_factory=dict)  # canonical keys of V1Validation but `delay`
    delay_validation: bool | None = None  # None: inputs at once, outputs when the op ends
    description: str | None = None
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Param:
    """What an op passes to an input. With a `ref` (`ops.<name>`, `dag`, `runs.<id>`) `value` names a field there."""

    value: Json = None
    has_value: bool = False
    ref: str | None = None
    context_only: bool | None = None
    connection: str | None = None
    to_init: bool | None = None
    to_env: str | None = None
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """`events: [{ref: ops.a, kinds: [run_status_running]}]`."""

    ref: str
    kinds: tuple[str, ...]
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Join:
    """A query over ops and runs whose rows become list-valued params."""

    query: str
    ref: str | None = None
    sort: str | None = None
    limit: int | str | None = None
    offset: int | str | None = None
    params: Mapping[str, Param] = field(default_factory=dict)
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Hook:
    """A component of the hub that runs after the op is done. `trigger` is a final status or `done`."""

    hub_ref: str
    trigger: str = "done"
    conditions: str | None = None
    connection: str | None = None
    presets: tuple[str, ...] = ()
    queue: str | None = None
    namespace: str | None = None
    params: Mapping[str, Param] = field(default_factory=dict)
    disable_defaults: bool = False
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Cache:
    """`cache:`; None means that nothing was said."""

    disable: bool | str | None = None
    ttl: int | str | None = None  # seconds
    io: tuple[str, ...] | None = None
    sections: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Termination:
    """`termination:`; numbers are counts and seconds, strings are templates."""

    max_retries: int | str | None = None
    timeout: int | str | None = None
    ttl: int | str | None = None
    culling_timeout: int | None = None
    probe: Mapping[str, Json] | None = None
    pod_failure_policy: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """`kind` is metric_early_stopping or failure_early_stopping; `policy` is its plain data (kind, percent, …)."""

    kind: str
    metric: str | None = None
    value: float | str | None = None
    optimization: str | None = None  # maximize or minimize
    percent: float | str | None = None
    policy: Mapping[str, Json] | None = None
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SearchParam:
    """A searched param: `kind` as in the reference 6.1 and its plain `value` (a template string is allowed)."""

    kind: str
    value: Json
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Matrix:
    """`matrix:` of any kind. `values` is of mapping, `params` of searches, `extra` holds what one kind alone has."""

    kind: str
    values: Json = None  # list of dicts, or a template string
    params: Mapping[str, SearchParam] = field(default_factory=dict)
    num_runs: int | str | None = None
    seed: int | str | None = None
    concurrency: int | str | None = None
    early_stopping: tuple[EarlyStopping, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Schedule:
    """`schedule:`. Times are ISO 8601 strings (UTC where no offset is given) or templates, frequency is in seconds."""

    kind: str  # cron, interval, datetime
    cron: str | None = None
    frequency: float | str | None = None
    start_at: str | None = None
    end_at: str | None = None
    max_runs: int | None = None
    depends_on_past: bool = False
    timezone: str = "UTC"
    overlap: str = "skip"  # allow, skip, replace
    missed: str = "one"  # skip, one, all
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a component kept elsewhere. `kind` is dag, path, hub or url."""

    kind: str
    value: str
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Run:
    """What a component runs. `data` is the canonical run section without a dag's operations and components.

    For a job or service: container, init, sidecars, volumes, connections, environment, ports, replicas, … as plain JSON
    in canonical spelling (root shortcuts, `cmd` and the seed's dialect already folded in).
    """

    kind: str  # job, service, dag, …
    data: Mapping[str, Json]
    operations: tuple[Operation, ...] = ()
    components: tuple[Component, ...] = ()
    concurrency: int | str | None = None
    early_stopping: tuple[EarlyStopping, ...] = ()
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The fields that operations and components share (Polyaxon's BaseOp); None or empty means not said."""

    description: str | None = None
    tags: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    queue: str | None = None
    namespace: str | None = None
    cache: Cache | None = None
    termination: Termination | None = None
    plugins: Mapping[str, Json] | None = None
    build: Mapping[str, Json] | None = None
    hooks: tuple[Hook, ...] = ()
    is_approved: bool | str | None = None
    cost: float | str | None = None
    mount: tuple[Json, ...] = ()


NO_SETTINGS = Settings()  # shared by all that say none, so that most are known by their identity


@dataclass(frozen=True, slots=True)
class Component:
    """Something that can run: declared inputs and outputs and one run section."""

    name: str | None
    inputs: tuple[IO, ...] = ()
    outputs: tuple[IO, ...] = ()
    run: Run | None = None
    settings: Settings = field(default_factory=Settings)
    template: bool = False
    defaults: Operation | None = None  # what it says of an operation's own: params, matrix, joins, a ref …
    file: str = ""
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """A component put to use: params, edges, conditions, matrix, schedule. Exactly one of `ref` and `component` is set
    in a complete operation; a fragment (preset, patch) may have neither."""

    name: str | None
    ref: Ref | None = None
    component: Component | None = None
    params: Mapping[str, Param] = field(default_factory=dict)
    strict_params: bool | None = None
    dependencies: tuple[str, ...] = ()
    trigger: Trigger | None = None
    conditions: str | None = None
    skip_on_upstream_skip: bool = False
    events: tuple[EventTrigger, ...] = ()
    joins: tuple[Join, ...] = ()
    matrix: Matrix | None = None
    schedule: Schedule | None = None
    run_patch: Mapping[str, Json] | None = None
    patch_strategy: str | None = None  # replace, isnull, post_merge, pre_merge
    is_preset: bool = False
    template: bool = False
    settings: Settings = field(default_factory=Settings)
    file: str = ""
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Flow:
    """One document of a flow file. A component at the root becomes the inline component of an operation of its name."""

    name: str
    file: str
    operation: Operation
    is_component: bool  # the document said (or meant) `kind: component`
    document: int = 0  # index of the document in its file
    node: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """All that a file holds, and all that is wrong with it. `flows` holds every document that could be read."""

    file: str
    flows: tuple[Flow, ...]
    findings: tuple[Finding, ...]
    spellings: tuple[Spelling, ...] = field(default=(), compare=False, repr=False)  # places in older forms
