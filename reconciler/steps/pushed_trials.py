"""Trial runs that nobody asks for in a comment: of flows that start with a pull request, at each new head of one.

What starts a flow is said by the settings of the base. The run is one as `/run` would start it, by the author, who must
be somebody who may do that; code of a fork runs once its commit was approved. It is decided after the proposal was
judged, so that a forge that does not answer holds up no check.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.checks.commands import Command
from reconciler.checks.review import FlowVerdict
from reconciler.errors import Stalled
from reconciler.flows.settings import RepositorySettings
from reconciler.keys import ReviewKey
from reconciler.ports import World
from reconciler.records import Changes, EventRow, Lease, RequestRow, ReviewRow
from reconciler.steps.asking_in_comments import answer_comments, conversation_of
from reconciler.steps.comment_commands import Doing, approval_of
from reconciler.steps.flow_files import Revision
from reconciler.steps.trials import on_trial
from reconciler.steps.who_may import Rules

TRY = "try"
START = "pull_request"
_LAG, _SOON = 60.0, 5.0  # s
_MOVED = "The proposal has moved on."


def trials_wanted(
    world: World, row: ReviewRow, settings: RepositorySettings, verdicts: Iterable[FlowVerdict]
) -> tuple[RequestRow, ...]:
    """What a judged head lets be tried; the same however often it is judged, and once more when it was approved."""
    if world.conversations is None or row.target or not world.runs(row.repository):
        return ()
    approved = "approved" if world.store.approved(approval_of(row), row.head) else "seen"
    of_head = ":".join((TRY, row.repository, row.proposal, row.head, approved))
    key, now = ReviewKey(row.repository, row.proposal), world.clock.now()
    return tuple(
        RequestRow(f"{of_head}:{one.file}:{one.flow}", key, TRY, "", now, one.flow, arguments={"head": row.head})
        for one in verdicts
        if START in settings.for_flow(one.file, one.flow).start_on and _can_be_tried(world, one)
    )


def _can_be_tried(world: World, verdict: FlowVerdict) -> bool:
    known = world.store.flow(verdict.id) if verdict.id else None
    return verdict.plan is not None and verdict.has_effect and not (known is not None and known.paused)


def answer_asked(world: World, row: ReviewRow, requests: Sequence[RequestRow], lease: Lease) -> Changes:
    """Do the oldest of what people, or a new head, ask for. Raises what the forge raises."""
    base = Revision(world.source, row.repository, row.base)
    if requests[0].verb == TRY and world.conversations is not None:
        return _tried(world, Rules(world.conversations, row.repository, base), row, requests[0])
    return answer_comments(world, row, base, requests, lease)


def _tried(world: World, rules: Rules, row: ReviewRow, request: RequestRow) -> Changes:
    now, settings = world.clock.now(), rules.base.settings
    doing = Doing(world, rules, row, settings, request, "", False, conversation_of(world, row), row)
    opened = doing.opened if request.arguments.get("head") == row.head else None
    if opened is not None and opened.head != row.head and request.at > now - _LAG:
        return Changes(again_at=now + _SOON)  # its Git may tell of a head before it does itself
    if opened is None or opened.head != row.head:
        outcome = _MOVED
    elif any(flow.name == request.target for flow in on_trial(world, row.repository, row.proposal)):
        outcome = "It was run at this head."
    elif not opened.is_foreign and (refused := _refusal(rules, opened.author)):
        outcome = refused
    else:
        doing.by = opened.author
        outcome = doing.do(Command("run", f"startOn: {START}", request.target))[1]
    message = f"{row.proposal} at {row.head[:10]} lets `{request.target}` be tried: {outcome}"
    return replace(
        doing.changes(),
        answered=(replace(request, by=doing.by, done_at=now, answer=outcome),),
        events=(EventRow(now, row.repository, "request", reason="Trial", message=message),),
        again_at=0.0,
    )


def _refusal(rules: Rules, author: str) -> str:
    try:
        return "" if author and rules.may_command(author) else "not run: its author may not ask for that"
    except Stalled as error:
        return f"not run: it cannot be found out whether its author may. {error.message}"
