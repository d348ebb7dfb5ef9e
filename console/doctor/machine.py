"""The machine: programs that are needed, files that may be open, its clock."""

from __future__ import annotations

import platform
import resource
import sys
import time
from collections.abc import Iterator

from console.doctor.model import Examined, fine, problem, unknown, warning
from reconciler.adapters.git_condition import OLDEST, git_version

_PYTHON = (3, 11)
_FILES = 1024  # open files: a service on this machine needs about three for each op that runs
_BUILT = 1_704_067_200.0  # 2024: no clock that is right shows less


def examine_machine() -> Iterator[Examined]:
    """Python, git, limits, clock."""
    yield _python()
    yield _git()
    yield _open_files()
    yield _clock()


def _python() -> Examined:
    said = f"Python {platform.python_version()}"
    if sys.version_info < _PYTHON:
        return problem("python", f"{said} is too old.", sys.executable, "Install Python 3.11 or newer.")
    return fine("python", said, sys.executable)


def _git() -> Examined:
    needed = ".".join(map(str, OLDEST))
    try:
        said, new_enough = git_version()
    except FileNotFoundError:
        return problem("git", "The program git is not found.", "PATH", f"Install git {needed} or newer.")
    except OSError as error:
        return unknown("git", f"The program git cannot be started: {error.strerror}.", "PATH")
    if not new_enough:
        return problem("git", f"{said} is too old to judge proposals.", "PATH", f"Install git {needed} or newer.")
    return fine("git", said)


def _open_files() -> Examined:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= most < _FILES:
        do = f"Raise the limit to {_FILES} or more (`ulimit -n`, `LimitNOFILE=`) where the service is started."
        return warning("open-files", f"Only {most} files may be open at once here.", "ulimit -n", do)
    return fine("open-files", "Enough files may be open at once.")


def _clock() -> Examined:
    now = time.time()
    if now < _BUILT:
        shown = time.strftime("%Y-%m-%d", time.gmtime(now))
        return problem("clock", f"The clock shows {shown}.", do="Set it, and let it be kept right (NTP).")
    return fine("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now)))
