"""Copies of the files of attempts: logs, artifacts, and the records of how they ended. Nothing is ever overwritten."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from reconciler.adapters.process_condition import attempt_folders
from reconciler.adapters.process_records import BadAttemptId, folder_of

_SCRATCH = "work"  # of an attempt: what its process needs while it lives


def copy_attempts(source: Path, target: Path) -> int:
    """Copy the attempts of one data directory that the other one lacks; how many. Each is there whole or not at all.

    What goes while it is copied is left out: a live op makes and removes files. Raises OSError.
    """
    aside, copied = target / ".copying", 0
    for attempt in list(attempt_folders(source)):
        try:
            old, new = (folder_of(str(root), attempt).root for root in (source, target))
        except BadAttemptId:
            continue
        if not os.path.lexists(new):
            shutil.rmtree(aside, ignore_errors=True)
            _copy(old, str(aside))
            os.makedirs(os.path.dirname(new), mode=0o700, exist_ok=True)
            os.rename(aside, new)
            copied += 1
    return copied


def _copy(old: str, new: str) -> None:
    try:
        shutil.copytree(old, new, symlinks=True, ignore=_left_out(old))
    except FileNotFoundError:
        os.makedirs(new, exist_ok=True)
    except shutil.Error as error:
        stayed = [why for source, _, why in error.args[0] if os.path.lexists(source)]
        if stayed:
            raise OSError(str(stayed[0])) from error


def _left_out(root: str) -> Callable[[str, Sequence[str]], Iterable[str]]:
    """Scratch space, and what is neither a file, a directory nor a link."""

    def left_out(folder: str, names: Sequence[str]) -> list[str]:
        scratch = [_SCRATCH] if folder == root else []
        return [name for name in names if name in scratch or not _is_plain(os.path.join(folder, name))]

    return left_out


def _is_plain(place: str) -> bool:
    return os.path.islink(place) or os.path.isfile(place) or os.path.isdir(place)
