"""Commands in comments on a proposal: read, allowed or not, done, answered once. What a command is, checks knows.

Two rounds: the first decides what is answered and commits it with what it changes, the second says so at the forge. A
step that dies between them says it again, in the same one comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.checks import replies
from reconciler.checks.commands import Command, commands_in
from reconciler.checks.masking import Mask, masked
from reconciler.checks.model import Check
from reconciler.flows.settings import RepositorySettings
from reconciler.plan.encoding import decode
from reconciler.ports import Comment, Conversations, Stalled, World
from reconciler.records import Changes, ConversationRow, EventRow, Lease, RequestRow, ReviewRow

PERMISSIONS = frozenset({"admin", "maintain", "write", "triage", "read"})  # people may have such names
OLDEST = 7 * 86_400.0  # s: what was asked longer ago is not done any more
UNSAID = 86_400.0  # s after which an answer is given up


def conversation_of(world: World, row: ReviewRow) -> ConversationRow:
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
        return _answered(row, request, commands, comment, answers, now)
    if not may_command(conversations, row.repository, settings.commands.allow, comment.author):
        answers = [replies.refused(command, comment.author, settings.commands.allow) for command in commands]
        return _answered(row, request, commands, comment, answers, now)
    return _done(world, row, request, commands, comment, now)


def _commands(comment: Comment | None) -> list[Command]:
    """Nothing that was edited later, and nothing that another program has written: that could go round in circles."""
    return [] if comment is None or comment.edited or comment.by_program else commands_in(comment.body)


def may_command(conversations: Conversations, repository: str, allow: Iterable[str], login: str) -> bool:
    """By name, by permission, or by team; who is none of these may not."""
    names = {name.lower().removeprefix("@") for name in allow}
    if login.lower() in names - PERMISSIONS or conversations.permission(repository, login) in names & PERMISSIONS:
        return True
    return any(conversations.is_member(repository, team, login) for team in sorted(names) if "/" in team)


def _done(
    world: World, row: ReviewRow, request: RequestRow, commands: Sequence[Command], comment: Comment, now: float
) -> Changes:
    judged, conversation, answers = row, conversation_of(world, row), []
    for command in commands:
        said = ""
        if not command.wrong:
            match command.verb:
                case "plan":
                    said = replies.plan_text(_said(world, row), command.flow)
                case "retest":
                    judged, said = replace(judged, judged=""), "The proposal is judged anew."
                case "hold":
                    conversation = replace(conversation, held_by="" if command.lifted else comment.author)
                    judged, said = replace(judged, judged=""), "The hold is lifted." if command.lifted else "Held."
                case _:
                    said = replies.help_text()
        answers.append(replies.answer(command, comment.author, row.head, said))
    changes = _answered(row, request, commands, comment, answers, now)
    return replace(changes, judged=(judged,) if judged != row else (), conversations=(conversation,))


def _said(world: World, row: ReviewRow) -> dict[str, Check]:
    rows, mask = world.store.checks(row.repository, row.head), Mask(world.known_secrets())
    found = [decode(one.document_json, Check) for one in rows if one.document_json and not one.run]
    return {check.name: masked(check, mask) for check in found}


def _answered(
    row: ReviewRow,
    request: RequestRow,
    commands: Sequence[Command],
    comment: Comment,
    answers: Sequence[str],
    now: float,
) -> Changes:
    """The answer is kept until it is said; what was asked by whom is in the history for ever."""
    asked = ", ".join(command.line for command in commands)
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
