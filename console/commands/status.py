"""`headgate status`: how runs, commits and flows stand."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from console.completing import complete_subject
from console.failures import NO, Failure
from console.following import LOOK, PATIENCE, follow, frames
from console.naming import Commit, find
from console.opening import store_of
from console.options import FORMAT, store_options
from console.reading import config_of
from console.telling import (
    check_lines,
    checks_of,
    commit_document,
    flow_document,
    flow_lines,
    list_entry,
    listing,
    run_document,
    run_lines,
    settled,
    story_of,
)
from reconciler.engine.model import GOOD
from reconciler.flows.model import Json
from reconciler.keys import CheckKey, FlowKey, Key
from reconciler.records import FlowRow, RunRow
from reconciler.steps.lost_files import told_of_lost
from reconciler.store import Store

_LISTED = 20


@click.command(epilog="Exit codes: 0 green or under way, 1 red, 2 wrong use, 3 the store is away.")
@click.argument("subject", required=False, metavar="[COMMIT|RUN|FLOW|@last]", shell_complete=complete_subject)
@click.option("--wait", is_flag=True, help="Until it has ended.")
@click.option("--repository", "-r", metavar="NAME", help="List the runs of one repository.")
@FORMAT
@store_options
def status(
    subject: str | None, wait: bool, repository: str | None, form: str, file: Path | None, data_dir: Path | None
) -> int:
    """Show runs, or the checks of a commit.

    \b
    headgate status
    headgate status @last --wait
    """
    config = config_of(file, data_dir)
    with store_of(config) as store:
        if subject is None:
            return _list(store, repository, form)
        found = _found(store, subject, wait)
        if isinstance(found, Commit):
            return _commit(store, found, wait, form, config.data_dir)
        if isinstance(found, RunRow):
            return _run(store, found, wait, form, config.data_dir)
        _tell(flow_lines(store, found), flow_document(store, found), form)
        return 0


def _found(store: Store, subject: str, wait: bool) -> RunRow | Commit | FlowRow:
    """What is meant; with --wait it may come into being while we look."""
    until = time.monotonic() + (PATIENCE if wait else 0.0)
    while True:
        try:
            return find(store, subject)
        except Failure as failure:
            if failure.code != "name-unknown" or time.monotonic() >= until:
                raise
        time.sleep(LOOK)


def _list(store: Store, repository: str | None, form: str) -> int:
    if repository is not None and store.repository(repository) is None and not store.runs(repository=repository):
        known = ", ".join(row.name for row in store.repositories()) or "none yet"
        raise Failure("repository-unknown", f"There is no repository `{repository}`.", do=f"Known: {known}.")
    rows = store.runs(repository=repository, limit=_LISTED)
    lines = listing(rows) if rows else ["There is no run yet."]
    _tell(lines, {"runs": [list_entry(row) for row in rows]}, form)
    return 0


def _run(store: Store, row: RunRow, wait: bool, form: str, data_dir: Path) -> int:
    if wait and not settled(row):
        if form == "text":
            return follow(store, row.id, "auto", data_dir)
        row = [frame.row for frame in frames(store, row.id, only_end=True)][-1]
    told = story_of(store, row, data_dir)
    lost = told_of_lost(store, told.evidence.ops)
    lines = [*run_lines(told), *(["", *(f"  {line}" for line in lost)] if lost else [])]
    _tell(lines, run_document(told) | {"lost": list(lost)}, form)
    return NO if settled(row) and row.state.status not in GOOD else 0


def _commit(store: Store, commit: Commit, wait: bool, form: str, data_dir: Path) -> int:
    said = checks_of(store, commit, data_dir)
    while wait and (_more_to_come(store, commit) or not (said and all(one.done for one in said))):
        time.sleep(LOOK)
        said = checks_of(store, commit, data_dir)
    _tell(check_lines(commit, said), commit_document(commit, said), form)
    return NO if any(one.red for one in said) else 0


def _more_to_come(store: Store, commit: Commit) -> bool:
    """Whether a flow of the repository, or what is said on the commit, is still to be looked at."""
    keys: set[Key] = {FlowKey(row.id) for row in store.flows(commit.repository)}
    keys.add(CheckKey(commit.repository, commit.sha))
    now = time.time()
    return any(row.key in keys and (row.leased_by or row.due_at <= now) for row in store.pending())


def _tell(lines: list[str], document: dict[str, Json], form: str) -> None:
    text = "\n".join(lines) if form == "text" else json.dumps({"version": 1, **document}, indent=2, ensure_ascii=False)
    click.echo(text)
