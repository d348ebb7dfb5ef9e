"""Why a step could not go on, and who must act next. Adapters raise these; the loop answers them."""

from __future__ import annotations

from datetime import timedelta

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
