"""What is answered to commands in comments: one comment on a proposal, the newest answer first. Words alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.checks import words
from reconciler.checks.commands import SAYS, TAKES, Command
from reconciler.checks.cutting import cut
from reconciler.checks.model import Check
from reconciler.checks.names import GATE, name_of, name_of_run
from reconciler.checks.plan_text import op_count
from reconciler.checks.review_text import advice
from reconciler.checks.run import NOTHING_RUNS
from reconciler.engine.model import RunFacts, RunState
from reconciler.flows.findings import NOWHERE, Finding
from reconciler.plan.model import Plan

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


# --- trial runs -------------------------------------------------------------------------------------------------------


def started(run: str, facts: RunFacts, plan: Plan, url: str) -> str:
    """A trial run was asked for; how it ends is written behind its id."""
    page = f" [Its page]({url})." if url else ""
    return (
        f"{_trial(run)} of {words.bold(facts.flow)} was asked for ({words.count(op_count(plan), 'op')}); "
        f"the check {words.code(name_of_run(facts))} tells how it goes.{page}"
    )


def only_valid(plan: Plan) -> str:
    """It could be run, and nothing runs here."""
    ops = words.count(op_count(plan), "op")
    return f"{words.bold(plan.flow)} is fine with these inputs ({ops}). It was not started: {NOTHING_RUNS}."


def not_run(message: str, findings: Sequence[Finding]) -> str:
    """Why it was not run, and what is wrong with which input or line."""
    lines = [f"- {words.code(_place(finding))}: {words.spoken(advice(finding))}" for finding in findings[: words.ROWS]]
    more = [f"- and {len(findings) - words.ROWS} more"] if len(findings) > words.ROWS else []
    return "\n".join([f"Not run: {words.spoken(message)}", *([""] if lines else []), *lines, *more])


def _place(finding: Finding) -> str:
    span = finding.span
    return finding.file if span == NOWHERE else f"{finding.file}:{span.line}:{span.column}"


def cancelled(flows: Sequence[str]) -> str:
    """Which flows' trial runs are stopped."""
    names = words.listed([words.bold(flow) for flow in flows], 5)
    return f"Stopping what runs on trial of {names}." if flows else "No trial run of this proposal is under way."


def with_ends(said: str, ends: Mapping[str, RunState]) -> str:
    """An answer in which trial runs are told to have ended."""
    for run, state in ends.items():
        said = said.replace(f"{_trial(run)} of", f"{_trial(run)} ({_end(state)}) of")
    return said


def _trial(run: str) -> str:
    return f"Trial run {words.code(run)}"  # which nobody else can write: what people write is escaped


def _end(state: RunState) -> str:
    spent = (state.finished_at or 0.0) - (state.started_at or state.finished_at or 0.0)
    return f"{state.status.value} after {words.duration(spent)}"


# --- answers ----------------------------------------------------------------------------------------------------------


def answer(command: Command, by: str, sha: str, said: str) -> str:
    """One answer, with whom it is to and the commit that it speaks of."""
    head = f"{words.prose(by)}: {words.code(command.line)} (at {words.code(words.short(sha))})"
    return f"{head}\n\n{words.spoken(command.wrong) if command.wrong else said}"


def refused(by: str, why: str) -> str:
    """Said to somebody who may not command here."""
    return f"{words.prose(by)}:\n\nNot done. {why}"


def may_not(allow: Sequence[str]) -> str:
    """Who may, for who may not."""
    return f"Only {words.listed([words.code(name) for name in allow], 5)} may ask for things here."


def not_known(message: str) -> str:
    """The forge refuses to say what somebody may do."""
    return f"It cannot be found out whether you may: {words.spoken(message)}"


def unclear(sha: str) -> str:
    """Said when it cannot be proven which commit was meant."""
    return (
        f"Not done: the head became {words.code(words.short(sha))} after the command was written. "
        "Look at it and repeat the command."
    )


# --- code of forks ----------------------------------------------------------------------------------------------------


def code_allowed(sha: str) -> str:
    """Code of a fork may run at this commit."""
    return f"The code of {words.code(sha[:12])} may run here, and no other: a push needs this anew. `/run` starts it."


def not_the_head(named: str, head: str) -> str:
    """A commit was named that is not the head, or is not any more."""
    return (
        f"Not done: {words.code(named)} is not the head of the proposal, which is {words.code(head[:12])}. "
        f"Look at that, and comment {words.code(f'/ok-to-test {head[:12]}')} if it is fine."
    )


def foreign(head: str) -> str:
    """Code of a fork that nobody has approved."""
    look = f"they comment `/ok-to-test {head[:12]}`"
    return f"code of a fork runs when somebody who may write here has looked at it: {look}."


def comment(answers: Sequence[str]) -> str:
    """The whole comment: the newest answer, the earlier ones folded below."""
    newest, *earlier = answers[:KEPT]
    below = words.folded("Earlier answers", "\n\n---\n\n".join(earlier), len(earlier)) if earlier else ""
    return cut("\n\n".join(part for part in (MARK, newest, below) if part), LONGEST)
