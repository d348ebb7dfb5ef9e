"""The queue: keys that wait for a person, that fail again and again, that nobody takes, that the dead hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from console.doctor.model import Examined, fine, problem, warning
from reconciler.checks.words import clip, count, duration, line
from reconciler.errors import INTERNAL_ERROR

if TYPE_CHECKING:
    from reconciler.adapters.sql.condition import QueuedKey

_OFTEN = 3  # failures in a row
_LATE = 30.0  # seconds that a due key may wait while somebody works
_SHOWN = 10  # of each sort


def judge_keys(keys: Sequence[QueuedKey], now: float, works: bool, gone: Callable[[str], bool]) -> Iterator[Examined]:
    """What the queue tells. `works`: somebody takes keys; `gone`: whether the owner of a lease is dead for sure."""
    told = [
        *_some("key-parked", [_parked(key) for key in keys if key.parked]),
        *_some("key-failing", [_failing(key) for key in keys if not key.parked and key.attempts >= _OFTEN]),
        *_some("lease-dead", [_dead(key, works) for key in keys if key.owner and gone(key.owner)]),
        *_waiting([key for key in keys if not key.owner and not key.parked and key.ready_at <= now], now, works),
    ]
    yield from told
    if not told:
        yield fine("queue", f"{count(len(keys), 'key')}, none of them stuck.")


def _some(check: str, found: list[Examined]) -> Iterator[Examined]:
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        worst = problem if any(one.level == "problem" for one in found) else warning
        yield worst(check, f"{len(found) - _SHOWN} more like these.")


def _parked(key: QueuedKey) -> Examined:
    if key.reason == INTERNAL_ERROR:
        do = "Report it with the log of the service. A restart of the service tries it once more."
    else:
        do = "Mend what it says; a new commit, or a restart of the service, has it looked at again."
    return problem("key-parked", f"It is not tried any more: {_why(key)}", key.key, do)


def _failing(key: QueuedKey) -> Examined:
    what = f"It has failed {key.attempts} times in a row: {_why(key)}"
    if key.reason == INTERNAL_ERROR:
        do = "Report it with the log of the service; it is tried again, then parked."
        return problem("key-failing", what, key.key, do)
    return warning("key-failing", what, key.key, "It is tried again by itself once the cause is gone.")


def _dead(key: QueuedKey, works: bool) -> Examined:
    do = "It is taken up when its lease runs out." if works else "The next `headgate serve` takes it up at once."
    return warning("lease-dead", "It is held by a service that was killed.", key.key, do)


def _waiting(due: Sequence[QueuedKey], now: float, works: bool) -> Iterator[Examined]:
    if not due:
        return
    late = now - due[0].ready_at
    what = f"{count(len(due), 'key is', 'keys are')} due, the oldest for {duration(late)}."
    if works and late > _LATE:
        do = "The service does not take it: look at its log, then restart it (nothing is lost by that)."
        yield problem("queue", what, due[0].key, do)
    elif not works:
        yield warning("queue", what, due[0].key, "Start `headgate serve`.")


def _why(key: QueuedKey) -> str:
    return f"{clip(line(key.message), 300)} ({key.reason})"
