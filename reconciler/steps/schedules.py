"""Schedules of flows: which ticks are to be started now, given what was served. The calendar is engine/schedules.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reconciler.engine.schedules import due, next_tick
from reconciler.flows.model import Schedule
from reconciler.plan.encoding import decode, digest, encode
from reconciler.records import RunRow, ScheduleRow

TICK = "tick:"


@dataclass(frozen=True, slots=True)
class Served:
    """Ticks to start now, live runs that give way to them, and the schedule as it stands then."""

    row: ScheduleRow
    ticks: tuple[float, ...] = ()
    replaced: tuple[RunRow, ...] = ()
    skipped: float | None = None  # the last tick that was served without a run


def occurrence(tick: float) -> str:
    """The occurrence of a tick: its UTC instant, so that one tick is one run."""
    return TICK + datetime.fromtimestamp(tick, UTC).isoformat().replace("+00:00", "Z")


def registered(flow: str, schedule: Schedule | None, known: ScheduleRow | None, now: float) -> ScheduleRow | None:
    """The row of a flow's schedule as it is declared now; counters start anew only when the schedule itself changes.

    None: the flow has no schedule and never had one.
    """
    if schedule is None:
        return None if known is None else replace(known, hash="", done=True, next_at=None)
    hashed = digest(schedule)[:20]
    if known is not None and known.hash == hashed:
        return known
    return ScheduleRow(flow, hashed, encode(schedule), registered_at=now, next_at=next_tick(schedule, None, now))


def serve(row: ScheduleRow, live: Sequence[RunRow], now: float) -> Served:
    """The ticks of a schedule up to `now`. `live` are the live runs of its flow, ticks and others."""
    schedule = decode(row.schedule_json, Schedule)
    running = [run for run in live if run.occurrence.startswith(TICK)]
    asked = due(schedule, row.last_tick, row.registered_at, row.runs, now, bool(running))
    served = replace(
        row,
        last_tick=asked.last_tick,
        next_at=asked.next_at,
        done=asked.done,
        runs=row.runs + len(asked.ticks),
    )
    skipped = asked.last_tick if asked.last_tick != row.last_tick and not asked.ticks else None
    return Served(served, asked.ticks, tuple(running) if asked.replace else (), skipped)
