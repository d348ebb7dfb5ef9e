"""What the engine decides: actions, questions, lines of the history. What it decides on is in model.py.

An action is an intent: a step commits it first and performs it later; questions are answered in the same step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.engine.model import AttemptSpec, OpState, RunState, Status
from reconciler.plan.encoding import Record


class StartAttempt(Record):
    """Intend to start an attempt; performed by a later step, after this was committed."""

    path: str
    spec: AttemptSpec


@dataclass(frozen=True, slots=True)
class StopAttempt:
    """Intend to stop a live attempt; voids its start if that was not performed yet."""

    path: str
    attempt: str
    reason: str


@dataclass(frozen=True, slots=True)
class LookUpCache:
    """A question: is there an earlier result under `key`, not older than `not_before`? Answered in the same step."""

    path: str
    key: str
    not_before: float | None = None


@dataclass(frozen=True, slots=True)
class RunJoins:
    """A question: the rows of these queries (templates rendered). `within` is the op whose children are asked for."""

    path: str
    queries: tuple[JoinQuery, ...]


@dataclass(frozen=True, slots=True)
class JoinQuery:
    """One join, ready to be asked. `fields` are the values that are read of each row (`outputs.loss`, …)."""

    query: str
    sort: str | None
    limit: int
    offset: int
    fields: tuple[str, ...]
    within: str | None = None  # path of an op of this run: only its children


@dataclass(frozen=True, slots=True)
class DeclareService:
    """Tell the flow that a service op wants its instance so; the flow's step acts on it."""

    path: str
    spec: AttemptSpec


Action = StartAttempt | StopAttempt | LookUpCache | RunJoins | DeclareService


class Transition(Record):
    """One line of the history: an op (or with path "" the run) changed its status."""

    path: str
    status: Status
    at: float
    reason: str = ""
    message: str = ""
    attempt: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How many attempts may still start now: in this place, and per queue; None = no limit."""

    slots: int | None = None
    queues: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Decision:
    """What a batch of facts came to. Only what changed is listed, so that what is written follows it."""

    ops: list[OpState] = field(default_factory=list)
    run: RunState | None = None  # None: unchanged
    actions: list[Action] = field(default_factory=list)
    history: list[Transition] = field(default_factory=list)
    look_again_at: float | None = None  # a retry, a deadline
    starved: bool = False  # ops are ready but `Limits` let none start
