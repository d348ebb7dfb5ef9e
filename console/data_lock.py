"""Who works on a data directory: one service at most, as a lock that the kernel frees however its holder ends."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO

_LASTING, _PASSING = "until it is told to end", "until its run has ended"
_TRIES, _PAUSE = 10, 0.03  # somebody who only looks whether a service runs holds the lock for a moment


class ServiceRuns(Exception):
    """Another service works on the data directory."""


def lock_of(data_dir: Path) -> Path:
    """The file that is locked."""
    return data_dir / "service.lock"


def lock(data_dir: Path, passing: bool = False) -> IO[str]:
    """Held while a service works on the data directory, until it is closed. Raises ServiceRuns.

    `passing`: it ends with the command that needs it, so nobody else may count on it.
    """
    file = lock_of(data_dir).open("a+")
    for left in reversed(range(_TRIES)):
        if _locked(file):
            file.truncate(0)
            file.write(_PASSING if passing else _LASTING)
            file.flush()
            return file
        if left:
            time.sleep(_PAUSE)
    file.close()
    raise ServiceRuns(f"A service already works on {data_dir}.")


def service_runs(data_dir: Path) -> bool:
    """Whether a service works on the data directory now."""
    return _holder(data_dir) is not None


def service_lasts(data_dir: Path) -> bool:
    """Whether a service works there that does not end with the command that started it."""
    return _holder(data_dir) not in (None, _PASSING)


def _holder(data_dir: Path) -> str | None:
    """What the holder of the lock says of itself; None if nobody holds it."""
    try:
        with lock_of(data_dir).open() as file:  # to read: who only looks makes nothing, and may not write
            return None if _locked(file) else file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
