"""The files of an attempt that runs as a local process: where they are, how they are claimed and read. Spawns nothing.

What counts is whole as soon as it counts: a claim is written aside and linked to its name, exclusively; the supervisor
appends its lines with one `write` each, and without their line feed they do not count. There are few files, as making
one is what a short op costs most.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

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
    def data_dir(self) -> str:
        """The directory of all attempts, and of more."""
        return self.root.rsplit("/", 3)[0]

    @property
    def claim(self) -> str:
        """Who started, or shall never start, this attempt; then what its supervisor tells of it: see `Record`."""
        return f"{self.root}/claim"

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
        return folder_of(self.data_dir, attempt).artifacts if _ID.fullmatch(attempt) else None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a supervised op ended. `word`: ended, stopped, init, workdir, lost."""

    code: int
    word: str
    at: float


@dataclass(frozen=True, slots=True)
class Record:
    """A claim, line by line: its writer; `supervisor WHO`; `init PID TIME`; `op PID TIME`; `exit CODE WORD TIME`.

    `pid` leads the session of what runs, and belongs to `init` first; `started_at` is when the op itself was started.
    """

    writer: str
    supervisor: str | None = None
    pid: int | None = None
    started_at: float | None = None
    exit: Exit | None = None


def folder_of(data_dir: str, attempt: str) -> Folder:
    """The directory of an attempt. Pure. Raises BadAttemptId."""
    if not _ID.fullmatch(attempt):
        raise BadAttemptId(f"{attempt[:60]!r} is not the id of an attempt.")
    root = f"{data_dir}/attempts/{attempt[:2]}/{attempt}"
    return Folder(root, attempt)


def make_folders(folder: Folder, work: bool) -> None:
    """Make the directories that an op finds; once more changes nothing. Each is asked for once, as it costs most."""
    for place in (folder.root, folder.artifacts, folder.outputs, *([folder.work] if work else ())):
        try:
            os.mkdir(place)
        except FileExistsError:
            if not os.path.isdir(place):
                raise
        except FileNotFoundError:
            os.makedirs(place, exist_ok=True)  # the first of its shelf


def claim(folder: Folder, writer: str) -> bool:
    """Claim the attempt for `writer`; False if it was claimed before: exactly one claim succeeds. Raises OSError."""
    aside = f"{folder.claim}.{os.urandom(8).hex()}"
    try:
        with open(aside, "xb", buffering=0) as file:
            file.write(b"%s\n" % writer.encode())
        os.link(aside, folder.claim)
    except FileExistsError:
        return False
    finally:
        with suppress(FileNotFoundError):
            os.unlink(aside)
    return True


def read_record(folder: Folder) -> Record | None:
    """What is written of the attempt; None if nobody has claimed it."""
    try:
        fd = os.open(folder.claim, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        text = os.read(fd, 4096)
    finally:
        os.close(fd)
    writer, *lines = text.decode("ascii", "replace").split("\n")[:-1] or [""]
    said: dict[str, Any] = {}
    for line in lines:
        with suppress(ValueError):  # the disk was full in the middle of a number: it is written again
            said |= _of_line(line.split(" "), "exit" in said)
    return Record(writer, **said)


def _of_line(words: list[str], ended: bool) -> dict[str, Any]:
    """Fields of a record; of several exits the first counts."""
    match words:
        case ["supervisor", who]:
            return {"supervisor": who}
        case ["init", pid, _]:
            return {"pid": int(pid)}
        case ["op", pid, at]:
            return {"pid": int(pid), "started_at": float(at)}
        case ["exit", code, word, at] if not ended:
            return {"exit": Exit(int(code), word, float(at))}
    return {}


def claimed_by(folder: Folder) -> str | None:
    """Who claimed it, or None."""
    record = read_record(folder)
    return record.writer if record else None


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


def pid_of(writer: str) -> int:
    """The process id in it."""
    return int(writer.split(":")[1])


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
    return fields[19].decode("ascii") if fields and fields[0] not in (b"Z", b"X") else None


def stat_fields(pid: int) -> list[bytes] | None:
    """Fields of /proc/PID/stat from the third on (proc(5)): state, ppid, pgrp, session, …; None if there is no such."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            text = file.read(4096)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(b")") + 2 :].split()
