"""When something more may be spent: sliding windows over slots of ten seconds. Pure; slots are kept by the store.

A slot is counted as if all of it had been spent at its end, so that no window ever holds more than its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

SLOT = 10.0  # s


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent in a slot, `slot` × SLOT being its beginning in seconds since the epoch."""

    slot: int
    points: int
    writes: int


@dataclass(frozen=True, slots=True)
class Window:
    """At most so much in any `seconds`; None = no limit."""

    seconds: float
    points: int | None = None
    writes: int | None = None


def seconds_until(spent: Sequence[Spent], now: float, windows: Sequence[Window], points: int, writes: int) -> float:
    """Seconds until so much more fits into every window, 0.0 = now. What fits in no case waits a whole window."""
    return max((_until(spent, now, window, points, writes) for window in windows), default=0.0)


def _until(spent: Sequence[Spent], now: float, window: Window, points: int, writes: int) -> float:
    waits = (
        _one_until(spent, now, window.seconds, limit, more, measure)
        for limit, more, measure in (
            (window.points, points, lambda one: one.points),
            (window.writes, writes, lambda one: one.writes),
        )
        if limit is not None and more
    )
    return max(waits, default=0.0)


def _one_until(
    spent: Sequence[Spent], now: float, seconds: float, limit: int, more: int, measure: Callable[[Spent], int]
) -> float:
    leaving = sorted((one for one in spent if _leaves(one, seconds) > now), key=lambda one: one.slot)
    total = sum(measure(one) for one in leaving) + more
    if total <= limit:
        return 0.0
    for one in leaving:
        total -= measure(one)
        if total <= limit:
            return _leaves(one, seconds) - now
    return seconds


def _leaves(one: Spent, seconds: float) -> float:
    return (one.slot + 1) * SLOT + seconds
