"""Attempts of a data directory as they are, for whoever examines them: nothing is marked, claimed or mended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from reconciler.adapters.process_adoption import running_pid
from reconciler.adapters.process_records import NEVER, Folder, folder_of, is_alive, read_record


def attempt_folders(data_dir: Path) -> Iterator[str]:
    """Ids of attempts that have a directory."""
    root = f"{data_dir}/attempts"
    for group in sorted(_names(root)):
        yield from sorted(_names(f"{root}/{group}"))


def folder_in(data_dir: Path, attempt: str) -> Folder:
    """The directory of an attempt. Raises BadAttemptId."""
    return folder_of(str(data_dir.resolve()), attempt)


def nobody_left(folder: Folder) -> bool:
    """Whether the attempt was started, did not write how it ended, and has no process that could."""
    record = read_record(folder)
    if record is None:
        return not os.path.isdir(folder.root)
    if record.writer == NEVER or record.exit is not None:
        return False
    return not is_alive(record.supervisor or record.writer)


def runs_as(folder: Folder) -> int | None:
    """The process that leads the session of what runs for an attempt now; None if nothing does."""
    record = read_record(folder)
    return None if record is None else running_pid(record)


def _names(place: str) -> list[str]:
    try:
        return os.listdir(place)
    except OSError:
        return []
