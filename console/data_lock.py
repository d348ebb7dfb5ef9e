"""Who works on a data directory: one service at most, as a lock that the kernel frees however its holder ends."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO


class ServiceRuns(Exception):
    """Another service works on the data directory."""


def lock(data_dir: Path) -> IO[str]:
    """Held while a service works on the data directory, until it is closed. Raises ServiceRuns."""
    file = (data_dir / "service.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ServiceRuns(f"A service already works on {data_dir}.") from None
    return file


def service_runs(data_dir: Path) -> bool:
    """Whether a service works on the data directory now."""
    try:
        lock(data_dir).close()
    except ServiceRuns:
        return True
    except FileNotFoundError:
        return False
    return False
