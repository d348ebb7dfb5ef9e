"""Signals to the processes of an attempt: its group, its session, and what had left both."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import suppress

from reconciler.adapters.process_records import Folder, stat_fields


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the whole process group of an op."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def kill_session(pid: int) -> None:
    """KILL all that runs in an op's session."""
    for other in _processes():
        fields = stat_fields(other)
        if fields is not None and int(fields[3]) == pid:
            _kill(other)


def kill_strays(folders: Collection[Folder]) -> None:
    """KILL processes whose environment names the directory of an ended attempt: they had left the session."""
    markers = {b"HEADGATE_ARTIFACTS_PATH=" + os.fsencode(folder.artifacts) for folder in folders}
    for other in _processes() if markers else ():
        if not markers.isdisjoint(_environment(other)):
            _kill(other)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _processes() -> Iterator[int]:
    own = os.getpid()
    return (int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own)


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:
            return file.read(1 << 20).split(b"\0")
    except OSError:
        return []


def oom_kills() -> int:
    """How many processes this kernel has killed for want of memory (proc(5), vmstat)."""
    with open("/proc/vmstat") as file:
        line = next((line for line in file if line.startswith("oom_kill ")), "oom_kill 0")
    return int(line.split()[1])
