"""When a schedule ticks, and which ticks are to start now. Starting runs and keeping what was served lives elsewhere.

Times are seconds since the epoch, UTC. What was served is told by the last tick, an instant: a clock that goes back
repeats nothing, and a tick is never served twice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from reconciler.flows.cron import cron_expression
from reconciler.flows.durations import seconds
from reconciler.flows.model import Schedule

ALL = 100
"""At most so many missed ticks are made up for."""

GRACE = 60.0
"""Seconds by which a tick may be late without being missed: the time to notice a merge or to restart a service."""

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True, slots=True)
class Due:
    """What a schedule asks for now.

    `ticks` are to be started, oldest first; `last_tick` is the last one that is served then, started or not. `next_at`
    is when to look again, None: not before the running run ends, or never (`done`).
    """

    ticks: tuple[float, ...]
    last_tick: float | None
    next_at: float | None
    done: bool
    replace: bool = False  # the running run gives way


def next_tick(schedule: Schedule, after: float | None, registered_at: float) -> float | None:
    """The first tick after `after`, or with None the first of all. None: there is none any more.

    The first tick is `startAt` where it is given (as in Polyaxon, for cron as well) and not long past at registration.
    Raises ValueError with a sentence for a schedule that cannot be computed.
    """
    first = _first(schedule, registered_at)
    if after is None or (first is not None and after < first):
        candidate = first if first is not None else _following(schedule, registered_at, registered_at)
    else:
        candidate = _following(schedule, after, registered_at)
    end = _instant(schedule.end_at, "endAt")
    return candidate if candidate is not None and (end is None or candidate < end) else None


def due(
    schedule: Schedule, last_tick: float | None, registered_at: float, runs: int, now: float, running: bool = False
) -> Due:
    """Which ticks up to `now` are to be started. `runs` counts those that were; `running`: one of them still lives.

    Ticks that nobody served in time are treated as `missed` says. Raises ValueError as `next_tick`.
    """
    left = math.inf if schedule.max_runs is None else schedule.max_runs - runs
    if left <= 0:
        return Due((), last_tick, None, True)
    passed = _passed(schedule, last_tick, registered_at, now)
    if passed and running and schedule.depends_on_past:
        return Due((), last_tick, None, False)
    chosen = _chosen(schedule, passed, now)[: 1 if schedule.depends_on_past else None]
    chosen = chosen[: int(min(left, ALL))]
    served = _served(schedule, passed, chosen, last_tick)
    started = _not_overlapping(schedule, chosen, running)
    following = next_tick(schedule, served, registered_at)
    done = following is None or left - len(started) <= 0
    return Due(started, served, None if done else following, done, bool(started) and _gives_way(schedule, running))


def overlap(schedule: Schedule, running: bool) -> Literal["start", "skip", "replace"]:
    """What becomes of a tick, given whether a run of the schedule still lives."""
    if not running or schedule.overlap == "allow":
        return "start"
    return "replace" if schedule.overlap == "replace" else "skip"


def _gives_way(schedule: Schedule, running: bool) -> bool:
    return overlap(schedule, running) == "replace"


def _not_overlapping(schedule: Schedule, ticks: tuple[float, ...], running: bool) -> tuple[float, ...]:
    """Of ticks that would be started at once, only as many as may run beside each other."""
    match overlap(schedule, running or len(ticks) > 1):
        case "start":
            return ticks
        case "replace":
            return ticks[-1:]
        case "skip":
            return () if running else ticks[:1]


def _served(
    schedule: Schedule, passed: tuple[float, ...], chosen: tuple[float, ...], last_tick: float | None
) -> float | None:
    if schedule.depends_on_past and schedule.missed == "all" and chosen:
        return chosen[-1]  # the others follow one by one
    return passed[-1] if passed else last_tick


def _chosen(schedule: Schedule, passed: tuple[float, ...], now: float) -> tuple[float, ...]:
    if schedule.missed == "all":
        return passed
    on_time = passed and now - passed[-1] <= GRACE
    return passed[-1:] if schedule.missed == "one" or on_time else ()


def _passed(schedule: Schedule, last_tick: float | None, registered_at: float, now: float) -> tuple[float, ...]:
    """Unserved ticks up to `now`, oldest first, the last ALL of them."""
    first = next_tick(schedule, last_tick, registered_at)
    if first is None or first > now:
        return ()
    end = _instant(schedule.end_at, "endAt")
    latest = now if end is None else min(now, math.nextafter(end, 0))
    later = takewhile(lambda tick: tick > first, _backwards(schedule, latest, registered_at))
    newest = list(islice(later, ALL))
    ticks = [*([] if len(newest) == ALL else [first]), *reversed(newest)]
    return tuple(ticks)


def _first(schedule: Schedule, registered_at: float) -> float | None:
    start = _instant(schedule.start_at, "startAt")
    return start if start is not None and start > registered_at - GRACE else None


def _following(schedule: Schedule, after: float, registered_at: float) -> float | None:
    """The first tick strictly after an instant, by the calendar alone."""
    match schedule.kind:
        case "cron":
            return _following_cron(schedule, after)
        case "interval":
            anchor, frequency = _grid(schedule, registered_at)
            step = math.floor((after - anchor) / frequency) + 1
            tick = anchor + step * frequency
            return tick if tick > after else anchor + (step + 1) * frequency  # where the division rounded up
        case _:
            return None


def _following_cron(schedule: Schedule, after: float) -> float | None:
    """CronSim counts whole seconds from the one it is given, and where clocks go back by half an hour it loses a tick,
    which it finds when it is asked backwards.
    """
    found = next((tick for tick in _cron_ticks(schedule, math.floor(after)) if tick > after), None)
    while found is not None:
        before = next(_cron_ticks(schedule, math.floor(found), reverse=True), None)
        if before is None or before <= after:
            break
        found = before
    return found


def _backwards(schedule: Schedule, latest: float, registered_at: float) -> Iterator[float]:
    """Ticks of the calendar up to an instant, the newest first, without end."""
    match schedule.kind:
        case "cron":
            yield from _cron_ticks(schedule, math.floor(latest) + 1, reverse=True)
        case "interval":
            anchor, frequency = _grid(schedule, registered_at)
            step = math.floor((latest - anchor) / frequency)
            while True:
                yield anchor + step * frequency
                step -= 1


def _grid(schedule: Schedule, registered_at: float) -> tuple[float, float]:
    frequency = seconds(schedule.frequency)
    if frequency is None or frequency <= 0:
        raise ValueError(f"Give the schedule's frequency as a duration of more than 0 s, not {schedule.frequency!r}.")
    start = _instant(schedule.start_at, "startAt")
    return (registered_at if start is None else start), frequency


def _cron_ticks(schedule: Schedule, start: int, reverse: bool = False) -> Iterator[float]:
    zone = ZoneInfo(schedule.timezone)
    try:
        begin = datetime.fromtimestamp(start, UTC if schedule.timezone == "UTC" else zone)
        calendar = CronSim(_for_cronsim(cron_expression(schedule.cron or "")), begin, reverse=reverse)
    except CronSimError as error:
        raise ValueError(f"The cron expression `{schedule.cron}` cannot be read: {error}.") from error
    for moment in calendar:
        yield moment.timestamp()


def _for_cronsim(expression: str) -> str:
    """The five fields as CronSim writes them: no `?`, days of the week as numbers, ranges that do not wrap around."""
    minute, hour, day, month, weekday = expression.lower().replace("?", "*").split()
    numbered = re.sub("|".join(_DAYS), lambda found: str(_DAYS.index(found[0])), weekday)
    return " ".join([minute, hour, day, month, ",".join(map(_unwrapped, numbered.split(",")))])


def _unwrapped(part: str) -> str:
    found = re.fullmatch(r"(\d)-(\d)(?:/(\d+))?", part)
    if found is None or int(found[1]) <= int(found[2]):
        return part.replace("#l", "l")
    days = [day % 7 for day in range(int(found[1]), int(found[2]) + 8)][:: int(found[3] or 1)]
    return ",".join(map(str, dict.fromkeys(days)))


def _instant(text: str | None, field: str) -> float | None:
    """ISO 8601, UTC where it says no offset."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"Give the schedule's {field} as a time such as 2026-01-31T08:00:00Z, not {text!r}.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
