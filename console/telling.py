"""Runs, commits and flows as a terminal and JSON tell of them. What is told is decided in reconciler/checks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.log_files import FileLogs
from console.naming import Commit
from reconciler.checks import run_text, words
from reconciler.checks.evidence import RunEvidence, Story, told
from reconciler.checks.glyphs import look
from reconciler.checks.model import Check, Conclusion
from reconciler.checks.ops import OpView
from reconciler.checks.run import flow_check
from reconciler.checks.tree import tree_text
from reconciler.engine.model import FINAL, GOOD
from reconciler.flows.model import Json
from reconciler.plan.encoding import decode
from reconciler.records import CheckRow, FlowRow, RunRow
from reconciler.steps.evidence import evidence_of
from reconciler.store import Records

_RED = frozenset({Conclusion.FAILURE, Conclusion.CANCELLED, Conclusion.TIMED_OUT, Conclusion.ACTION_REQUIRED})


def story_of(store: Records, row: RunRow, data_dir: Path) -> Story:
    """All that can be told of a run, its ops in order and the causes of what failed."""
    return told(evidence_of(store, FileLogs(data_dir), row, time.time()))


# --- runs -------------------------------------------------------------------------------------------------------------


def run_lines(story: Story) -> list[str]:
    """The verdict, the tree of ops, and what can be typed next."""
    run = story.evidence.run
    head = f"{look(run.status).glyph} {words.line(story.evidence.facts.flow)}  {run_text.title(story)}"
    lines = [head, f"  run {run.id}{_because(story)}{_times(story)}", ""]
    lines += [f"  {line}" for line in tree_text(story.evidence.plan.graph, story.views).splitlines()]
    if run.status not in GOOD:
        lines += ["", "Next:", *(f"  {command}" for command in run_text.commands(story))]
    return lines


def _because(story: Story) -> str:
    cause = story.evidence.cause
    return f", {words.line(cause)}" if cause else ""


def _times(story: Story) -> str:
    run = story.evidence.run
    ended = f", ended {words.when(run.finished_at)}" if run.finished_at else ""
    return f", started {words.when(run.started_at or run.created_at)}{ended}"


def run_document(story: Story) -> dict[str, Json]:
    """The run with all of its ops."""
    evidence = story.evidence
    return _run_entry(evidence, run_text.title(story)) | {"ops": [op_entry(view) for view in story.views]}


def _run_entry(evidence: RunEvidence, title: str) -> dict[str, Json]:
    run, facts = evidence.run, evidence.facts
    return {
        "run": run.id,
        "flow": facts.flow,
        "repository": facts.repository,
        "commit": facts.commit,
        "plan": evidence.plan.hash,
        "status": run.status.value,
        "reason": run.reason,
        "message": run.message,
        "title": title,
        "cause": evidence.cause,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "outputs": run.outputs,
    }


def op_entry(view: OpView) -> dict[str, Json]:
    """One op as JSON."""
    state, planned = view.state, view.planned
    return {
        "op": view.path,
        "kind": planned.kind if planned else "",
        "status": state.status.value,
        "reason": state.reason,
        "message": state.message,
        "attempt": state.attempt,
        "attempts": state.attempts,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
        "cached_from": state.cached_from,
        "outputs": state.outputs,
        "file": planned.file if planned else "",
        "line": planned.line if planned else 0,
    }


def listing(rows: Sequence[RunRow]) -> list[str]:
    """Runs as a table, newest first."""
    cells = [_cells(row) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    return [
        "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[4]]) for row in cells
    ]


def _cells(row: RunRow) -> tuple[str, ...]:
    run, shown = row.state, look(row.state.status)
    took = words.duration((run.finished_at or time.time()) - run.created_at)
    return (run.id, words.line(row.facts.flow), f"{shown.glyph} {shown.word}", took, words.line(row.cause))


def list_entry(row: RunRow) -> dict[str, Json]:
    """A run of a list as JSON."""
    run = row.state
    return {
        "run": run.id,
        "flow": row.facts.flow,
        "repository": row.repository,
        "commit": row.facts.commit,
        "status": run.status.value,
        "reason": run.reason,
        "cause": row.cause,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


# --- commits ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A check of a commit as it reads now, and the run it speaks of."""

    check: Check
    run: str = ""

    @property
    def done(self) -> bool:
        """Whether it has its verdict."""
        return self.check.status == "completed"

    @property
    def red(self) -> bool:
        """Whether its verdict is no."""
        return self.check.conclusion in _RED


def checks_of(store: Records, commit: Commit, data_dir: Path) -> list[Said]:
    """What is said on a commit, gates first."""
    rows = sorted(store.checks(commit.repository, commit.sha), key=lambda row: (row.name.count("/"), row.name))
    return [_said(store, row, data_dir) for row in rows]


def _said(store: Records, row: CheckRow, data_dir: Path) -> Said:
    run = store.run(row.run) if row.run else None
    if run is None:
        return Said(decode(row.document_json, Check))
    return Said(flow_check(story_of(store, run, data_dir).evidence), run.id)


def check_lines(commit: Commit, said: Sequence[Said]) -> list[str]:
    """A commit's checks for a terminal."""
    lines = [f"{commit.repository} {commit.sha}"]
    for one in said:
        word = str(one.check.conclusion or one.check.status).replace("_", " ")
        glyph = "✗" if one.red else "✓" if one.done else "▶"
        lines.append(f"  {glyph} {one.check.name}  {word}  {words.line(one.check.title)}{_named(one.run)}")
    return lines if said else [*lines, "  nothing was said of it yet"]


def _named(run: str) -> str:
    return f" (run {run})" if run else ""


def commit_document(commit: Commit, said: Sequence[Said]) -> dict[str, Json]:
    """A commit's checks as JSON."""
    checks = [
        {
            "name": one.check.name,
            "status": one.check.status,
            "conclusion": one.check.conclusion.value if one.check.conclusion else None,
            "title": one.check.title,
            "summary": one.check.summary,
            "run": one.run,
        }
        for one in said
    ]
    return {"repository": commit.repository, "commit": commit.sha, "checks": checks}


# --- flows ------------------------------------------------------------------------------------------------------------


def flow_lines(store: Records, flow: FlowRow) -> list[str]:
    """What a flow is about, and its last runs."""
    lines = [f"{words.line(flow.name)} ({words.line(flow.repository)}, {words.line(flow.path)})"]
    lines += [f"  {text}" for text in _standing(store, flow)]
    runs = store.runs(flow=flow.id, limit=10)
    return [*lines, "", *(listing(runs) if runs else ["It has no run yet."])]


def _standing(store: Records, flow: FlowRow) -> Iterable[str]:
    if flow.retired:
        yield "retired: it is gone from the default branch"
    if flow.paused:
        yield f"paused: it starts nothing by itself; `headgate unpause {flow.name}` ends that"
    if flow.frozen:
        yield f"frozen: {words.line(flow.frozen)}"
    if flow.applied_sha:
        plan = f", plan {flow.applied_plan[:12]}" if flow.applied_plan else ""
        yield f"applied at {words.short(flow.applied_sha)}{plan}"
    if flow.waiting_sha:
        yield f"the plan of {words.short(flow.waiting_sha)} waits for the live run to end"
    schedule = store.schedule(flow.id)
    if schedule is not None and schedule.next_at is not None and not schedule.done:
        yield f"next scheduled run: {words.when(schedule.next_at)}"


def flow_document(store: Records, flow: FlowRow) -> dict[str, Json]:
    """A flow as JSON."""
    schedule = store.schedule(flow.id)
    return {
        "flow": flow.name,
        "id": flow.id,
        "repository": flow.repository,
        "file": flow.path,
        "paused": flow.paused,
        "retired": flow.retired,
        "frozen": flow.frozen,
        "applied_commit": flow.applied_sha,
        "applied_plan": flow.applied_plan,
        "next_at": schedule.next_at if schedule and not schedule.done else None,
        "runs": [list_entry(row) for row in store.runs(flow=flow.id, limit=10)],
    }


def settled(row: RunRow) -> bool:
    """Whether a run has ended."""
    return row.state.status in FINAL
