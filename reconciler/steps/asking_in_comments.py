"""Commands in comments on a proposal: read, allowed or not, done, answered once. What a command is, checks knows.

Two rounds: the first decides what is answered and commits it with what it changes, the second says so at the forge. A
step that dies between them says it again, in the same one comment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.checks import replies
from reconciler.checks.commands import Command, commands_in
from reconciler.checks.masking import Mask
from reconciler.engine.model import FINAL
from reconciler.errors import Stalled
from reconciler.keys import ReviewKey
from reconciler.ports import Comment, Conversations, World
from reconciler.records import Changes, ConversationRow, EventRow, Lease, RequestRow, ReviewRow
from reconciler.steps.comment_commands import Doing
from reconciler.steps.flow_files import Revision
from reconciler.steps.recover import heard_at
from reconciler.steps.who_may import Rules

REFUSALS = 3  # strangers who are told on a proposal that they may not
OLDEST = 7 * 86_400.0  # s: what was asked longer ago is not done any more
UNSAID = 86_400.0  # s after which an answer is given up


def conversation_of(world: World, row: ReviewRow | ReviewKey) -> ConversationRow:
    """What was answered and decided on a proposal."""
    known = world.store.conversation(row.repository, row.proposal)
    return known or ConversationRow(row.repository, row.proposal)


def answer_comments(
    world: World, row: ReviewRow, base: Revision, requests: Sequence[RequestRow], lease: Lease
) -> Changes:
    """Do what the oldest of these requests asks for, or say what was decided. Raises what the forge raises.

    `base` is what the proposal wants into: a proposal cannot say who may command on it.
    """
    request = requests[0]
    if world.conversations is None or request.verb != "comment":
        answer = f"A proposal cannot be asked to {request.verb}."
        return _silently(request, answer, world.clock.now())
    if request.answer:
        return _say(world, world.conversations, row, request, lease)
    return _decide(world, world.conversations, row, base, request)


# --- the first round --------------------------------------------------------------------------------------------------


def _decide(world: World, conversations: Conversations, row: ReviewRow, base: Revision, request: RequestRow) -> Changes:
    now = world.clock.now()
    comment = conversations.comment(row.repository, request.target)
    commands = _commands(comment)
    if comment is None or not commands:
        return _silently(request, "No command.", now)
    asked = replace(request, by=comment.author)
    if comment.created_at < now - OLDEST:
        return _silently(asked, "It was written too long ago.", now)
    rules = Rules(conversations, row.repository, base)
    refused = _refusal(rules, comment.author)
    if refused:
        return _refused(world, row, asked, commands, refused)
    is_early = comment.created_at < row.head_since
    doing = Doing(world, rules, row, base.settings, asked, comment.author, is_early, conversation_of(world, row), row)
    several = [doing.do(command) for command in commands]
    answer, outcomes = "\n\n".join(said for said, _ in several), [outcome for _, outcome in several]
    told = replace(asked, answer=answer)
    return replace(
        doing.changes(), answered=(told,), events=(_event(row, asked, commands, outcomes, now),), again_at=0.0
    )


def _silently(request: RequestRow, answer: str, now: float) -> Changes:
    """Nobody is told. Others may wait behind it."""
    return Changes(answered=(replace(request, done_at=now, answer=answer),), again_at=0.0)


def _refusal(rules: Rules, login: str) -> str:
    """Why somebody may not command; "" if they may. Whom the forge tells nothing of may not."""
    try:
        return "" if rules.may_command(login) else replies.may_not(tuple(rules.allow))
    except Stalled as error:
        return replies.not_known(error.message)


def _refused(world: World, row: ReviewRow, asked: RequestRow, commands: Sequence[Command], why: str) -> Changes:
    """Strangers may write as much as they like: one is answered once, a few on a proposal, and that is all it costs."""
    before, now = conversation_of(world, row), world.clock.now()
    event = _event(row, asked, commands, ["refused"] * len(commands), now)
    told = replace(asked, answer=replies.refused(asked.by, why))
    if len(before.refused) >= REFUSALS or any(login == asked.by for login, _ in before.refused):
        return Changes(answered=(replace(told, done_at=now),), events=(event,), again_at=0.0)
    after = replace(before, refused=(*before.refused, (asked.by, asked.id)))
    return Changes(answered=(told,), conversations=(after,), events=(event,), again_at=0.0)


def _commands(comment: Comment | None) -> list[Command]:
    """Nothing that was edited later, and nothing that another program has written: that could go round in circles."""
    return [] if comment is None or comment.edited or comment.by_program else commands_in(comment.body)


def _event(
    row: ReviewRow, asked: RequestRow, commands: Sequence[Command], outcomes: Sequence[str], now: float
) -> EventRow:
    """What was asked by whom, and what came of it, is in the history for ever."""
    several = "; ".join(f"{command.line}: {came}" for command, came in zip(commands, outcomes, strict=True))
    message = f"{asked.by} on {row.proposal} at {row.head[:10]}: {several}"
    return EventRow(now, row.repository, "request", reason="Command", message=message)


# --- the second round -------------------------------------------------------------------------------------------------


def _say(world: World, conversations: Conversations, row: ReviewRow, request: RequestRow, lease: Lease) -> Changes:
    """An answer that the forge does not take, or not for a day, is left unsaid: others wait behind it."""
    before, now, mask = conversation_of(world, row), world.clock.now(), Mask(world.known_secrets())
    said = tuple(dict.fromkeys((request.answer, *before.said)))[: replies.KEPT]
    done = Changes(answered=(replace(request, done_at=now),), again_at=0.0)
    if heard_at(request) < now - UNSAID:
        return done
    try:
        if request.id not in {name for _, name in before.refused}:
            conversations.react(row.repository, request.target, lease)
        text = mask(replies.comment(said))
        comment = conversations.say(row.repository, row.proposal, before.comment, text, lease)
    except Stalled:
        return done
    return replace(done, conversations=(replace(before, comment=comment, said=said),))


# --- later ------------------------------------------------------------------------------------------------------------


def tell_ends(world: World, key: ReviewKey, lease: Lease) -> Changes:
    """Let our comment say how trial runs have ended, once each; a run that is gone by now is left as it was told."""
    before = conversation_of(world, key)
    runs = {name: world.store.run(name) for name in before.trials}
    ends = {name: run.state for name, run in runs.items() if run is not None and run.state.status in FINAL}
    if world.conversations is None or not ends:
        return Changes()
    said = tuple(replies.with_ends(answer, ends) for answer in before.said)
    left = tuple(name for name in before.trials if name not in ends)
    after = replace(before, said=said, trials=left)
    if said == before.said:  # later answers have taken its place, or it was never said
        return Changes(conversations=(after,))
    text = Mask(world.known_secrets())(replies.comment(said))
    try:
        comment = world.conversations.say(key.repository, key.proposal, before.comment, text, lease)
    except Stalled:
        return Changes(conversations=(after,))
    return Changes(conversations=(replace(after, comment=comment),))
