"""A machine for tests of local processes: an executor on a data directory, and what it reported."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from reconciler.adapters.process_executor import ProcessExecutor
from reconciler.adapters.process_logs import read_log
from reconciler.adapters.process_records import Record, folder_of, pid_of, read_record
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.model import FINAL, AttemptSpec, Observed, Status
from reconciler.errors import Waiting
from reconciler.keys import RunKey
from reconciler.records import AttemptRow, Lease

PYTHON = sys.executable
ROOT = Path(__file__).resolve().parents[3]
SERVICE = """
import sys, time
from pathlib import Path
from tests.reconciler.adapters.process_world import Machine, sh
machine = Machine(Path(sys.argv[1]))
print(machine.start(*[sh(*pair.split("=", 1)) for pair in sys.argv[2:]]), flush=True)
time.sleep(60)
"""


def lease(seconds: float = 60.0) -> Lease:
    return Lease(RunKey("run-1"), 1, 1, time.monotonic() + seconds)


def spec(attempt: str, command: Sequence[str], **more: Any) -> AttemptSpec:
    container = {"command": list(command), **more.pop("container", {})}
    section = {"container": container, **more.pop("section", {})}
    run = more.pop("run", "run-1")
    given = {"kind": "job", "repository": "", "commit": "", **more}
    return AttemptSpec(attempt, run, "train", 1, flow="churn", run_section=section, **given)


def sh(attempt: str, script: str, **more: Any) -> AttemptSpec:
    return spec(attempt, ["/bin/sh", "-c", script], **more)


def row(of: AttemptSpec, **more: Any) -> AttemptRow:
    return AttemptRow(of.attempt, of.run, of.op, of, **more)


class Machine:
    """Holds the executor's observations; `end` waits for the final one."""

    def __init__(self, data_dir: Path, **more: Any) -> None:
        self.data_dir = data_dir
        self.seen: list[Observed] = []
        self.woken: list[str] = []
        self.store_away = 0  # how often storing still fails
        self._news = threading.Condition()
        given = {"slots": 64, "grace": 0.3, "api_address": "http://127.0.0.1:1", **more}
        self.executor = ProcessExecutor(
            data_dir,
            report=self._report,
            clock=SystemClock(),
            checkout=given.pop("checkout", lambda repository, sha: str(data_dir)),
            token_for=lambda attempt: f"token-of-{attempt}",
            wake=self.woken.extend,
            **given,
        )

    def _report(self, observations: Sequence[Observed]) -> None:
        if self.store_away:
            self.store_away -= 1
            raise Waiting("StoreAway", "The database is away.", timedelta(seconds=1))
        with self._news:
            self.seen.extend(observations)
            self._news.notify_all()

    def start(self, *specs: AttemptSpec) -> list[str]:
        return [done.outcome for done in self.executor.start([row(each) for each in specs], lease())]

    def stop(self, *specs: AttemptSpec) -> list[str]:
        return [done.outcome for done in self.executor.stop([row(each, wanted="stop") for each in specs], lease())]

    def run(self, of: AttemptSpec) -> Observed:
        assert self.start(of) == ["done"]
        return self.end(of)

    def wait(self, of: AttemptSpec, when: Callable[[Observed], bool], seconds: float = 40) -> Observed:
        def found() -> Observed | None:
            return next((seen for seen in self.seen if seen.attempt == of.attempt and when(seen)), None)

        with self._news:
            assert self._news.wait_for(lambda: found() is not None, seconds), self.seen
            result = found()
        assert result is not None
        return result

    def end(self, of: AttemptSpec) -> Observed:
        return self.wait(of, lambda seen: seen.status in FINAL)

    def ends(self, of: AttemptSpec) -> list[Observed]:
        """Every time that its end was reported."""
        return [seen for seen in self.seen if seen.attempt == of.attempt and seen.status in FINAL]

    def running(self, of: AttemptSpec) -> Observed:
        return self.wait(of, lambda seen: seen.status is Status.RUNNING)

    def folder(self, of: AttemptSpec) -> Path:
        return self.data_dir / "attempts" / of.attempt[:2] / of.attempt

    def record(self, of: AttemptSpec) -> Record:
        record = read_record(folder_of(str(self.executor.data_dir), of.attempt))
        assert record is not None
        return record

    def supervisor(self, of: AttemptSpec) -> int:
        who = self.record(of).supervisor
        assert who is not None
        return pid_of(who)

    def log(self, of: AttemptSpec) -> str:
        return read_log(str(self.executor.data_dir), of.attempt).data.decode()


def eventually(fact: Callable[[], bool], seconds: float = 40) -> bool:
    end = time.monotonic() + seconds
    while not fact() and time.monotonic() < end:
        time.sleep(0.01)
    return fact()


def killed_service(data_dir: Path, **ops: str) -> None:
    """A service starts ops and is killed."""
    command = [sys.executable, "-c", SERVICE, str(data_dir), *(f"{name}={script}" for name, script in ops.items())]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert service.stdout is not None
    assert service.stdout.readline() == f"{['done'] * len(ops)}\n"
    service.kill()
    service.wait()
    service.stdout.close()
