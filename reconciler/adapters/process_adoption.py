"""Finding out what became of an attempt that somebody claimed: it runs, it has ended, or it is lost for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.adapters.process_outcome import ended, lost, stopped
from reconciler.adapters.process_records import (
    NEVER,
    Folder,
    Record,
    is_alive,
    is_of_this_boot,
    mark,
    pid_of,
    read_record,
    stat_fields,
    time_of,
)
from reconciler.engine.model import Observed


@dataclass(frozen=True, slots=True)
class Found:
    """`supervised` by a process that lives, or the `final` observation, or neither: unclaimed, or being started now.

    `abandoned`: it is final as nobody is left who could tell how it ends, and it may still run.
    """

    supervised: bool = False
    final: Observed | None = None
    abandoned: bool = False


def find(folder: Folder, now: float, may_start: Callable[[str, str], bool]) -> Found:
    """What is known of an attempt. One that has no supervisor is lost from here on, unless its writer may start it."""
    record = read_record(folder)
    if record is None:
        return Found()
    if record.writer == NEVER:
        return Found(final=stopped(folder.attempt, now, None))
    if record.exit is None and record.supervisor is None and may_start(record.writer, folder.attempt):
        return Found()
    return _found(folder, record) or give_up(folder, now)


def give_up(folder: Folder, now: float) -> Found:
    """The same, for one that nobody is left to start.

    It is marked before the record is read once more: a supervisor that comes late writes who it is before it looks for
    the mark, so that either we see it or it sees us.
    """
    mark(folder.lost)
    record = read_record(folder) or Record("")
    return _found(folder, record) or Found(final=without_exit(folder, record, now), abandoned=True)


def without_exit(folder: Folder, record: Record, now: float) -> Observed:
    """The final observation of an attempt whose supervisor is gone and wrote no exit."""
    if time_of(folder.stop) is not None:
        return stopped(folder.attempt, now, record.started_at)
    return lost(folder.attempt, now, record.started_at, rebooted=not is_of_this_boot(record.writer))


def _found(folder: Folder, record: Record) -> Found | None:
    if record.exit is not None:
        return Found(final=ended(folder, record.exit, record.started_at, oom=False))
    return Found(supervised=True) if record.supervisor is not None and is_alive(record.supervisor) else None


def running_pid(record: Record) -> int | None:
    """The process that runs for an attempt now; None if it is over, or its process id may be somebody else's by now.

    As long as its supervisor lives, the op's process is a child of that.
    """
    if record.exit is not None or record.pid is None or record.supervisor is None or not is_alive(record.supervisor):
        return None
    fields = stat_fields(record.pid)
    return record.pid if fields is not None and int(fields[1]) == pid_of(record.supervisor) else None
