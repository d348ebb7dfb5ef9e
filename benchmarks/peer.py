"""Polyaxon's own command line as the peer: from PyPI, in an environment of its own, made where rows ask for it."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from benchmarks.dags import written
from benchmarks.installing import installed
from benchmarks.processes import Spent, spent
from benchmarks.rows import NotMeasured

RELEASE = "polyaxon==2.18.0"

# Measured inside the peer's process, by its own clock, around its own function; what it prints goes to stderr.
_WORKER = """
import json, os, sys, time
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
from polyaxon._polyaxonfile import check_polyaxonfile
for line in sys.stdin:
    begin = time.process_time()
    try:
        check_polyaxonfile(polyaxonfile=json.loads(line), is_cli=False, to_op=True)
        answer = (time.process_time() - begin) * 1000
    except Exception as error:
        answer = repr(error)
    print(json.dumps(answer), file=answers, flush=True)
"""


def checked_in_process(file: Callable[[], Path]) -> Callable[[], float]:
    """A measurement of the processor ms that Polyaxon's check of a file takes, once it has warmed up."""
    return lambda: _worker().check(file())


def checked_as_command(file: Path) -> Spent:
    """`polyaxon check -f FILE` as a whole process. Raises NotMeasured."""
    command = str(environment() / "bin" / "polyaxon")
    return spent([command, "check", "-f", str(file)], _settings(), str(file.parent))


def environment() -> Path:
    """The folder of the peer's environment, made if it is not there. Raises NotMeasured."""
    return installed(RELEASE)


def _settings() -> dict[str, str]:
    """Its configuration stays in its own folder."""
    home = environment() / "home"
    home.mkdir(exist_ok=True)
    return {"HOME": str(home), "PYTHONPATH": ""}


class _Worker:
    def __init__(self) -> None:
        words = [str(environment() / "bin" / "python"), "-c", _WORKER]
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_settings()},
            text=True,
        )
        atexit.register(self._process.kill)
        self._warm = False

    def check(self, file: Path) -> float:
        if not self._warm:
            self._warm = True
            self.check(written("inline", 10))
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(str(file)) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise NotMeasured(f"{RELEASE} ended before it checked anything.") from None
        answer = json.loads(self._process.stdout.readline() or '"it ended"')
        if isinstance(answer, str):
            raise NotMeasured(f"{RELEASE} did not take the file: {answer}")
        return float(answer)


@cache
def _worker() -> _Worker:
    return _Worker()
