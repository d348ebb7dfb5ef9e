"""Starting and ending an attempt's processes: a small shell that outlives us, runs the op and writes how it ended."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from reconciler.adapters.process_records import Folder, stat_fields

# A shell, as it starts in a millisecond and needs none of our memory. Rules it keeps:
# - handlers instead of ignoring: its child has the default dispositions, and itself lives on to write the record;
# - its file is made exclusively, with its pid, before the op: whoever marks `stop` or `lost` and then finds no pid
#   knows that the op will never be executed, as the marks are looked at after the pid was written;
# - the record says whether the stop was asked for before or after the op had ended;
# - its own messages ("Killed") go to its standard error, which is not the log, so the op's is joined to its output in
#   the child alone; no name of its variables is likely in an op's environment.
SCRIPT = """\
trap : HUP INT QUIT TERM USR1 USR2
_hg_d=$1 _hg_init=$2 _hg_python=$3 _hg_cwd=$4
shift 4
_hg_end() {
  [ "$2" != lost ] && [ -e "$_hg_d/stop" ] && set -- "$1" stopped
  echo "$1 $2" >>"$_hg_d/supervisor"
  exit "$1"
}
set -C
echo "$$" >"$_hg_d/supervisor" || exit 125
set +C
[ -e "$_hg_d/lost" ] && _hg_end 143 lost
[ -e "$_hg_d/stop" ] && _hg_end 143 stopped
if [ -n "$_hg_init" ]; then
  (exec "$_hg_python" -I -S "$_hg_init" 2>&1) || _hg_end "$?" init
  exec </dev/null
  [ -e "$_hg_d/stop" ] && _hg_end 143 stopped
  : >"$_hg_d/running"
fi
cd -- "$_hg_cwd" || _hg_end 126 workdir
(exec "$@" 2>&1)
_hg_end "$?" ended
"""
SHELL = "/bin/sh"
_CATCHABLE = [number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]


@dataclass(frozen=True, slots=True)
class Command:
    """What to execute: `argv[0]` is a path, `cwd` absolute; `init` is the plan of what goes before, or empty."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    init: bytes = b""


def spawn(folder: Folder, command: Command) -> int:
    """Start the supervisor in a session of its own and return its pid. Raises OSError."""
    program = os.path.join(os.path.dirname(__file__), "process_init.py") if command.init else ""
    argv = [SHELL, "-c", SCRIPT, "headgate", folder.root, program, sys.executable, command.cwd, *command.argv]
    stdin = _in_memory(command.init) if command.init else None
    try:
        return os.posix_spawn(
            SHELL,
            argv,
            command.env,
            file_actions=[_stdin(stdin), _stdout(folder.log), _no_stderr()],
            setsid=True,
            setsigmask=[],
            setsigdef=_CATCHABLE,  # Python ignores SIGPIPE, an op shall not
        )
    finally:
        if stdin is not None:
            os.close(stdin)


def keep_files_to_ourselves() -> None:
    """Files that were open when we were started are not for ops; Python keeps those that it opens to itself anyway."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            os.set_inheritable(int(name), int(name) <= 2)


def _stdin(fd: int | None) -> tuple[int, int, int] | tuple[int, int, str, int, int]:
    if fd is None:
        return (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    return (os.POSIX_SPAWN_DUP2, fd, 0)


def _stdout(log: str) -> tuple[int, int, str, int, int]:
    return (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def _no_stderr() -> tuple[int, int, str, int, int]:
    return (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)


def _in_memory(data: bytes) -> int:
    """A file that has no name and is never on disk: what `init` is told may hold credentials."""
    fd = os.memfd_create("init", os.MFD_CLOEXEC)
    with open(fd, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def supervises(pid: int, folder: Folder) -> bool:
    """Whether process `pid` lives and is the supervisor of this attempt: its arguments name the directory.

    Stronger than a start time: a pid that was given away again belongs to a process with other arguments, and one
    that has ended (a zombie) has none.
    """
    try:
        with open(f"/proc/{pid}/cmdline", "rb", buffering=0) as file:
            arguments = file.read(65536).split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return len(arguments) > 5 and arguments[4] == os.fsencode(folder.root)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the whole process group of a supervisor."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def kill_session(pid: int) -> None:
    """KILL all that runs in a living supervisor's session but itself: it is to write the exit record."""
    for other in _processes():
        fields = stat_fields(other)
        if other != pid and fields is not None and int(fields[3]) == pid:
            _kill(other)


def kill_strays(attempts: Collection[str]) -> None:
    """KILL processes that carry the HEADGATE_ATTEMPT of ended attempts: they had left the session."""
    markers = {b"HEADGATE_ATTEMPT=" + attempt.encode() for attempt in attempts}
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
