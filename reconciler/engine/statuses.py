"""The table of statuses: which may follow which, and what an observed status implies. Who moves is not here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from reconciler.engine.model import FINAL, Status

S = Status
_LIVE: Final = frozenset({S.SCHEDULED, S.STARTING, S.RUNNING, S.PROCESSING, S.WARNING, S.UNSCHEDULABLE, S.UNKNOWN})
_ENDS: Final = FINAL | {S.STOPPING, S.RETRYING}

# Progress goes one way: a late `starting` after `running` is no news. Trouble (warning, unknown …) may pass.
ALLOWED: Final[Mapping[Status, frozenset[Status]]] = {
    S.CREATED: frozenset({S.ON_SCHEDULE, S.COMPILED, S.QUEUED}) | _LIVE | FINAL | {S.STOPPING},
    S.ON_SCHEDULE: frozenset({S.COMPILED, S.QUEUED}) | _LIVE | FINAL | {S.STOPPING},
    S.RESUMING: frozenset({S.COMPILED, S.QUEUED}) | _LIVE | FINAL | {S.STOPPING},
    S.COMPILED: frozenset({S.QUEUED}) | _LIVE | _ENDS,
    S.QUEUED: _LIVE | _ENDS,
    S.SCHEDULED: (_LIVE - {S.SCHEDULED}) | _ENDS,
    S.STARTING: (_LIVE - {S.SCHEDULED, S.STARTING}) | _ENDS,
    S.RUNNING: frozenset({S.PROCESSING, S.WARNING, S.UNKNOWN}) | _ENDS,
    S.PROCESSING: frozenset({S.WARNING, S.UNKNOWN}) | _ENDS,
    S.WARNING: (_LIVE - {S.WARNING}) | _ENDS,
    S.UNSCHEDULABLE: (_LIVE - {S.UNSCHEDULABLE}) | _ENDS,
    S.UNKNOWN: (_LIVE - {S.UNKNOWN}) | _ENDS,
    S.STOPPING: FINAL,
    S.RETRYING: frozenset({S.COMPILED, S.QUEUED, S.STOPPING}) | FINAL,
    **{final: frozenset({S.RESUMING, S.CREATED}) for final in FINAL},  # only when a run is resumed
}

_PATH: Final = (S.CREATED, S.COMPILED, S.QUEUED, S.SCHEDULED, S.STARTING, S.RUNNING, S.PROCESSING)


def may_follow(current: Status, status: Status) -> bool:
    """Whether an op in `current` may move to `status`; moving to where it stands is not a move."""
    return status in ALLOWED[current]


def implied_by(status: Status, was_started: bool) -> tuple[Status, ...]:
    """All statuses that an op has passed once it is seen in `status`, itself last.

    `succeeded`, or any end with a recorded start, implies `running`, whatever was observed before.
    """
    if status is S.SUCCEEDED:
        return (*_PATH, status)
    if status in FINAL:
        return (*_PATH[: _PATH.index(S.RUNNING) + 1], status) if was_started else (S.CREATED, status)
    return _PATH[: _PATH.index(status) + 1] if status in _PATH else (S.CREATED, status)


@lru_cache(maxsize=4096)  # there are few, and so the ops of a run share them
def passed_by(passed: tuple[Status, ...], status: Status, was_started: bool) -> tuple[Status, ...]:
    """What an op that had `passed` some statuses has passed once it is seen in `status`, in order."""
    return (*passed, *(one for one in implied_by(status, was_started) if one not in passed))
