"""The buttons beside a check, by the state of the run. What pressing one does is not known here.

A button's name holds a mark of what it is pressed for, so that one of long ago means nothing else today.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.checks.evidence import Story
from reconciler.checks.model import Action
from reconciler.checks.ops import OpView
from reconciler.engine.model import FINAL, OpState, RunState, Status
from reconciler.engine.reasons import AWAITING_APPROVAL
from reconciler.plan.encoding import digest

# A label has at most 20 characters, a description 40, a name with its mark 20: what GitHub takes.
RERUN_FAILED = Action("rerun-failed", "Re-run failed", "Start anew; what succeeded is reused")
CANCEL = Action("cancel", "Cancel", "Stop what runs; nothing more starts")
APPROVE = Action("approve", "Approve", "Let what waits for approval go on")
_NAME = 20

_UNDONE = frozenset({Status.FAILED, Status.UPSTREAM_FAILED, Status.STOPPED})


def actions_of_run(story: Story) -> tuple[Action, ...]:
    """What may be asked of a run as it is: approval goes first, where somebody waits for it."""
    run, states = story.evidence.run, story.evidence.ops
    if run.status in FINAL:
        return (rerun_failed(run),) if run.status in _UNDONE else ()
    if run.stop_asked_by:
        return ()
    return (approve(run, states), cancel(run)) if waiting(states) else (cancel(run),)


def actions_of_op(run: RunState, view: OpView) -> tuple[Action, ...]:
    """What may be asked of one op of a run."""
    return (approve(run, [view.state]),) if waiting([view.state]) and run.status not in FINAL else ()


def waiting(states: Iterable[OpState]) -> list[str]:
    """Paths of the ops that wait for approval."""
    return [state.path for state in states if state.reason == AWAITING_APPROVAL and state.status not in FINAL]


def rerun_failed(run: RunState) -> Action:
    """Runs what failed again: of the run as it ended this time."""
    return _marked(RERUN_FAILED, run, run.finished_at)


def cancel(run: RunState) -> Action:
    """Stops the run: what was begun this time, and not after it was resumed."""
    return _marked(CANCEL, run, run.started_at)


def approve(run: RunState, states: Iterable[OpState]) -> Action:
    """Lets those of these ops go on that wait, and none that begins to wait later.

    Approved ops stay part of the mark: when one of several is approved by itself, the button is still that of the rest.
    """
    asking = sorted(state.path for state in states if state.approved_by or waiting([state]))
    return _marked(APPROVE, run, run.started_at, *asking)


def kind_of(name: str) -> str:
    """Which button it is, by its name with or without a mark."""
    return name.partition(":")[0]


def _marked(action: Action, run: RunState, *shown: float | str | None) -> Action:
    return replace(action, name=f"{action.name}:{digest([run.id, *shown])}"[:_NAME])
