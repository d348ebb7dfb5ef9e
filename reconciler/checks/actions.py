"""The buttons beside a check, by the state of the run. What pressing one does is not known here."""

from __future__ import annotations

from reconciler.checks.evidence import Story
from reconciler.checks.model import Action
from reconciler.checks.ops import OpView
from reconciler.engine.model import FINAL, OpState, Status
from reconciler.engine.reasons import AWAITING_APPROVAL

# A label has at most 20 characters, a description 40, a name 20: what GitHub takes.
RERUN_FAILED = Action("rerun-failed", "Re-run failed", "Start anew; what succeeded is reused")
CANCEL = Action("cancel", "Cancel", "Stop what runs; nothing more starts")
APPROVE = Action("approve", "Approve", "Let what waits for approval go on")

_UNDONE = frozenset({Status.FAILED, Status.UPSTREAM_FAILED, Status.STOPPED})


def actions_of_run(story: Story) -> tuple[Action, ...]:
    """What may be asked of a run as it is: approval goes first, where somebody waits for it."""
    run = story.evidence.run
    if run.status in FINAL:
        return (RERUN_FAILED,) if run.status in _UNDONE else ()
    if run.stop_asked_by:
        return ()
    return (APPROVE, CANCEL) if any(_waits(view.state) for view in story.leaves) else (CANCEL,)


def actions_of_op(view: OpView, over: bool) -> tuple[Action, ...]:
    """What may be asked of one op; `over`: its run has ended."""
    return (APPROVE,) if _waits(view.state) and not over else ()


def _waits(state: OpState) -> bool:
    return state.reason == AWAITING_APPROVAL and state.status not in FINAL
