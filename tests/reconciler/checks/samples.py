"""Plans and states to word: small builders that keep tests about words short."""

from dataclasses import replace

from reconciler.checks.evidence import RunEvidence
from reconciler.engine.model import OpState, RunFacts, RunState, Status
from reconciler.plan.model import Graph, Plan, PlannedMatrix, PlannedOp


def op(name, *upstream, line=0, kind="job", **fields):
    """A planned op; `upstream` are names, made indices by `graph`."""
    run = fields.pop("run", {"container": {"image": "python:3.11"}})
    planned = PlannedOp(name, kind, run, file="flows/churn.yaml", line=line, **fields)
    return planned, upstream


def graph(*ops):
    index = {planned.name: place for place, (planned, _) in enumerate(ops)}
    downstream = {name: [] for name in index}
    for planned, upstream in ops:
        for name in upstream:
            downstream[name].append(index[planned.name])
    made = tuple(
        replace(planned, upstream=tuple(index[name] for name in upstream), downstream=tuple(downstream[planned.name]))
        for planned, upstream in ops
    )
    return Graph(made, tuple(place for place, planned in enumerate(made) if not planned.upstream))


def plan(*ops, name="churn"):
    root = PlannedOp(name, "dag", {}, graph=graph(*ops), file="flows/churn.yaml", line=1)
    return Plan(name, "flows/churn.yaml", root, hash="1a2b3c4d5e6f7081")


CHURN = plan(
    op("prepare", line=10),
    op("train", "prepare", line=41, matrix=PlannedMatrix("mapping", values=[{}] * 4), max_retries=1),
    op("evaluate", "train", line=60),
    op("deploy", "evaluate", line=70),
)


def state(path, status, at=(100.0, 112.0), **fields):
    fields.setdefault("attempts", 1)
    fields.setdefault("attempt", f"attempt-of-{path}")
    started, finished = at
    if Status(status) not in (Status.SUCCEEDED, Status.FAILED, Status.STOPPED):
        finished = None
    return OpState(path, Status(status), started_at=started, finished_at=finished, **fields)


def evidence(status="failed", ops=(), the_plan=CHURN, **fields):
    finished = None if status in ("running", "created", "queued") else 1_000.0
    run = RunState("3f2a9c1d77", "flow-1", Status(status), started_at=100.0, finished_at=finished)
    run.stop_asked_by = fields.pop("stopped_by", None)
    run.message = fields.pop("message", "")
    facts = RunFacts("churn", "acme/models", "a" * 40, "main")
    return RunEvidence(run, facts, the_plan, ops, 2_000.0, **fields)
