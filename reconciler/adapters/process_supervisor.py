"""A program: runs the ops that its service hands over, waits for each and writes how it ended. It outlives the service.

Standard input is one end of a pair of sockets: commands come in (four bytes of length, then JSON), out go the ids of
attempts that have ended, a line each. When the other end is closed, what runs is waited for, and then this ends too.
It has one thread, so that a short op costs little more than its own start, and imports the standard library alone.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

SERVICE = 0  # the descriptor of our end
AT_ONCE = 1 << 14  # bytes of commands between two looks at what has ended
AGAIN = 1.0  # seconds until what found no space or no process is tried again
HEARD = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
CATCHABLE = [number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]
PASSES = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


class Op:
    """One attempt: its directory, what to execute and where; `init` is the plan of what goes before, or empty."""

    def __init__(self, root: str, argv: list[str], env: dict[str, str], cwd: str, init: str) -> None:
        self.root = root
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.init = init

    @property
    def attempt(self) -> str:
        """The attempt's id."""
        return os.path.basename(self.root)

    def marked(self, name: str) -> bool:
        """Whether somebody made that mark."""
        return os.access(f"{self.root}/{name}", os.F_OK)

    def note(self, line: str) -> None:
        """Append to the attempt's claim, in one write. Raises OSError; a line without its end does not count."""
        fd = os.open(f"{self.root}/claim", os.O_WRONLY | os.O_APPEND)
        try:
            data = f"{line}\n".encode()
            if os.write(fd, data) < len(data):
                os.write(fd, b"\n")
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(fd)


class Supervisor:
    """All ops of one service. Rules that it keeps, for whoever reads the files:

    - our identity is in the claim before the op is executed, and the marks `lost` and `stop` are looked at after that:
      whoever makes a mark and then finds no supervisor knows that the op will never be executed;
    - `stop` is looked at again after the process id was written: either we see the mark, or its maker sees the id;
    - the exit says whether the stop was asked for before or after the op had ended.
    """

    def __init__(self) -> None:
        self._identity = _identity()
        self._running: dict[int, Op] = {}
        self._later: list[tuple[Callable[[Op], None], Op]] = []
        self._heard = bytearray()
        self._unsent = b""
        self._connected = True
        self._signals, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, *HEARD):  # we live on to write how ops end
            signal.signal(number, lambda _number, _frame: None)
        os.set_blocking(SERVICE, False)

    def run(self) -> None:
        """Until the service has gone and every op has ended."""
        while self._connected or self._running or self._later:
            sources = [self._signals, SERVICE] if self._connected else [self._signals]
            targets = [SERVICE] if self._unsent and self._connected else []
            ready, _, _ = select.select(sources, targets, [], AGAIN if self._later else None)
            if self._signals in ready:
                os.read(self._signals, 65536)
                self._reap()
            if SERVICE in ready:
                self._hear()
            if not ready:
                self._try_again()
            self._send()

    def _try(self, act: Callable[[Op], None], op: Op) -> None:
        """Act; where the machine has no room for it now, do it later. An attempt whose files are gone is told of."""
        try:
            act(op)
        except OSError as error:
            if error.errno in PASSES:
                self._later.append((act, op))
            elif op not in self._running.values():
                self._unsent += f"{op.attempt}\n".encode()

    def _try_again(self) -> None:
        acts, self._later = self._later, []
        for act, op in acts:
            self._try(act, op)

    # --- the service

    def _hear(self) -> None:
        try:
            data = os.read(SERVICE, AT_ONCE)
        except ConnectionError:
            data = b""
        self._connected = bool(data)
        heard = self._heard
        heard += data
        while len(heard) >= 4 and len(heard) >= (end := 4 + int.from_bytes(heard[:4], "big")):
            op = Op(*json.loads(heard[4:end].decode()))
            del heard[:end]
            self._try(self._begin, op)

    def _send(self) -> None:
        if not self._unsent:
            return
        try:
            self._unsent = self._unsent[os.write(SERVICE, self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self._unsent = b""  # nobody is there: it is all in the files

    # --- ops

    def _begin(self, op: Op) -> None:
        op.note(f"supervisor {self._identity}")
        if op.marked("lost"):
            self._end(op, 143, "lost")
        else:
            self._try(self._go_on, op)

    def _go_on(self, op: Op) -> None:
        """Execute what comes next. Raises OSError where there is no room for one more process."""
        began = time.time()
        if op.marked("stop"):
            return self._end(op, 143, "stopped")
        try:
            pid = _init(op) if op.init else _execute(op)
        except _Refused as error:
            return self._end(op, error.code, error.word)
        self._running[pid] = op
        line = f"{'init' if op.init else 'op'} {pid} {began:.6f}"
        return self._try(partial(self._tell, pid, line), op)

    def _tell(self, pid: int, line: str, op: Op) -> None:
        if self._running.get(pid) is not op:
            return
        op.note(line)
        if op.marked("stop"):
            os.killpg(pid, signal.SIGTERM)

    def _reap(self) -> None:
        while self._running and (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)):
            pid = found.si_pid
            op = self._running.pop(pid)
            code = found.si_status + (0 if found.si_code == os.CLD_EXITED else 128)
            _kill_group(pid)
            if op.init and code == 0:
                op.init = ""
                self._try(self._go_on, op)
            else:
                word = "init" if op.init else "ended"
                self._end(op, code, "stopped" if op.marked("stop") else word)
            os.waitpid(pid, 0)  # after its exit was written: until then nobody else gets its process id

    def _end(self, op: Op, code: int, word: str) -> None:
        self._try(partial(self._tell_end, f"exit {code} {word} {time.time():.6f}"), op)

    def _tell_end(self, line: str, op: Op) -> None:
        op.note(line)
        self._unsent += f"{op.attempt}\n".encode()


class _Refused(Exception):
    """It cannot be executed; how its exit is written."""

    def __init__(self, code: int, word: str = "ended") -> None:
        super().__init__(word)
        self.code = code
        self.word = word


def _init(op: Op) -> int:
    """Start what goes before an op: its plan may hold credentials, so that it comes from memory."""
    plan = os.memfd_create("init", os.MFD_CLOEXEC)
    try:
        os.write(plan, op.init.encode())
        os.lseek(plan, 0, os.SEEK_SET)
        program = os.path.join(os.path.dirname(__file__), "process_init.py")
        return _spawn(op, [sys.executable, "-I", "-S", program], (os.POSIX_SPAWN_DUP2, plan, 0))
    finally:
        os.close(plan)


def _execute(op: Op) -> int:
    """Start the op itself; a file that does not say how it is run is one of the shell's."""
    try:
        os.chdir(op.cwd)
    except OSError as error:
        raise _Refused(126, "workdir") from error
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    try:
        return _spawn(op, op.argv, nothing)
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            return _spawn(op, ["/bin/sh", *op.argv], nothing)
        if error.errno in PASSES:
            raise
        _say(op, f"headgate: {op.argv[0]}: {error.strerror}\n")
        raise _Refused(127 if error.errno == errno.ENOENT else 126) from error
    finally:
        os.chdir("/")


def _spawn(op: Op, argv: list[str], stdin: tuple[Any, ...]) -> int:
    log = (os.POSIX_SPAWN_OPEN, 1, f"{op.root}/log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    return os.posix_spawn(
        argv[0],
        argv,
        op.env,
        file_actions=[stdin, log, (os.POSIX_SPAWN_DUP2, 1, 2)],
        setsid=True,
        setsigmask=[],
        setsigdef=CATCHABLE,  # Python ignores SIGPIPE, an op shall not
    )


def _say(op: Op, text: str) -> None:
    with open(f"{op.root}/log", "a") as log:
        log.write(text)


def _kill_group(pid: int) -> None:
    """What an op left behind in its group ends with it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _identity() -> str:
    """This process, told apart from any other of this machine, past and future: boot, pid, start time in ticks."""
    pid = os.getpid()
    with open("/proc/sys/kernel/random/boot_id") as boot, open(f"/proc/{pid}/stat") as stat:
        return f"{boot.read().strip()}:{pid}:{stat.read().rpartition(')')[2].split()[19]}"


if __name__ == "__main__":
    Supervisor().run()
