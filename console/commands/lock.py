"""`headgate lock`: what flows refer to elsewhere, pinned and kept in the repository. Only this command fetches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from console.elsewhere import Fetching
from console.failures import AWAY, NO, Failure
from console.findings import show_findings
from console.judging import chosen
from console.lock_files import superfluous, write
from console.lock_report import Change, changes, document, summary
from console.locking import Locking, Outcome
from console.options import FORMAT
from console.working_tree import WorkingTree
from reconciler.flows.findings import Severity
from reconciler.flows.globs import LOCK_FILE, PRESET_FOLDER, SETTINGS_FILE
from reconciler.flows.lock import parse_lock
from reconciler.flows.near import near
from reconciler.flows.remotes import RemoteSettings

_ALL = "all"
_SHOWN = 25  # problems; who has mended these asks again


@click.command(
    epilog="Exit codes: 0 up to date, 1 out of date (--check) or not to be locked, 2 wrong use, 3 could not find out."
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--check", is_flag=True, help="Fetch and change nothing; exit with 1 where it is out of date.")
@click.option(
    "--upgrade",
    multiple=True,
    is_flag=False,
    flag_value=_ALL,
    metavar="[REF]",
    help="Take what an address or hub gives now; without REF, all of them.",
)
@FORMAT
def lock(paths: tuple[str, ...], check: bool, upgrade: tuple[str, ...], form: str) -> int:
    """Pin components of other hosts and hubs, and keep their texts.

    \b
    headgate lock
    headgate lock --upgrade acme
    headgate lock --check

    What flows and shared components refer to by `urlRef`, or by `hubRef` in a hub repository, is pinned in
    .headgate.lock and kept under .headgate/locked/. Commit both: judging and running use them and no network.
    PATH is a folder of the repository, or a file to look at beside its flows.
    """
    if check and upgrade:
        raise Failure("lock-usage", "--check changes nothing.", do="Leave out --check or --upgrade.")
    tree, files = _chosen(paths)
    remote = _remote(tree)
    forgotten = _forgotten(tree, upgrade)
    if check:
        return _checked(tree, Locking(tree, remote, None).run(files), form)
    with TemporaryDirectory(prefix="headgate-lock-") as folder:
        found = Locking(tree, remote, Fetching(remote, Path(folder)), forgotten).run(files)
    return _written(tree, found, form)


def _chosen(paths: Sequence[str]) -> tuple[WorkingTree, list[str]]:
    """The tree, and all of its flows and components with the files that are named beside them."""
    here = Path.cwd()
    named = chosen(paths, here)
    if len(named) > 1:
        raise Failure("lock-wide", "The paths lie in several repositories.", do="Lock each by itself.")
    tree, files = next(iter(named.items()))
    every = {**dict.fromkeys(next(iter(chosen((), tree.root).values()))), **dict.fromkeys(files)}
    return tree, [
        file for file in every if file not in (SETTINGS_FILE, LOCK_FILE) and not file.startswith(PRESET_FOLDER)
    ]


def _remote(tree: WorkingTree) -> RemoteSettings:
    settings, wrong = tree.settings()
    if any(one.severity is Severity.ERROR for one in wrong):
        show_findings(tree, wrong)
        raise Failure("settings-wrong", "The settings have mistakes.", where=SETTINGS_FILE, do="Mend them first.")
    return settings.remote


def _forgotten(tree: WorkingTree, upgrade: Sequence[str]) -> frozenset[str]:
    """The addresses and hubs that are to be taken anew. Raises Failure for one that is not locked."""
    known = {pin.hub or pin.name for pin in parse_lock(tree.read(LOCK_FILE))[0].pins()}
    for name in upgrade:
        if name not in (_ALL, *known):
            guess = near(name, known)
            do = f"Did you mean `{guess}`?" if guess else "Name an address or a hub as .headgate.lock does."
            raise Failure("lock-unknown", f"`{name}` is not locked, so there is nothing to upgrade.", do=do)
    return frozenset(known if _ALL in upgrade else upgrade)


def _checked(tree: WorkingTree, found: Outcome, form: str) -> int:
    # What is missing may want what seems to be superfluous.
    stale = () if found.unread or found.problems else superfluous(tree.root, found.after)
    changed = () if found.problems else changes(found, stale, tree.read)
    up_to_date = not (changed or found.problems or found.broken)
    _note(found)
    _tell_problems(found)
    _show(found, changed, form, up_to_date)
    if not up_to_date:
        click.echo("Out of date: run `headgate lock` and commit what it writes.", err=True)
    return 0 if up_to_date else NO


def _written(tree: WorkingTree, found: Outcome, form: str) -> int:
    _note(found)
    if found.problems:
        raise _failure(found)
    stale = () if found.unread else superfluous(tree.root, found.after)
    changed = changes(found, stale, tree.read)
    write(tree.root, found.after, found.texts, stale)
    _show(found, changed, form, not changed)
    return 0


def _failure(found: Outcome) -> Failure:
    """Why nothing was written: the one reference that stands in the way, or how many there are."""
    away = all(one.away for one in found.problems)
    do, exit_code = ("Nothing was written: try again later.", AWAY) if away else ("Nothing was written.", NO)
    first, *more = found.problems
    if not more:
        return Failure("lock-failed", first.message, where=first.where, do=do, exit_code=exit_code)
    _tell_problems(found)
    return Failure("lock-failed", f"{1 + len(more)} references cannot be locked.", do=do, exit_code=exit_code)


def _note(found: Outcome) -> None:
    if found.broken is not None:
        place = f"{found.broken.file}:{found.broken.span.line}"
        kept = len(found.before.pins())
        what = f"what it says beyond doubt ({kept}) is kept, the rest" if kept else "everything"
        click.echo(f"{place}: The lock file cannot be read: {what} is pinned anew.", err=True)
    if found.unread:
        names = ", ".join(found.unread[:3]) + (", …" if len(found.unread) > 3 else "")
        click.echo(f"Nothing is removed, as flows have mistakes that `headgate validate` tells: {names}.", err=True)


def _tell_problems(found: Outcome) -> None:
    for one in found.problems[:_SHOWN]:
        click.echo(f"{one.where}: {one.message}", err=True)
    if len(found.problems) > _SHOWN:
        click.echo(f"… and {len(found.problems) - _SHOWN:,} more.", err=True)


def _show(found: Outcome, changed: Sequence[Change], form: str, up_to_date: bool) -> None:
    if form == "json":
        click.echo(json.dumps(document(found, changed, up_to_date), indent=2, ensure_ascii=False))
        return
    for one in changed:
        click.echo(one.text())
    if not found.problems:
        click.echo(summary(found, changed))
