"""Finding out what became of an attempt that somebody claimed: it runs, it has ended, or it is lost for good."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.adapters.process_outcome import ended, lost, stopped
from reconciler.adapters.process_records import (
    NEVER,
    Folder,
    claimed_by,
    exit_record,
    is_alive,
    is_of_this_boot,
    mark,
    started_at,
    supervisor_pid,
    time_of,
)
from reconciler.adapters.process_supervisor import supervises
from reconciler.engine.model import Observed


@dataclass(frozen=True, slots=True)
class Found:
    """`pid` of a living supervisor, or the `final` observation, or neither: unclaimed, or being started just now."""

    pid: int | None = None
    final: Observed | None = None


def find(folder: Folder, with_init: bool, now: float) -> Found:
    """What is known of an attempt. One whose starter is gone and that has no supervisor is lost from here on.

    It is marked before the pid is read once more: a supervisor that comes late writes its pid before it looks for the
    mark, so that either we see it or it sees us.
    """
    writer = claimed_by(folder)
    if writer is None:
        return Found()
    if writer == NEVER:
        return Found(final=stopped(folder.attempt, now, None))
    found = _living(folder) or _written(folder, with_init)
    if found is None and supervisor_pid(folder) is None and is_alive(writer):
        return Found()
    return found or _give_up(folder, writer, with_init, now)


def without_record(folder: Folder, with_init: bool, now: float, rebooted: bool = False) -> Observed:
    """The final observation of an attempt whose supervisor is gone and wrote no exit record."""
    began = started_at(folder, with_init)
    if time_of(folder.stop) is not None:
        return stopped(folder.attempt, now, began)
    return lost(folder.attempt, now, began, rebooted)


def _living(folder: Folder) -> Found | None:
    pid = supervisor_pid(folder)
    return Found(pid=pid) if pid is not None and supervises(pid, folder) else None


def _written(folder: Folder, with_init: bool) -> Found | None:
    record = exit_record(folder)
    return Found(final=ended(folder, record, started_at(folder, with_init), oom=False)) if record else None


def _give_up(folder: Folder, writer: str, with_init: bool, now: float) -> Found:
    mark(folder.lost)
    return (
        _living(folder)
        or _written(folder, with_init)
        or Found(final=without_record(folder, with_init, now, rebooted=not is_of_this_boot(writer)))
    )
