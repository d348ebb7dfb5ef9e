"""A clock that is told the time, and small rows for tests of the store."""

from __future__ import annotations

from typing import Any

from reconciler.engine.model import AttemptSpec, OpState, RunFacts, RunState, Status
from reconciler.records import AttemptRow, OpRow, RunRow

NOW = 1_700_000_000.0


class GivenClock:
    """Moves only when told."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time - NOW

    def advance(self, seconds: float) -> None:
        self.time += seconds


def run_row(run: str = "r1", **fields: Any) -> RunRow:
    state = RunState(run, fields.pop("flow", "f1"), fields.pop("status", Status.CREATED))
    state.created_at = fields.pop("created_at", NOW)
    facts = RunFacts("churn", "shop", fields.get("sha", "c0ffee"), "main")
    return RunRow(state, "shop", fields.pop("plan", "p1"), facts, f"merge:{run}", **fields)


def op_row(path: str, run: str = "r1", **fields: Any) -> OpRow:
    return OpRow(run, OpState(path, **fields))


def attempt_row(attempt: str, run: str = "r1", **fields: Any) -> AttemptRow:
    queue = fields.pop("queue", None)
    spec = AttemptSpec(attempt, run, "train", 1, "job", "churn", "shop", "c0ffee", {"container": {}}, queue=queue)
    return AttemptRow(attempt, run, "train", spec, created_at=NOW, **fields)
