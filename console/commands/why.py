"""`headgate why`: why a run, op or commit stands as it does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from console.completing import complete_op, complete_subject
from console.failures import Failure
from console.naming import Commit, find, find_op
from console.opening import store_of
from console.options import FORMAT, store_options
from console.reading import config_of
from console.telling import Said, check_lines, checks_of, commit_document, flow_document, flow_lines, op_entry, story_of
from console.waiting import waits_for
from reconciler.checks import run_text, words
from reconciler.checks.evidence import Story
from reconciler.checks.glyphs import look
from reconciler.checks.ops import OpView
from reconciler.engine.model import FINAL, Status
from reconciler.flows.model import Json
from reconciler.keys import CheckKey, FlowKey, Key, RepositoryKey, RunKey
from reconciler.records import EventRow, FlowRow, RunRow
from reconciler.store import Store

_EVENTS = 20  # of the history that are shown
_FAILED = 5  # failed ops that are explained


@click.command(epilog="Exit codes: 0 told, 2 wrong use, 3 the store is away.")
@click.argument("subject", metavar="COMMIT|RUN|FLOW", shell_complete=complete_subject)
@click.argument("op", required=False, shell_complete=complete_op)
@FORMAT
@store_options
def why(subject: str, op: str | None, form: str, file: Path | None, data_dir: Path | None) -> int:
    """Tell why a run or check stands as it does: cause, advice, what it waits for, history.

    \b
    headgate why @last
    headgate why 3f2a train
    """
    config = config_of(file, data_dir)
    with store_of(config) as store:
        found = find(store, subject)
        if op is not None and not isinstance(found, RunRow):
            raise Failure("op-of-run", f"`{subject}` is no run, so it has no ops.", do="Name the run.")
        if isinstance(found, Commit):
            lines, document = _of_commit(store, found, config.data_dir)
        elif isinstance(found, FlowRow):
            lines, document = _of_flow(store, found)
        else:
            lines, document = _of_run(store, found, op, config.data_dir)
    click.echo(
        "\n".join(lines) if form == "text" else json.dumps({"version": 1, **document}, indent=2, ensure_ascii=False)
    )
    return 0


def _of_run(store: Store, row: RunRow, op: str | None, data_dir: Path) -> tuple[list[str], dict[str, Json]]:
    story = story_of(store, row, data_dir)
    history = store.events(row.id)
    if op is not None:
        path = find_op((view.path for view in story.views), op, row.id)
        view = next(view for view in story.views if view.path == path)
        return _of_op(story, view, [one for one in history if one.path == path])
    stuck = _parked(store, [RunKey(row.id), FlowKey(row.state.flow), *_check_keys(row)])
    lines = [f"{words.line(row.facts.flow)}: {run_text.title(story)} (run {row.id})"]
    lines += _indented([f"because: {words.line(row.cause)}"] if row.cause else [])
    lines += [line for view in story.failed[:_FAILED] for line in _cause_lines(story, view)]
    lines += [f"… {len(story.failed) - _FAILED} more failed ops"] if len(story.failed) > _FAILED else []
    waiting = waits_for(story)
    lines += [f"{path} {words.line(what)}." for path, what in waiting[:_EVENTS]]
    lines += [*_stuck_lines(stuck), *_history_lines(history), "", "Next:", *_indented(run_text.commands(story))]
    return lines, {
        "run": row.id,
        "flow": row.facts.flow,
        "status": row.state.status.value,
        "title": run_text.title(story),
        "cause": row.cause,
        "failed": [_cause_entry(story, view) for view in story.failed],
        "waits_for": [{"op": path, "what": what} for path, what in waiting],
        "parked": [{"key": key, "why": reason} for key, reason in stuck],
        "history": [_event_entry(one) for one in history],
    }


def _check_keys(row: RunRow) -> Sequence[Key]:
    return [CheckKey(row.repository, row.sha)] if row.sha else []


def _of_op(story: Story, view: OpView, history: Sequence[EventRow]) -> tuple[list[str], dict[str, Json]]:
    shown, state = look(view.state.status), view.state
    lines = [f"{shown.glyph} {view.path}: {shown.word}{run_text.attempt_of(view)}"]
    if state.status in FINAL - {Status.SUCCEEDED}:
        lines += _cause_lines(story, view)
    elif state.cached_from:
        lines += _indented([f"It took over the result of attempt {state.cached_from}."])
    waiting = [what for path, what in waits_for(story) if path == view.path]
    lines += _indented(f"It {what}." for what in waiting)
    lines += _indented([f"condition: {words.line(state.condition)}"] if state.condition else [])
    told = op_entry(view) | {"waits_for": waiting, "history": [_event_entry(one) for one in history]}
    if state.status in FINAL - {Status.SUCCEEDED}:
        told |= {"cause": _cause_entry(story, view)}
    return [*lines, *_history_lines(history)], {"run": story.evidence.run.id, **told}


def _cause_lines(story: Story, view: OpView) -> list[str]:
    cause = story.cause(view)
    place = f" ({view.planned.file}:{view.planned.line})" if view.planned and view.planned.file else ""
    lines = [f"{view.path} {cause.what}{place}", *_indented([cause.do])]
    found = story.excerpts.get(view.path)
    return [*lines, *(f"  | {words.line(text)}" for text in found.lines)] if found else lines


def _cause_entry(story: Story, view: OpView) -> dict[str, Json]:
    cause = story.cause(view)
    return {"op": view.path, "cause": cause.name, "what": f"{view.path} {cause.what}", "do": cause.do}


def _of_commit(store: Store, commit: Commit, data_dir: Path) -> tuple[list[str], dict[str, Json]]:
    said = checks_of(store, commit, data_dir)
    keys: list[Key] = [CheckKey(commit.repository, commit.sha), RepositoryKey(commit.repository)]
    stuck = _parked(store, keys)
    lines = [*check_lines(commit, said), *_not_green(said), *_stuck_lines(stuck)]
    lines += [f"`headgate why {one.run}` tells more." for one in said if one.red and one.run]
    document = commit_document(commit, said) | {"parked": [{"key": key, "why": reason} for key, reason in stuck]}
    return lines, document


def _not_green(said: Sequence[Said]) -> Iterable[str]:
    for one in said:
        if one.red or not one.done:
            yield from ("", f"{one.check.name}:", *_indented(words.plain(one.check.summary).splitlines()))


def _of_flow(store: Store, flow: FlowRow) -> tuple[list[str], dict[str, Json]]:
    stuck, history = _parked(store, [FlowKey(flow.id), RepositoryKey(flow.repository)]), store.events(flow.id)
    lines = [*flow_lines(store, flow), *_stuck_lines(stuck), *_history_lines(history)]
    told = {"parked": [{"key": key, "why": reason} for key, reason in stuck]}
    return lines, flow_document(store, flow) | told | {"history": [_event_entry(one) for one in history]}


def _parked(store: Store, keys: Sequence[Key]) -> list[tuple[str, str]]:
    """Keys that wait for a person or a commit, and why."""
    return [
        (type(row.key).__name__.removesuffix("Key").lower(), row.parked)
        for row in store.pending()
        if row.parked and row.key in keys
    ]


def _stuck_lines(stuck: Sequence[tuple[str, str]]) -> list[str]:
    return [f"stuck: the {key} waits for a person or a new commit: {words.line(reason)}" for key, reason in stuck]


def _history_lines(history: Sequence[EventRow]) -> list[str]:
    if not history:
        return []
    shown = history[-_EVENTS:]
    left = f" (the last {_EVENTS} of {len(history)})" if len(history) > _EVENTS else ""
    return ["", f"History{left}:", *_indented(_event_line(one) for one in shown)]


def _event_line(event: EventRow) -> str:
    said = [words.when(event.at), event.path, event.status or event.kind, event.reason, words.line(event.message)]
    return "  ".join(part for part in said if part)


def _event_entry(event: EventRow) -> dict[str, Json]:
    return {
        "at": event.at,
        "kind": event.kind,
        "op": event.path,
        "status": event.status,
        "reason": event.reason,
        "message": event.message,
        "attempt": event.attempt,
    }


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]
