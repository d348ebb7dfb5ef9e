"""What is said on a merged commit about the run of a flow: one check per flow, and per op while the budget lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.checks import op_text, run_text, words
from reconciler.checks.actions import actions_of_op, actions_of_run
from reconciler.checks.causes import Cause
from reconciler.checks.evidence import RunEvidence, Story, told
from reconciler.checks.model import Annotation, Check, Conclusion
from reconciler.checks.names import name_of_run
from reconciler.checks.ops import OpView
from reconciler.engine.model import FINAL, OpState, RunState, Status

__all__ = ["RunEvidence", "flow_check", "op_checks", "superseded"]

NOTHING_RUNS = "nothing is configured to run flows of this repository"
ANNOTATED = 10  # failed ops that get a remark on their line

_CONCLUSIONS: Mapping[Status, Conclusion] = {
    Status.SUCCEEDED: Conclusion.SUCCESS,
    Status.FAILED: Conclusion.FAILURE,
    Status.UPSTREAM_FAILED: Conclusion.CANCELLED,
    Status.STOPPED: Conclusion.CANCELLED,
    Status.SKIPPED: Conclusion.SKIPPED,
}
_WAITING = frozenset({Status.CREATED, Status.ON_SCHEDULE, Status.COMPILED, Status.QUEUED, Status.RESUMING})


def flow_check(evidence: RunEvidence) -> Check:
    """The check `headgate/<flow>` of the commit that started the run.

    A function of the run's state alone: time passing by changes no word, so that a check is posted when it has news.
    """
    story = told(evidence)
    run = evidence.run
    done = run.status in FINAL
    first = story.failed[0] if story.failed else None
    return Check(
        name=name_of_run(evidence.facts),
        status="completed" if done else _progress(run.status),
        title=run_text.title(story),
        summary=run_text.summary(story),
        conclusion=_conclusion(run.status) if done else None,
        text=run_text.text(story),
        annotations=tuple(_annotation(view, story.cause(view)) for view in story.failed[:ANNOTATED] if _placed(view)),
        details_url=evidence.url,
        started_at=run.started_at,
        completed_at=run.finished_at if done else None,
        run=run.id,
        attempt=(first.state.attempt or "") if first else "",
        actions=actions_of_run(story),
    )


def _progress(status: Status) -> str:
    return "queued" if status in _WAITING else "in_progress"


def _conclusion(status: Status, cause: Cause | None = None) -> Conclusion:
    if cause is not None and status is Status.FAILED and cause.conclusion_timed_out:
        return Conclusion.TIMED_OUT
    return _CONCLUSIONS[status]


def _placed(view: OpView) -> bool:
    return view.planned is not None and bool(view.planned.file) and view.planned.line > 0


def _annotation(view: OpView, cause: Cause) -> Annotation:
    op = view.planned
    assert op is not None
    told_title = words.title(f"{view.path} {cause.short}")
    return Annotation(op.file, op.line, op.line, "failure", told_title, words.line(f"{cause.what} {cause.do}"))


def op_checks(evidence: RunEvidence, budget: int) -> list[Check]:
    """A check `headgate/<flow>/<op path>` per op, at most `budget`: those of the plan first, then whole sweeps.

    An op that has one keeps it: what is chosen does not depend on how far the run has come.
    """
    story = told(evidence)
    return [_op_check(story, view) for view in _within(story.views, budget)]


def _within(all_views: Sequence[OpView], budget: int) -> list[OpView]:
    static = [view for view in all_views if view.planned is not None and "[" not in view.path]
    chosen = sorted(static, key=lambda view: view.depth)[:budget]
    for sweep in static:
        if sweep.planned is None or sweep.planned.matrix is None:
            continue
        children = [view for view in all_views if view.path.startswith(sweep.path + "[") and view.path.endswith("]")]
        planned = (sweep.state.sweep or {}).get("planned")
        if not isinstance(planned, int) or len(chosen) + planned > budget:
            break  # a later sweep must not get checks that an earlier one may still need
        chosen += children
    return chosen


def _op_check(story: Story, view: OpView) -> Check:
    state, evidence = view.state, story.evidence
    over = evidence.run.status in FINAL and state.status not in FINAL
    done = over or state.status in FINAL
    cause = story.cause(view) if state.status in FINAL - {Status.SUCCEEDED} else None
    conclusion = Conclusion.CANCELLED if over else _conclusion(state.status, cause) if done else None
    return Check(
        name=name_of_run(evidence.facts, view.path),
        status="completed" if done else _progress(state.status),
        title=words.title("Not run: the run ended before") if over else op_text.op_title(view, cause),
        summary=op_text.op_summary(story, view, cause),
        conclusion=conclusion,
        text=op_text.op_text(story, view),
        details_url=f"{evidence.url}?op={words.quoted(view.path)}" if evidence.url else "",
        started_at=state.started_at,
        completed_at=_ended(state, evidence.run) if done else None,
        run=evidence.run.id,
        attempt=state.attempt or "",
        actions=actions_of_op(evidence.run, view),
    )


def _ended(state: OpState, run: RunState) -> float | None:
    return state.finished_at or run.finished_at


def superseded(name: str, sha: str, by: str, at: float) -> Check:
    """A check of a commit that was passed over: a later one was merged before this one was looked at."""
    return Check(
        name=name,
        status="completed",
        title=f"Superseded by {words.short(by)}",
        summary=(
            f"Commit {words.code(words.short(sha))} was passed over: {words.code(words.short(by))} was the head before "
            "it was looked at.\nNothing needs to be done; the checks of the later commit speak for both."
        ),
        conclusion=Conclusion.NEUTRAL,
        completed_at=at,
    )


def only_judged(name: str, sha: str, at: float) -> Check:
    """A check of a merged commit in a repository whose flows are judged and recorded, and not run."""
    return Check(
        name=name,
        status="completed",
        title=words.title("Judged and recorded: nothing runs flows here"),
        summary=(
            f"The plan of {words.code(words.short(sha))} is recorded, and started no run: {NOTHING_RUNS}.\n"
            "The settings of the server decide where the ops of this repository may run."
        ),
        conclusion=Conclusion.NEUTRAL,
        completed_at=at,
    )


def not_started(name: str, sha: str, why: str, at: float) -> Check:
    """A check of a commit whose plan waited and is not started after all."""
    unpause = words.code(f"headgate unpause {name.removeprefix('headgate/')}")
    return Check(
        name=name,
        status="completed",
        title=words.title(f"Not started: {why}"),
        summary=(
            f"The plan of {words.code(words.short(sha))} is recorded, but {why}, so it started no run.\n"
            f"Run {unpause} and merge again to start one."
        ),
        conclusion=Conclusion.NEUTRAL,
        completed_at=at,
    )


def waiting(name: str, sha: str, behind: Sequence[str]) -> Check:
    """A check of a commit whose plan waits until the live runs of its flow end (`onNewPlan: queue`)."""
    runs = words.listed([words.code(words.short(run)) for run in behind])
    return Check(
        name=name,
        status="queued",
        title=words.title(f"Waits for {words.count(len(behind), 'live run')} of the flow"),
        summary=(
            f"The plan of {words.code(words.short(sha))} starts when {runs} ends; "
            "of several that wait, the newest does.\n"
            "Nothing needs to be done. `onNewPlan` in `.headgate.yaml` changes this."
        ),
    )
