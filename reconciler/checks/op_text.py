"""The words of the check of a single op of a run."""

from __future__ import annotations

import json

from reconciler.checks import run_text, words
from reconciler.checks.causes import Cause
from reconciler.checks.evidence import Story
from reconciler.checks.glyphs import look
from reconciler.checks.ops import OpView
from reconciler.checks.sections import Section, joined
from reconciler.engine.model import Status


def op_title(view: OpView, cause: Cause | None) -> str:
    """The op's verdict; its name is the check's."""
    state = view.state
    if cause is not None:
        return words.title(cause.short[0].upper() + cause.short[1:])
    if state.status is Status.SUCCEEDED:
        span = f" in {run_text.took(view)}" if run_text.took(view) else ""
        return words.title("Succeeded: reused an earlier result" if state.cached_from else f"Succeeded{span}")
    word = look(state.status).word
    return words.title(word[0].upper() + word[1:] + (f": {state.message}" if state.message else ""))


def op_summary(story: Story, view: OpView, cause: Cause | None) -> str:
    """The op's story in a sentence or two."""
    if cause is not None:
        return f"{run_text.failure(view, cause)}\n{words.spoken(cause.do)}"
    word = look(view.state.status).word
    if view.state.cached_from:
        return f"{words.bold(view.path)} took over the result of attempt {words.code(view.state.cached_from)}."
    return f"{words.bold(view.path)}: {word}{run_text.attempt_of(view)}.{run_text.place(view)}"


def op_text(story: Story, view: OpView) -> str:
    """The op's log excerpt and outputs."""
    parts = [Section(run_text.log_section(story, view.path))] if view.path in story.excerpts else []
    if view.state.outputs:
        body = json.dumps(dict(view.state.outputs), indent=2, sort_keys=True, ensure_ascii=False, default=str)
        parts.append(Section(words.folded("Outputs", words.fenced(words.clip(body, 8_000), "json")), rank=1))
    return joined(parts, url=story.evidence.url)
