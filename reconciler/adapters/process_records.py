"""The files of an attempt that runs as a local process: where they are, how they are claimed and read. Spawns nothing.

Each file has one writer and is whole as soon as it counts: a claim is a symbolic link (made exclusively, with its
content, in one step); the supervisor's lines are one `write` each, and without their line feed do not count. There are
few of them, as making a file is what a short op costs most.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from functools import cache

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,199}")
NEVER = "never"  # in place of a writer: this attempt shall never start


class BadAttemptId(ValueError):
    """A text that cannot name an attempt's directory."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One attempt's directory; properties are paths in it, as text."""

    root: str
    attempt: str

    @property
    def claim(self) -> str:
        """Who started, or shall never start, this attempt."""
        return f"{self.root}/claim"

    @property
    def supervisor(self) -> str:
        """Two lines of the supervisor: its process id, before the op is executed; exit code and word, after its end."""
        return f"{self.root}/supervisor"

    @property
    def running(self) -> str:
        """Made when `init` is done; its time is the op's start then."""
        return f"{self.root}/running"

    @property
    def stop(self) -> str:
        """Made before the first signal of a stop."""
        return f"{self.root}/stop"

    @property
    def lost(self) -> str:
        """Made when nobody is left who could start it: a supervisor that wakes up later sees it and ends."""
        return f"{self.root}/lost"

    @property
    def log(self) -> str:
        """Output of the op; `log.1` and so on are older parts."""
        return f"{self.root}/log"

    @property
    def failure(self) -> str:
        """One sentence of an `init` that failed."""
        return f"{self.root}/failure"

    @property
    def outputs_file(self) -> str:
        """HEADGATE_OUTPUTS_PATH: the op writes one JSON object there."""
        return f"{self.root}/outputs.json"

    @property
    def posted(self) -> str:
        """Outputs that came over the callback."""
        return f"{self.root}/posted.json"

    @property
    def artifacts(self) -> str:
        """The attempt's artifacts."""
        return f"{self.root}/artifacts"

    @property
    def outputs(self) -> str:
        """The directory of outputs below the artifacts."""
        return f"{self.root}/artifacts/outputs"

    @property
    def work(self) -> str:
        """Scratch space of the op, and its working directory when it has no code."""
        return f"{self.root}/work"

    @property
    def code(self) -> str:
        """A link to the commit's tree."""
        return f"{self.root}/code"

    def artifacts_of(self, attempt: str) -> str | None:
        """The artifacts of another attempt of the same place; None if that is no id."""
        data_dir = os.path.dirname(os.path.dirname(os.path.dirname(self.root)))
        return folder_of(data_dir, attempt).artifacts if _ID.fullmatch(attempt) else None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a supervised op ended. `word`: ended, stopped, init, workdir, lost."""

    code: int
    word: str
    at: float


def folder_of(data_dir: str, attempt: str) -> Folder:
    """The directory of an attempt. Pure. Raises BadAttemptId."""
    if not _ID.fullmatch(attempt):
        raise BadAttemptId(f"{attempt[:60]!r} is not the id of an attempt.")
    root = f"{data_dir}/attempts/{attempt[:2]}/{attempt}"
    return Folder(root, attempt)


def claim(folder: Folder, writer: str) -> bool:
    """Claim the attempt for `writer`; False if it was claimed before. Exactly one claim ever succeeds."""
    try:
        os.symlink(writer, folder.claim)
    except FileExistsError:
        return False
    return True


def claimed_by(folder: Folder) -> str | None:
    """Who claimed it, or None."""
    try:
        return os.readlink(folder.claim)
    except (FileNotFoundError, NotADirectoryError):
        return None


def supervisor_pid(folder: Folder) -> int | None:
    """The supervisor's process id, once it is written."""
    lines = _whole_lines(folder.supervisor)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def exit_record(folder: Folder) -> Exit | None:
    """The exit record, once it is written."""
    lines = _whole_lines(folder.supervisor)
    if len(lines) < 2:
        return None
    code, _, word = lines[1].partition(" ")
    return Exit(int(code), word, os.stat(folder.supervisor).st_mtime) if code.isdigit() else None


def started_at(folder: Folder, with_init: bool) -> float | None:
    """When the op itself was started, seconds since the epoch; None if it was not."""
    if with_init:
        return time_of(folder.running)
    return os.lstat(folder.claim).st_mtime if supervisor_pid(folder) is not None else None


def time_of(path: str) -> float | None:
    """When a file was written last, or None where there is none."""
    try:
        return os.stat(path).st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return None


def mark(path: str) -> None:
    """Make an empty file, if it is not there already; its time is that of the first mark."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return


def read_small(path: str, limit: int) -> bytes | None:
    """Up to `limit` + 1 bytes of a regular file; None where there is no file.

    Raises ValueError with a part of a sentence for anything that is not a regular file: the op chose what is there.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError("it is not a regular file")
        return _read_up_to(fd, limit + 1)
    finally:
        os.close(fd)


def _read_up_to(fd: int, limit: int) -> bytes:
    parts: list[bytes] = []
    while limit > 0 and (part := os.read(fd, limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def write_whole(path: str, data: bytes) -> None:
    """Replace a file in one step; one writer at a time."""
    temporary = f"{path}.new"
    with open(temporary, "wb", buffering=0) as file:
        file.write(data)
    os.rename(temporary, path)


def _whole_lines(path: str) -> list[str]:
    try:
        with open(path, "rb", buffering=0) as file:
            text = file.read(64)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return text.decode("ascii", "replace").split("\n")[:-1]


# --- who writes -------------------------------------------------------------------------------------------------------


@cache
def boot_id() -> str:
    """Which start of the machine this is."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def this_writer() -> str:
    """This process, told apart from any other of this machine, past and future: boot, pid, start time in ticks."""
    pid = os.getpid()
    return f"{boot_id()}:{pid}:{_start_of(pid)}"


def is_of_this_boot(writer: str) -> bool:
    """Whether a claim was made since the machine started."""
    return writer.partition(":")[0] == boot_id()


def is_alive(writer: str) -> bool:
    """Whether the process that made a claim still lives."""
    boot, _, rest = writer.partition(":")
    pid, _, start = rest.partition(":")
    return boot == boot_id() and pid.isdigit() and start != "" and _start_of(int(pid)) == start


def _start_of(pid: int) -> str | None:
    fields = stat_fields(pid)
    return fields[19].decode("ascii") if fields else None


def stat_fields(pid: int) -> list[bytes] | None:
    """Fields of /proc/PID/stat from the third on (proc(5)): state, ppid, pgrp, session, …; None if there is no such."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            text = file.read(4096)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(b")") + 2 :].split()
