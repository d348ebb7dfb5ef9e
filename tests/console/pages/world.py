"""A store with a repository, a flow and runs, and logs in memory, for the pages to show."""

from dataclasses import dataclass, field

from starlette.testclient import TestClient

from console.pages.application import application
from reconciler.checks.merged import MergedHead, merged_gate
from reconciler.engine.model import AttemptSpec, OpState, RunFacts, RunState, Status
from reconciler.keys import CheckKey
from reconciler.plan.encoding import encode
from reconciler.records import (
    AttemptRow,
    Changes,
    CheckRow,
    EventRow,
    FlowRow,
    MetricRow,
    OpRow,
    RepositoryRow,
    RunRow,
    Wake,
)
from reconciler.steps.plans import row_of
from tests.stores import store_at

SHA = "5f3a" * 10


class StoppedClock:
    def now(self):
        return 2_000.0

    def monotonic(self):
        return 2_000.0


@dataclass
class Bytes:
    data: bytes
    start: int
    first: int
    size: int


@dataclass
class MemoryLogs:
    """Logs by attempt; `first` is how much of each was rotated away."""

    logs: dict[str, bytes] = field(default_factory=dict)
    first: int = 0

    def tail(self, attempt, lines):
        return "\n".join(self.logs.get(attempt, b"").decode().split("\n")[-lines:])

    def read(self, attempt, offset, limit):
        data = self.logs.get(attempt, b"")
        size = self.first + len(data)
        start = min(max(offset, self.first), size)
        return Bytes(data[start - self.first :][:limit], start, self.first, size)


class PagesWorld:
    """Everything that pages read from, and a browser."""

    def __init__(self, folder, source="/srv/models"):
        self.clock = StoppedClock()
        self.store = store_at(folder / "store.db", self.clock)
        self.logs = MemoryLogs()
        self.store.add_repository(RepositoryRow("acme/models", source, "main", SHA))
        self.browser = TestClient(
            application(self.store, self.logs, self.clock, self.store.ask), base_url="http://127.0.0.1:8000"
        )

    def write(self, changes):
        key = CheckKey("acme/models", SHA)
        self.store.wake([Wake(key)])
        lease = self.store.lease("test", 60.0)
        self.store.commit(lease, changes)

    def add_run(self, plan, status="failed", ops=(), run="3f2a9c1d77", stopped_by=None, cause="merged", made=90.0):
        finished = None if status in ("running", "queued") else made + 910.0
        state = RunState(run, "flow-1", Status(status), "", "", made, made + 10.0, finished, stopped_by, run)
        facts = RunFacts(plan.flow, "acme/models", SHA, "main")
        stored = row_of(plan)
        flow = FlowRow("flow-1", "acme/models", "", plan.file, plan.flow, applied_sha=SHA)
        self.write(
            Changes(
                flows=(self.store.flow("flow-1") or flow,),
                plans=(stored,),
                new_runs=(RunRow(state, "acme/models", stored.id, facts, "merge:1", cause, sha=SHA),),
                ops=tuple(OpRow(run, op) for op in ops),
                attempts=tuple(self._attempt(run, op) for op in ops if op.attempt),
                checks=(
                    CheckRow("acme/models", SHA, f"headgate/{plan.flow}", "1", run=run),
                    CheckRow(
                        "acme/models",
                        SHA,
                        "headgate",
                        "1",
                        encode(merged_gate(MergedHead("acme/models", SHA, added=(plan.flow,)))),
                    ),
                ),
                events=tuple(
                    EventRow(op.finished_at or 100.0, run, "status", op.path, op.status.value, op.reason, op.message)
                    for op in ops
                ),
                metrics=tuple(MetricRow(op.attempt, "loss", 0.25, 105.0, 3) for op in ops if op.attempt),
            )
        )
        return run

    def _attempt(self, run, op: OpState):
        spec = AttemptSpec(op.attempt, run, op.path, 1, "job", "churn", "acme/models", SHA, {})
        return AttemptRow(
            op.attempt,
            run,
            op.path,
            spec,
            phase="ended",
            started_at=op.started_at,
            status=op.status.value,
            reason=op.reason,
        )

    def get(self, address):
        return self.browser.get(address)

    def form_fields(self, address):
        """Token and nonce of the page's forms."""
        html = self.get(address).text
        return {name: html.split(f'name="{name}" value="')[1].split('"')[0] for name in ("token", "nonce")}
