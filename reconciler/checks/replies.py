"""What is answered to commands in comments: one comment on a proposal, the newest answer first. Words alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.checks import words
from reconciler.checks.commands import SAYS, TAKES, Command
from reconciler.checks.cutting import cut
from reconciler.checks.model import GATE, Check, name_of

KEPT = 5  # answers in the comment
LONGEST = 60_000  # bytes of the comment, which is less than GitHub takes
MARK = "<!-- headgate: answers -->"


def help_text() -> str:
    """The commands, what they take and do."""
    rows = [(words.code(f"/{verb} {takes}".strip()), words.spoken(SAYS[verb])) for verb, takes in TAKES.items()]
    return words.table(("Command", "What it does"), rows)


def plan_text(checks: Mapping[str, Check], flow: str) -> str:
    """What merging would do, in the words of the proposal's own checks: of one flow, or of all it touches."""
    if flow:
        check = checks.get(name_of(flow))
        if check is None:
            return f"The proposal does not touch a flow {words.code(flow)}."
        return "\n\n".join(part for part in (words.bold(check.title), check.summary, check.text) if part)
    gate = checks.get(GATE)
    return f"{words.bold(gate.title)}\n\n{gate.summary}" if gate else "Nothing is known of this proposal yet."


def answer(command: Command, by: str, sha: str, said: str) -> str:
    """One answer, with whom it is to and the commit that it speaks of."""
    head = f"{words.prose(by)}: {words.code(command.line)} (at {words.code(words.short(sha))})"
    return f"{head}\n\n{words.spoken(command.wrong) if command.wrong else said}"


def refused(command: Command, by: str, allow: Sequence[str]) -> str:
    """Said to somebody who may not command here."""
    names = words.listed([words.code(name) for name in allow], 5)
    return f"{words.prose(by)}: {words.code(command.line)}\n\nNot done: only {names} may ask for things here."


def unclear(by: str, sha: str) -> str:
    """Said when it cannot be proven which commit was meant."""
    return (
        f"{words.prose(by)}: the head became {words.code(words.short(sha))} after the command was written. "
        "Look at it and repeat the command."
    )


def comment(answers: Sequence[str]) -> str:
    """The whole comment: the newest answer, the earlier ones folded below."""
    newest, *earlier = answers[:KEPT]
    below = words.folded("Earlier answers", "\n\n---\n\n".join(earlier), len(earlier)) if earlier else ""
    return cut("\n\n".join(part for part in (MARK, newest, below) if part), LONGEST)
