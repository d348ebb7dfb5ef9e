"""The line to a supervisor that we started: commands go over it, and ids of attempts that have ended come back."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

PATIENCE = 5.0  # seconds for a command to be taken; a supervisor that is slower is given up
LAST = 1.0  # seconds for it to end when there is nothing left to wait for
PROGRAM = os.path.join(os.path.dirname(__file__), "process_supervisor.py")
_CATCHABLE = [number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]


@dataclass(frozen=True, slots=True)
class Command:
    """What to execute: `argv[0]` is a path, `cwd` absolute; `init` is the plan of what goes before, or empty."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    init: bytes = b""


class Link:
    """A supervisor and our end of the line to it. Its own words, which only a fault makes it say, go to `log`."""

    def __init__(self, log: str) -> None:
        self._sending = threading.Lock()
        self._heard = b""
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(PATIENCE)
        with theirs:
            self._pid = _start(theirs.fileno(), log)

    @property
    def fd(self) -> int:
        """To be waited on."""
        return self._socket.fileno()

    def send(self, root: str, command: Command) -> None:
        """Have an attempt run in its directory. Where the supervisor is gone or slow, it never does: see `hear`."""
        data = json.dumps([root, command.argv, command.env, command.cwd, command.init.decode()]).encode()
        with self._sending:
            try:
                self._socket.sendall(len(data).to_bytes(4, "big") + data)
            except OSError:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def hear(self) -> list[str] | None:
        """Attempts that have ended, of what has come; None: the supervisor is gone."""
        try:
            data = self._socket.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        *lines, self._heard = (self._heard + data).split(b"\n")
        return [line.decode() for line in lines] if data else None

    def close(self, wait: bool) -> None:
        """Let go: it ends as soon as the last op has, which is soon where none is left and we wait."""
        self._socket.close()
        until = time.monotonic() + LAST
        while wait and not self.is_over() and time.monotonic() < until:
            time.sleep(0.002)

    def is_over(self) -> bool:
        """Whether its process has ended; then it is in no table any more."""
        with suppress(ChildProcessError):
            if os.waitpid(self._pid, os.WNOHANG) == (0, 0):
                return False
        self._socket.close()
        return True


def _start(line: int, log: str) -> int:
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", PROGRAM],
        {"LC_ALL": "C.UTF-8"},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, line, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=_CATCHABLE,
    )


def keep_files_to_ourselves() -> None:
    """Files that were open when we were started are not for ops; Python keeps those that it opens to itself anyway."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            os.set_inheritable(int(name), int(name) <= 2)
