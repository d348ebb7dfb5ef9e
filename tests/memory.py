"""Where tests write: into memory, where the machine has room. Commits and repositories are as real there, and nobody
waits for a disk, which on one is half of the time of a run.
"""

from __future__ import annotations

import os
import tempfile

MEMORY = "/dev/shm"
ROOM = 4 << 30  # bytes; a run of the tests leaves a twentieth of that


def write_into_memory() -> None:
    """Let this process and those that it starts make temporary files there, unless somebody chose another place."""
    if _has_room(MEMORY):
        tempfile.tempdir = os.environ.setdefault("TMPDIR", MEMORY)


def _has_room(folder: str) -> bool:
    """Whether tests may leave what they make there, programs among it."""
    if not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize > ROOM and not found.f_flag & os.ST_NOEXEC
