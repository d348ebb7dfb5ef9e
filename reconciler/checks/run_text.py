"""The words of a run's checks: titles, first sentences, tables and folded parts. Decides nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from shlex import quote

from reconciler.checks import words
from reconciler.checks.actions import waiting
from reconciler.checks.causes import Cause
from reconciler.checks.comparing import compared
from reconciler.checks.evidence import Story
from reconciler.checks.glyphs import look
from reconciler.checks.mermaid import mermaid
from reconciler.checks.ops import ALIVE, OpView, reused
from reconciler.checks.sections import Section, joined
from reconciler.checks.tree import tree_text
from reconciler.engine.model import FINAL, GOOD, Status

_GREEN = GOOD | {Status.CREATED}
_ORDER = (Status.FAILED, Status.STOPPED, Status.UNSCHEDULABLE, Status.RETRYING, Status.WARNING, Status.UNKNOWN)


def title(story: Story) -> str:
    """The verdict and the fact that decides."""
    run, counted = story.evidence.run, story.tally
    if story.failed:
        return _failed_title(story)
    if run.status is Status.SUCCEEDED:
        again = reused(story.views)
        return words.title(
            f"Succeeded: {words.count(story.total, 'op')}{_took(story)}{f', {again} reused' * bool(again)}"
        )
    if run.status is Status.STOPPED:
        by = f" by {run.stop_asked_by}" if run.stop_asked_by else ""
        return words.title(f"Stopped{by}: {counted[Status.SUCCEEDED]} of {words.count(story.total, 'op')} done")
    if run.status is Status.SKIPPED:
        return words.title(f"Skipped: no condition of {words.count(story.total, 'op')} was true")
    if run.status in FINAL:
        return words.title(f"Failed: {run.message or words.count(story.not_run, 'op') + ' not run'}")
    return _live_title(story)


def _failed_title(story: Story) -> str:
    first = story.failed[0]
    short = story.cause(first).short
    live = story.evidence.run.status not in FINAL
    word = "Failing" if live else "Failed"
    more = f", {len(story.failed) - 1} more failed" if len(story.failed) > 1 else ""
    rest = f", {words.count(story.not_run, 'op')} not run" if story.not_run and not live else ""
    for facts in (more + rest, rest or more, ""):
        if len(f"{word}: {first.path} {short}{facts}") <= words.TITLE or not facts:
            return words.named_title(f"{word}: {{}} {short}{facts}", first.path)
    raise AssertionError("the last of the facts is empty")


def _live_title(story: Story) -> str:
    counted = story.tally
    waits = waiting(view.state for view in story.views)
    running = sum(counted[status] for status in ALIVE)
    if waits and running == len(waiting(view.state for view in story.leaves)):
        return words.named_title("Waits for approval: {}", words.listed(waits, 2))
    if not any(counted[status] for status in ALIVE | FINAL):
        return words.title(f"Queued: {words.count(story.total, 'op')}")
    done = sum(counted[status] for status in FINAL)
    return words.title(f"Running: {done} of {words.count(story.total, 'op')} done, {running} under way")


def _took(story: Story) -> str:
    run = story.evidence.run
    if run.started_at is None or run.finished_at is None:
        return ""
    return f" in {words.duration(run.finished_at - run.started_at)}"


def summary(story: Story) -> str:
    """What, where, why; then what to do; then what is not green and the log of the first failure."""
    parts = [Section(_sentences(story), rank=0)]
    parts.append(Section(_not_green(story), rank=2))
    parts += [Section(log_section(story, path), rank=1) for path in story.excerpts]
    parts.append(Section(_metrics(story), rank=3))
    return joined(parts, url=story.evidence.url)


def _sentences(story: Story) -> str:
    evidence = story.evidence
    if story.failed:
        first = story.failed[0]
        cause = story.cause(first)
        return f"{failure(first, cause)}\n{words.spoken(cause.do)}{_again(story)}"
    if evidence.run.status is Status.SUCCEEDED:
        again = reused(story.views)
        kept = f" {words.count(again, 'op')} took over earlier results." if again else ""
        done = words.count(story.tally[Status.SUCCEEDED], "op")
        return f"{words.bold(evidence.facts.flow)} succeeded: {done}{_took(story)}.{kept}{_skipped(story)}"
    if evidence.run.status in FINAL:
        why = words.prose(evidence.run.message or evidence.run.reason).rstrip(".")
        what = f"{words.bold(evidence.facts.flow)} ended {look(evidence.run.status).word}{': ' + why if why else ''}."
        return f"{what}\nRe-run it when it is wanted again.{_again(story)}"
    started = f" It was started because: {words.prose(evidence.cause)}." if evidence.cause else ""
    counted = _counts(story.tally)
    return f"{words.bold(evidence.facts.flow)} is under way: {counted}.{started}"


def failure(view: OpView, cause: Cause) -> str:
    """`**train[3]** was killed after 12 m 3 s: … (attempt 2 of 3). flows/churn.yaml:41`."""
    what = words.spoken(cause.what.removesuffix("."))
    return f"{words.bold(view.path)} {what}{attempt_of(view)}.{place(view)}"


def attempt_of(view: OpView) -> str:
    state, op = view.state, view.planned
    if not state.attempts:
        return ""
    most = op.max_retries + 1 if op is not None and isinstance(op.max_retries, int) else None
    if state.attempts == 1 and most in (None, 1):
        return ""
    return f" (attempt {state.attempts}{f' of {most}' if most and most >= state.attempts else ''})"


def place(view: OpView) -> str:
    """Where the op stands in its file, with a space in front."""
    op = view.planned
    return f" {words.code(f'{op.file}:{op.line}')}" if op is not None and op.file and op.line else ""


def _again(story: Story) -> str:
    kept = story.tally[Status.SUCCEEDED]
    if story.evidence.run.status not in FINAL or not kept:
        return ""
    return f" Then re-run: {kept} of {words.count(story.total, 'op')} will be reused."


def _skipped(story: Story) -> str:
    number = story.tally[Status.SKIPPED]
    return f" {words.count(number, 'op')} skipped." if number else ""


def _counts(counted: Counter[Status]) -> str:
    order = {status: index for index, status in enumerate(Status)}
    said = sorted((status for status in counted if counted[status]), key=lambda status: order[status])
    return ", ".join(f"{counted[status]:,} {look(status).word}" for status in said) or "nothing yet"


def _not_green(story: Story) -> str:
    rows = [view for view in story.leaves if view.state.status not in _GREEN]
    rows.sort(key=lambda view: (_rank(view.state.status), view.state.finished_at or 0.0))
    if not rows:
        return ""
    head = ("Op", "Status", "Why", "Took", "Attempts")
    shown = [_row(story, view) for view in rows[: words.ROWS]]
    listed = words.table(head, shown, total=len(rows), url=story.evidence.url)
    others = story.tally[Status.SUCCEEDED] + story.tally[Status.SKIPPED]
    return listed + (f"\n\n{words.count(others, 'other op')} succeeded or skipped." if others else "")


def _rank(status: Status) -> int:
    return _ORDER.index(status) if status in _ORDER else len(_ORDER) + (status is Status.UPSTREAM_FAILED)


def _row(story: Story, view: OpView) -> tuple[str, ...]:
    state = view.state
    shown = look(state.status)
    why = words.prose(words.clip(state.message or state.reason, 300))
    if state.status in FINAL:
        why = words.spoken(words.clip(story.cause(view).what, 300))
    return (
        words.code(view.path),
        f"{shown.glyph} {shown.word}",
        why,
        took(view),
        str(state.attempts or ""),
    )


def took(view: OpView) -> str:
    state = view.state
    return words.duration(state.finished_at - state.started_at) if state.finished_at and state.started_at else ""


def log_section(story: Story, path: str) -> str:
    shown = story.excerpts[path]
    some, log = words.count(len(shown.lines), "line"), f"the log of {words.code(path)}"
    where = f"{some} of {log}, around the likely error:" if shown.error is not None else f"The last {some} of {log}:"
    marked = [("> " if index == shown.error else "  ") + text for index, text in enumerate(shown.lines)]
    return f"{where}\n\n{words.fenced(chr(10).join(marked))}"


def _metrics(story: Story) -> str:
    good, numbers = story.evidence.last_good_run, compared(story.evidence)
    if not numbers:
        return ""
    beside = (f"Last good run {words.code(words.short(good))}", "Change") if good else ()
    rows = [(words.code(one.path), words.code(one.name), *one.cells[: 1 + len(beside)]) for one in numbers]
    return words.table(("Op", "Number", "This run", *beside), rows, url=story.evidence.url)


def text(story: Story) -> str:
    """The folded parts: tree, diagram, inputs of what failed first, commands, and what is spoken of."""
    graph = story.evidence.plan.graph
    tops = {view.path: view for view in story.views}
    drawn = words.fenced(tree_text(graph, story.views))
    diagram = mermaid(graph, tops)
    parts = [
        Section(words.folded("All ops as a tree", drawn, story.total), rank=2),
        Section(words.folded("Diagram", f"```mermaid\n{diagram}\n```") if diagram else "", rank=4),
        Section(_inputs(story), rank=3),
        Section(_commands(story), rank=1),
        Section(identity(story), rank=0),
    ]
    return joined(parts, url=story.evidence.url)


def _inputs(story: Story) -> str:
    view = story.failed[0] if story.failed else None
    if view is None or not view.state.params:
        return ""
    body = json.dumps(dict(view.state.params), indent=2, sort_keys=True, ensure_ascii=False, default=str)
    return words.folded(f"Inputs of {words.markup(view.path)}", words.fenced(words.clip(body, 8_000), "json"))


def _commands(story: Story) -> str:
    return words.folded("On the command line", words.fenced("\n".join(commands(story)), "sh"))


def commands(story: Story) -> Sequence[str]:
    """What somebody may want to type next, ids filled in."""
    run = words.short(story.evidence.run.id) if story.evidence.run.id.isalnum() else story.evidence.run.id
    if story.failed:
        path = story.failed[0].path
        return (f"headgate logs {run} {quote(path)}", f"headgate why {run}", f"headgate restart {run} --failed")
    if story.evidence.run.status in FINAL:
        return (f"headgate status {run}", f"headgate logs {run}", f"headgate restart {run}")
    return (f"headgate status {run} --wait", f"headgate logs {run} --follow", f"headgate stop {run}")


def identity(story: Story) -> str:
    """What is spoken of: commit, plan, run, times."""
    evidence, run = story.evidence, story.evidence.run
    said = [
        f"commit {words.code(words.short(evidence.facts.commit))}" if evidence.facts.commit else "",
        f"plan {words.code(evidence.plan.hash[:12])}" if evidence.plan.hash else "",
        f"run {words.code(run.id)}",
        f"started {words.when(run.started_at)}" if run.started_at else "",
        f"ended {words.when(run.finished_at)}" if run.finished_at else "",
        f"because: {words.prose(evidence.cause)}" if evidence.cause else "",
    ]
    return "_" + ", ".join(part for part in said if part).replace("_", r"\_") + "_"
