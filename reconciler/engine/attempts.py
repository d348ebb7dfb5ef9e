"""Names and delays of attempts: functions of the run, the op and a number, so that every replica comes to the same."""

from __future__ import annotations

from hashlib import sha256
from random import Random

BASE_DELAY = 2.0  # seconds before the first retry, before jitter; doubles with each
MAX_DELAY = 300.0
MAX_DISRUPTIONS = 3  # evictions, lost nodes and the like that an op survives beside its own retries


def attempt_id(run: str, plan: str, commit: str, path: str, number: int) -> str:
    """The id of the `number`th attempt (from 1) of an op: 20 hexadecimal digits.

    `plan`: its hash. A database that was restored counts the runs of a flow anew, and its next one may have the id that
    a run of another plan or commit had: what that one did must not be taken for its own.
    """
    return sha256(f"{run}\n{plan}\n{commit}\n{path}\n{number}".encode()).hexdigest()[:20]


def has_come(at: float | None, now: float, longest: float) -> bool:
    """Whether it is time for what waits for `at`, which was `longest` seconds away at most when that was decided.

    What is further away was decided before the clock was set back.
    """
    return at is None or at <= now or at > now + longest


def retry_delay(run: str, path: str, number: int) -> float:
    """Seconds to wait after the `number`th bad end (from 1): doubling, capped, half of it jitter."""
    delay = min(MAX_DELAY, BASE_DELAY * 2.0 ** min(number - 1, 32))
    return delay * (0.5 + 0.5 * Random(f"{run}\n{path}\n{number}").random())  # noqa: S311 - spreads retries, guards nothing
