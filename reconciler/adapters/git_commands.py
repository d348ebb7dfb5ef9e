"""Running git: clean environment, time limit, checked names, sorted failures. What is asked of git lives beside it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

from reconciler.errors import Stalled, Waiting

NULL = os.devnull
_INHERITED = ("PATH", "HOME", "TMPDIR")  # nothing named GIT_* is let in: it would redirect or configure every call
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": NULL,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",  # a replacement would show another content under a sha
}
# Settings given on the command line outrank the ones that a repository brings along.
_SETTINGS = (
    "safe.directory=*",  # the operator named the repository; its owner may be another user
    f"core.hooksPath={NULL}",
    "core.fsmonitor=false",
    f"core.attributesFile={NULL}",
    "core.quotePath=false",
    "diff.external=",
    "protocol.allow=never",
    "protocol.file.allow=always",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "gc.autoDetach=false",  # a process that outlives its caller would hold locks unseen
    "merge.renormalize=false",
    "log.showSignature=false",
)
_SHA = re.compile(r"[0-9a-f]{40}")
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)")
_BUSY = re.compile(r"\.lock'|cannot lock ref|unable to lock|Unable to create|is at [0-9a-f]+ but expected")
_FOREIGN = re.compile(r"not a git repository|does not appear to be a git repository|not appear to be a git", re.I)


class GitFailed(Exception):
    """git said no: its exit code, what it wrote to its error stream, and what it had printed."""

    def __init__(self, code: int, message: str, out: bytes = b"") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.out = out


class Children:
    """Processes of git that have not ended: whoever ends must leave none behind, as it would hold locks unseen."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()

    @contextmanager
    def held(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """It is one of them meanwhile."""
        self._running.add(process)
        try:
            yield
        finally:
            self._running.discard(process)

    def end(self) -> None:
        """KILL them; whoever waits for one hears that it failed."""
        for process in list(self._running):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Git:
    """git for one repository: `directory` is its git directory if `bare`, else where it is found, never above."""

    directory: Path
    bare: bool = False
    timeout: float = 120.0  # seconds for one command
    children: Children = field(default_factory=Children, compare=False, repr=False)

    def run(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        """What the command prints. Raises GitFailed, Waiting (time limit), Stalled (git is not installed)."""
        with tempfile.TemporaryFile() as source:
            source.write(stdin)
            source.seek(0)
            with self._process(arguments, source, extra or {}) as process:
                out, err = _communicate(process, self.timeout)
        if process.returncode:
            raise GitFailed(process.returncode, err.decode("utf-8", "replace").strip(), out)
        return out

    def text(self, *arguments: str, stdin: bytes = b"") -> str:
        """What the command prints, as text without the last line's end."""
        return self.run(*arguments, stdin=stdin).decode("utf-8", "replace").rstrip("\n")

    @contextmanager
    def stream(self, *arguments: str, stdin: bytes) -> Iterator[IO[bytes]]:
        """The command's output while it runs; for what may be larger than memory should hold."""
        with tempfile.TemporaryFile() as source:  # a file, not a pipe: two full pipes would wait for each other
            source.write(stdin)
            source.seek(0)
            with self._process(arguments, source, {}, stderr=subprocess.DEVNULL) as process:
                try:
                    assert process.stdout is not None
                    yield process.stdout
                finally:
                    _kill(process)

    @contextmanager
    def _process(
        self, arguments: Sequence[str], source: IO[bytes], extra: Mapping[str, str], stderr: int = subprocess.PIPE
    ) -> Iterator[subprocess.Popen[bytes]]:
        with self._started(arguments, source, extra, stderr) as process, self.children.held(process):
            yield process

    def _started(
        self, arguments: Sequence[str], source: IO[bytes], extra: Mapping[str, str], stderr: int
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [*self._command(), *arguments],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**self._environment(), **extra},
                start_new_session=True,  # so that a time limit ends git's own children as well
            )
        except FileNotFoundError:
            raise Stalled("GitMissing", "The program git is not installed on this machine: install it.") from None

    def _command(self) -> list[str]:
        place = [f"--git-dir={self.directory}"] if self.bare else ["-C", str(self.directory)]
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        return ["git", "--no-pager", *place, *settings]

    def _environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return inherited | _ENVIRONMENT | {"GIT_CEILING_DIRECTORIES": str(self.directory.parent)}


def _communicate(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bytes]:
    try:
        return process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Waiting("GitTimeout", f"git did not answer within {timeout:.0f} s.", timedelta(seconds=30)) from None
    finally:
        if process.returncode is None:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def is_sha(text: str) -> bool:
    """Whether `text` is a full object id, the only form in which revisions reach git."""
    return _SHA.fullmatch(text) is not None


def checked_sha(text: str) -> str:
    """`text` itself if it is a full object id. Raises ValueError."""
    if not is_sha(text):
        raise ValueError(f"{text[:60]!r} is not a commit id of 40 hexadecimal digits.")
    return text


def is_branch_name(name: str) -> bool:
    """Whether git allows the name (git-check-ref-format(1)) and no command would take it for an option."""
    if not name or len(name) > 255 or name == "@" or name == "HEAD":
        return False
    if name[0] in "-./" or name[-1] in "./":
        return False
    return _REF_FORBIDDEN.search(name) is None


def located(repository: str, path: str) -> Path:
    """The directory of a repository on this machine. Raises Waiting while it is away, Stalled for a relative path."""
    place = Path(path).expanduser()
    if not place.is_absolute():
        raise Stalled("NotARepository", f"{repository} has no absolute path: give the full path of its repository.")
    if not place.is_dir():
        message = f"The repository {repository} is not there ({place}): is its disk mounted?"
        raise Waiting("RepositoryMissing", message, timedelta(seconds=10))
    return place.resolve()


def sorted_failure(repository: str, failure: GitFailed) -> Waiting | Stalled:
    """The failure as an error that says who must act."""
    if _FOREIGN.search(failure.message):
        return Stalled("NotARepository", f"What {repository} points at is not a Git repository: correct its path.")
    if _BUSY.search(failure.message):
        return Waiting("RepositoryBusy", f"Another process holds a lock in {repository}.", timedelta(seconds=1))
    message = f"git failed on {repository}: {_first_line(failure.message)}"
    return Waiting("GitFailed", message, timedelta(seconds=30))


def _first_line(message: str) -> str:
    lines = [line for line in message.splitlines() if line.strip()]
    return lines[0][:300] if lines else "it gave no reason."


@contextmanager
def sorted_failures(repository: str) -> Iterator[None]:
    """Turn what git says, and what this machine refuses it (room, files, processes), into Waiting or Stalled."""
    try:
        yield
    except GitFailed as failure:
        raise sorted_failure(repository, failure) from failure
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        message = f"This machine could not work on {repository}: {error.strerror}{where}."
        raise Waiting("MachineRefused", message, timedelta(seconds=5)) from error
