"""A terminal that plays `console` blocks: commands are run in turn, what they print is held against the page."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

_END = "\x1e"
_SECONDS = 100.0  # for one command
_PORT = "8470"  # as pages write it; the service is told a free one
_SAME = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z|\+00:00)?"), "TIME"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b"), "ID"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|m|h)\b( \d+ (s|m)\b)?"), "DURATION"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A command of a block and what the page says that it prints."""

    command: str
    expected: str


def typed(text: str) -> Iterator[Typed]:
    """The commands of a block: lines that begin with `$ `, those that go on with `> `, and their output."""
    command, expected = "", []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield Typed(command, "\n".join(expected))
            command, expected = line[2:], []
        elif line.startswith("> ") and not expected:
            command += "\n" + line[2:]
        else:
            expected.append(line)
    yield Typed(command, "\n".join(expected))


def agrees(expected: str, printed: str) -> bool:
    """Whether an output is as shown: ids, times and white space aside, `…` stands for anything or nothing."""
    parts = [re.escape(part.strip()) for part in _plain(expected).split("…")]
    return re.fullmatch(r"\s*" + r".*?".join(parts) + r"\s*", _plain(printed), re.DOTALL) is not None


def _plain(text: str) -> str:
    for pattern, word in _SAME:
        text = pattern.sub(word, text)
    return text.strip()


_LIFETIME = "600"  # s; a loop that a page types must not outlive a test run that was killed


class Terminal:
    """A shell in a folder and a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = str(free_port())
        home, work = folder / "home", folder / "work"
        home.mkdir()
        work.mkdir()
        (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n")
        self._shell = subprocess.Popen(
            ["timeout", "--kill-after=5", _LIFETIME, "bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(home, self.port),
            cwd=work,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def enter(self, command: str) -> str:
        """Run one command to its end; what it prints, both streams. Raises TimeoutError."""
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{self._placed(command)}\nprintf '\\n{_END}\\n'\n")
        self._shell.stdin.flush()
        printed, until = [], time.monotonic() + _SECONDS
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"`{command}` does not end; so far it printed:\n{''.join(printed)}") from None
            if line.startswith(_END):
                return "".join(printed).replace(self.port, _PORT)
            printed.append(line)

    def write(self, path: str, text: str) -> None:
        """A file where the shell is now."""
        file = Path(self.enter("pwd").strip()) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self._placed(text), "utf-8")

    def _placed(self, text: str) -> str:
        """With the port that the service has here."""
        return text.replace(f":{_PORT}", f":{self.port}")

    def close(self) -> None:
        """End the shell and all that it started."""
        os.killpg(self._shell.pid, signal.SIGTERM)
        try:
            self._shell.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait()

    def _read(self) -> None:
        assert self._shell.stdout is not None
        for line in self._shell.stdout:
            self._lines.put(line)


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    """A terminal that is closed in the end."""
    opened = Terminal(folder)
    try:
        yield opened
    finally:
        opened.close()


def _environment(home: Path, port: str) -> dict[str, str]:
    commands = str(Path(sys.executable).parent)
    return {
        "PATH": f"{commands}:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "LOGNAME": "ada",
        "HEADGATE_LISTEN": f"127.0.0.1:{port}",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
