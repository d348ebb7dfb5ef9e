"""Commands in comments on a proposal: read, allowed or not, done, answered once. What a command is, checks knows.

Two rounds: the first decides what is answered and commits it with what it changes, the second says so at the forge. A
step that dies between them says it again, in the same one comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.checks import replies
from reconciler.checks.commands import Command, commands_in
from reconciler.checks.masking import Mask
from reconciler.engine.model import FINAL
from reconciler.flows.settings import RepositorySettings
from reconciler.keys import ReviewKey
from reconciler.ports import Comment, Conversations, Stalled, World
from reconciler.records import Changes, ConversationRow, EventRow, Lease, RequestRow, ReviewRow
from reconciler.steps.comment_commands import Doing

PERMISSIONS = frozenset({"admin", "maintain", "write", "triage", "read"})  # people may have such names
OLDEST = 7 * 86_400.0  # s: what was asked longer ago is not done any more
UNSAID = 86_400.0  # s after which an answer is given up


def conversation_of(world: World, row: ReviewRow | ReviewKey) -> ConversationRow:
    """What was answered and decided on a proposal."""
    known = world.store.conversation(row.repository, row.proposal)
    return known or ConversationRow(row.repository, row.proposal)


def answer_comments(
    world: World, row: ReviewRow, settings: RepositorySettings, requests: Sequence[RequestRow], lease: Lease
) -> Changes:
    """Do what the oldest of these requests asks for, or say what was decided. Raises what the forge raises."""
    request = requests[0]
    if world.conversations is None or request.verb != "comment":
        answer = f"A proposal cannot be asked to {request.verb}."
        return Changes(answered=(replace(request, done_at=world.clock.now(), answer=answer),))
    if request.answer:
        return _say(world, world.conversations, row, request, lease)
    return _decide(world, world.conversations, row, settings, request)


# --- the first round --------------------------------------------------------------------------------------------------


def _decide(
    world: World,
    conversations: Conversations,
    row: ReviewRow,
    settings: RepositorySettings,
    request: RequestRow,
) -> Changes:
    now = world.clock.now()
    comment = conversations.comment(row.repository, request.target)
    commands = _commands(comment)
    if comment is None or not commands:
        return Changes(answered=(replace(request, done_at=now, answer="No command."),))
    if comment.created_at < max(row.head_since, now - OLDEST):
        answers = [replies.unclear(comment.author, row.head)]
        return _answered(row, request, commands, comment, answers, ["too old"] * len(commands), now)
    if not may_command(conversations, row.repository, settings.commands.allow, comment.author):
        answers = [replies.refused(command, comment.author, settings.commands.allow) for command in commands]
        return _answered(row, request, commands, comment, answers, ["refused"] * len(commands), now)
    doing = Doing(world, conversations, row, settings, request, comment.author, conversation_of(world, row), judged=row)
    return _done(doing, commands, comment, now)


def _commands(comment: Comment | None) -> list[Command]:
    """Nothing that was edited later, and nothing that another program has written: that could go round in circles."""
    return [] if comment is None or comment.edited or comment.by_program else commands_in(comment.body)


def may_command(conversations: Conversations, repository: str, allow: Iterable[str], login: str) -> bool:
    """By name, by permission, or by team; who is none of these may not."""
    names = {name.lower().removeprefix("@") for name in allow}
    if login.lower() in names - PERMISSIONS or conversations.permission(repository, login) in names & PERMISSIONS:
        return True
    return any(conversations.is_member(repository, team, login) for team in sorted(names) if "/" in team)


def _done(doing: Doing, commands: Sequence[Command], comment: Comment, now: float) -> Changes:
    several = [doing.do(command) for command in commands]
    answers, outcomes = [said for said, _ in several], [outcome for _, outcome in several]
    answered = _answered(doing.row, doing.request, commands, comment, answers, outcomes, now)
    return replace(doing.changes(), answered=answered.answered, events=answered.events, again_at=0.0)


def _answered(
    row: ReviewRow,
    request: RequestRow,
    commands: Sequence[Command],
    comment: Comment,
    answers: Sequence[str],
    outcomes: Sequence[str],
    now: float,
) -> Changes:
    """The answer is kept until it is said; what was asked by whom, and what came of it, is in the history for ever."""
    asked = "; ".join(f"{command.line}: {came}" for command, came in zip(commands, outcomes, strict=True))
    message = f"{comment.author} on {row.proposal} at {row.head[:10]}: {asked}"
    return Changes(
        answered=(replace(request, by=comment.author, answer="\n\n".join(answers)),),
        events=(EventRow(now, row.repository, "request", reason="Command", message=message),),
        again_at=0.0,
    )


# --- the second round -------------------------------------------------------------------------------------------------


def _say(world: World, conversations: Conversations, row: ReviewRow, request: RequestRow, lease: Lease) -> Changes:
    """An answer that the forge does not take, or not for a day, is left unsaid: others wait behind it."""
    before, now, mask = conversation_of(world, row), world.clock.now(), Mask(world.known_secrets())
    said = tuple(dict.fromkeys((request.answer, *before.said)))[: replies.KEPT]
    done = Changes(answered=(replace(request, done_at=now),), again_at=0.0)
    if request.at < now - UNSAID:
        return done
    try:
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
    after, text = replace(before, said=said, trials=left), Mask(world.known_secrets())(replies.comment(said))
    if said == before.said:  # later answers have taken its place
        return Changes(conversations=(after,))
    try:
        comment = world.conversations.say(key.repository, key.proposal, before.comment, text, lease)
    except Stalled:
        return Changes(conversations=(after,))
    return Changes(conversations=(replace(after, comment=comment),))
