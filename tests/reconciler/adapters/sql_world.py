"""A clock that is told the time, and small rows for tests of the store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from reconciler.engine.model import AttemptSpec, OpState, RunFacts, RunState, Status
from reconciler.records import AttemptRow, OpRow, RunRow

NOW = 1_700_000_000.0


class GivenClock:
    """Moves only when told."""

    def __init__(self) -> None:
        self.time = NOW
        self._begin = NOW

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time - self._begin

    def jump(self, seconds: float) -> None:
        """Set the clock of the wall; no time passes."""
        self.time += seconds
        self._begin += seconds

    def advance(self, seconds: float) -> None:
        self.time += seconds


def run_row(run: str = "r1", **fields: Any) -> RunRow:
    state = RunState(run, fields.pop("flow", "f1"), fields.pop("status", Status.CREATED))
    state.created_at = fields.pop("created_at", NOW)
    state.finished_at = fields.pop("finished_at", None)
    facts = RunFacts("churn", "shop", fields.get("sha", "c0ffee"), "main")
    return RunRow(state, "shop", fields.pop("plan", "p1"), facts, f"merge:{run}", **fields)


def op_row(path: str, run: str = "r1", **fields: Any) -> OpRow:
    return OpRow(run, OpState(path, **fields))


def attempt_row(attempt: str, run: str = "r1", **fields: Any) -> AttemptRow:
    queue = fields.pop("queue", None)
    spec = AttemptSpec(attempt, run, "train", 1, "job", "churn", "shop", "c0ffee", {"container": {}}, queue=queue)
    return AttemptRow(attempt, run, "train", spec, created_at=NOW, **fields)


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


def new_database(dialect: str, directory: Path) -> str:
    """The address of an empty database: a file, or a schema of the server that HEADGATE_TEST_POSTGRES names."""
    if dialect == "sqlite":
        return str(directory / "headgate.db")
    server = os.environ.get("HEADGATE_TEST_POSTGRES")
    if not server:
        pytest.skip("HEADGATE_TEST_POSTGRES names no server")
    url, schema = make_url(server), f"t{uuid4().hex}"
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    shown = url.update_query_dict({"options": f"-csearch_path={schema}"})
    return shown.render_as_string(hide_password=False)
