"""Typing a command as a person does, and a store with runs to type them at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from console.cli import main
from reconciler.adapters.sql_store import SqlStore
from reconciler.adapters.system_clock import SystemClock
from reconciler.checks.model import Check, Conclusion
from reconciler.engine.model import AttemptSpec, OpState, RunFacts, RunState, Status
from reconciler.flows.parse import parse
from reconciler.keys import RunKey
from reconciler.plan.build import build
from reconciler.plan.encoding import digest, encode
from reconciler.plan.model import Plan
from reconciler.records import (
    AttemptRow,
    Changes,
    CheckRow,
    EventRow,
    FlowRow,
    OpRow,
    RepositoryRow,
    RunRow,
    Wake,
)
from reconciler.steps.plans import row_of
from tests.stores import store_at

SHA = "4be91c0" + "0" * 33
FAILED, LIVE, GOOD = "3f2a0000000000000001", "3f2b0000000000000002", "77000000000000000003"
FLOW = b"""\
version: 1.1
kind: component
name: churn
run:
  kind: dag
  operations:
  - name: prepare
    component: {run: {kind: job, container: {image: "python:3.11"}}}
  - name: train
    dependencies: [prepare]
    component: {run: {kind: job, container: {image: "python:3.11"}}}
"""


@dataclass(frozen=True)
class Typed:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Terminal:
    """Types commands; `data` stands for the data directory that is named with each."""

    def __init__(self, capsys: pytest.CaptureFixture[str], data: Path | None = None) -> None:
        self._capsys = capsys
        self._data = data

    def __call__(self, *words: str) -> Typed:
        options = ["--data-dir", str(self._data)] if self._data is not None else []
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*words, *options])
        out, err = self._capsys.readouterr()
        return Typed(int(ended.value.code or 0), out, err)


def plan() -> Plan:
    built = build(parse(FLOW, "flows/churn.yaml").flows[0], lambda _path: None)
    assert built.plan is not None
    return built.plan


def filled(data: Path) -> SqlStore:
    """A store with a repository, a flow, and a run that failed, one that is live and one that succeeded."""
    store = store_at(data / "headgate.db", SystemClock())
    store.add_repository(RepositoryRow("shop", "/srv/git/shop.git"))
    lease = store.lease("test", 60.0)
    assert lease is not None
    repository = RepositoryRow("shop", "/srv/git/shop.git", "main", SHA)
    flow = FlowRow("flow-1", "shop", "", "flows/churn.yaml", "churn", applied_sha=SHA)
    store.commit(lease, Changes((repository,), flows=(flow,), plans=(row_of(plan()),), **_runs()))
    return store


def _runs() -> dict[str, Any]:
    bad = Check("headgate", "completed", "1 error in 1 file", "One error.\nMend it.", Conclusion.FAILURE)
    gate = CheckRow("shop", SHA, "headgate", digest(bad), encode(bad), final=True)
    of_run = CheckRow("shop", SHA, "headgate/churn", "x", run=FAILED)
    return {
        "new_runs": (
            _run(GOOD, Status.SUCCEEDED, 100.0, "local", code_dir="/nowhere"),
            _run(FAILED, Status.FAILED, 200.0, "merged at 4be91c0", sha=SHA),
            _run(LIVE, Status.RUNNING, 300.0, "scheduled"),
        ),
        "ops": (
            OpRow(FAILED, _op("prepare", Status.SUCCEEDED, "a1")),
            OpRow(FAILED, _op("train", Status.FAILED, "a2", "AppError")),
            OpRow(LIVE, _op("prepare", Status.RUNNING, "a3")),
            OpRow(GOOD, _op("prepare", Status.SUCCEEDED, "a4")),
            OpRow(GOOD, _op("train", Status.SUCCEEDED, "a5")),
        ),
        "attempts": tuple(_attempt(*one) for one in (("a1", FAILED, "prepare", 0), ("a2", FAILED, "train", 1))),
        "checks": (gate, of_run),
        "events": (EventRow(210.0, FAILED, "status", "train", "failed", "AppError", "exit code 1"),),
        "wakes": (Wake(RunKey(LIVE), 1e12),),
    }


def _run(run: str, status: Status, at: float, cause: str, sha: str = "", code_dir: str = "") -> RunRow:
    over = status is not Status.RUNNING
    state = RunState(
        run, "flow-1", status, created_at=at, started_at=at, finished_at=at + 50 if over else None, chain=run
    )
    facts = RunFacts("churn", "shop", sha, "main")
    return RunRow(state, "shop", row_of(plan()).id, facts, f"request:{run}", cause, sha=sha, code_dir=code_dir)


def _op(path: str, status: Status, attempt: str, reason: str = "") -> OpState:
    over = status is not Status.RUNNING
    return OpState(
        path, status, reason, attempt=attempt, attempts=1, started_at=200.0, finished_at=210.0 if over else None
    )


def _attempt(attempt: str, run: str, op: str, exit_code: int) -> AttemptRow:
    spec = AttemptSpec(attempt, run, op, 1, "job", "churn", "shop", SHA, {})
    ended = {"ended_at": 210.0, "status": "failed" if exit_code else "succeeded", "exit_code": exit_code}
    return AttemptRow(attempt, run, op, spec, phase="ended", started_at=200.0, **ended)


def write_log(data: Path, attempt: str, text: str) -> None:
    from reconciler.adapters.process_records import folder_of

    log = Path(folder_of(str(data), attempt).log)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text)
