"""What people ask of runs and flows: one request row each, done by whoever works on the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from console.asking import answered, ask, request_of, say, somebody_works
from console.config import Config
from console.failures import NO, Failure
from console.naming import find_commit, find_flow, find_op, find_run
from console.opening import store_of
from console.options import FLOW, FORMAT, NEEDED_OP, OP, RUN, store_options
from console.reading import config_of
from reconciler.checks.glyphs import look
from reconciler.checks.ops import views
from reconciler.engine.model import FINAL, GOOD
from reconciler.keys import FlowKey, RepositoryKey, RunKey
from reconciler.records import RequestRow, RunRow
from reconciler.steps.plans import plan_of
from reconciler.steps.starting import run_id
from reconciler.store import Records

_CODES = "Exit codes: 0 asked, 1 it cannot be done any more, 2 wrong use, 3 the store is away."
_AGAIN = "Exit codes: 0 asked, or the run succeeded; 1 it did not, or there is nothing to do; 2 wrong use; 3 away."
_progress = click.option(
    "--progress",
    type=click.Choice(["auto", "live", "plain", "json", "none"]),
    default="auto",
    help="How a run that is followed here is shown.",
)


def _asking(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--request-id", metavar="ID", help="Asked twice with one id, it is done once.")(command)
    return store_options(FORMAT(command))


@click.command(epilog=_CODES)
@RUN
@OP
@_asking
def stop(run: str, op: str | None, request_id: str | None, form: str, file: Path | None, data_dir: Path | None) -> int:
    """Stop a run, or one of its ops with all that is inside it.

    \b
    headgate stop 3f2a
    headgate stop @last tune
    """
    return _of_run("stop", run, op, request_id, form, config_of(file, data_dir))


@click.command(epilog=_CODES)
@RUN
@NEEDED_OP
@_asking
def skip(run: str, op: str, request_id: str | None, form: str, file: Path | None, data_dir: Path | None) -> int:
    """Skip an op that has not started.

    \b
    headgate skip 3f2a evaluate
    headgate skip @last tune
    """
    return _of_run("skip", run, op, request_id, form, config_of(file, data_dir))


@click.command(epilog=_CODES)
@click.argument("what", metavar="RUN|REPOSITORY@SHA")
@OP
@_asking
def approve(
    what: str, op: str | None, request_id: str | None, form: str, file: Path | None, data_dir: Path | None
) -> int:
    """Approve an op that waits, or a commit.

    \b
    headgate approve 3f2a deploy
    headgate approve shop@4be91c0
    """
    config = config_of(file, data_dir)
    repository, at, commit = what.rpartition("@")
    if not at or not repository:
        return _of_run("approve", what, op, request_id, form, config)
    with store_of(config) as store:
        if store.repository(repository) is None:
            known = ", ".join(row.name for row in store.repositories()) or "none yet"
            raise Failure("repository-unknown", f"There is no repository `{repository}`.", do=f"Known: {known}.")
        target = f"{repository}@{find_commit(store, repository, commit)}"
        request = request_of(RepositoryKey(repository), "approve", target, given_id=request_id)
        return _ask(store, request, form, config)


@click.command(epilog=_CODES)
@FLOW
@_asking
def pause(flow: str, request_id: str | None, form: str, file: Path | None, data_dir: Path | None) -> int:
    """Let a flow start nothing by itself; live runs go on.

    \b
    headgate pause churn
    headgate pause shop/churn
    """
    return _of_flow("pause", flow, request_id, form, config_of(file, data_dir))


@click.command(epilog=_CODES)
@FLOW
@_asking
def unpause(flow: str, request_id: str | None, form: str, file: Path | None, data_dir: Path | None) -> int:
    """Let a paused flow start runs again.

    \b
    headgate unpause churn
    headgate unpause shop/churn
    """
    return _of_flow("unpause", flow, request_id, form, config_of(file, data_dir))


@click.command(epilog=_AGAIN)
@RUN
@OP
@click.option("--failed", is_flag=True, help="Take over what succeeded; run the rest.")
@_progress
@_asking
def restart(
    run: str,
    op: str | None,
    failed: bool,
    progress: str,
    request_id: str | None,
    form: str,
    file: Path | None,
    data_dir: Path | None,
) -> int:
    """Run the same plan again, as a new run; with OP from there on.

    \b
    headgate restart 3f2a --failed
    headgate restart @last evaluate
    """
    return _again("restart", run, op, failed, progress, request_id, form, config_of(file, data_dir))


@click.command(epilog=_AGAIN)
@RUN
@_progress
@_asking
def resume(run: str, progress: str, request_id: str | None, form: str, file: Path | None, data_dir: Path | None) -> int:
    """Go on with a run that did not succeed: the same run, new attempts.

    \b
    headgate resume 3f2a
    headgate resume @last
    """
    return _again("resume", run, None, False, progress, request_id, form, config_of(file, data_dir))


@click.command(epilog=_AGAIN)
@RUN
@_progress
@_asking
def copy(run: str, progress: str, request_id: str | None, form: str, file: Path | None, data_dir: Path | None) -> int:
    """Run the same plan again with the artifacts of a run.

    \b
    headgate copy 3f2a
    headgate copy @last
    """
    return _again("copy", run, None, False, progress, request_id, form, config_of(file, data_dir))


def _of_run(verb: str, name: str, op: str | None, request_id: str | None, form: str, config: Config) -> int:
    with store_of(config) as store:
        row = find_run(store, name)
        path = _op_path(store, row, op)
        if row.state.status in FINAL and not _known(store, request_id):
            raise _over(row, verb)
        request = request_of(RunKey(row.id), verb, row.id, given_id=request_id, op=path)
        if verb != "stop" or op or somebody_works(config) or not row.code_dir:
            return _ask(store, request, form, config)
    return _stopped_here(request, form, config)


def _stopped_here(request: RequestRow, form: str, config: Config) -> int:
    """A run that was left behind with nobody to stop it: its ops are ended by the command itself."""
    from console.attending import attended
    from console.following import frames

    with attended(replace(config, port=0, repositories={})) as there:
        asked = ask(there.store, request, wait=True)
        for _ in frames(there.store, request.target, only_end=True):
            pass
        say(asked, form, str(config.data_dir), works=True)
    return 0


def _known(store: Records, request_id: str | None) -> bool:
    """Whether it was asked before: the answer is given once more, whatever has become of the run."""
    return request_id is not None and store.request(request_id) is not None


def _over(row: RunRow, verb: str) -> Failure:
    word = look(row.state.status).word
    do = f"`headgate why {row.id}` tells how it ended."
    return Failure("run-over", f"Run {row.id} has ended ({word}): there is nothing to {verb}.", do=do, exit_code=NO)


def _of_flow(verb: str, name: str, request_id: str | None, form: str, config: Config) -> int:
    with store_of(config) as store:
        row = find_flow(store, name)
        return _ask(store, request_of(FlowKey(row.id), verb, row.id, given_id=request_id), form, config)


def _ask(store: Records, request: RequestRow, form: str, config: Config) -> int:
    works = somebody_works(config)
    say(ask(store, request, works), form, str(config.data_dir), works)
    return 0


def _again(
    verb: str,
    name: str,
    op: str | None,
    failed: bool,
    progress: str,
    request_id: str | None,
    form: str,
    config: Config,
) -> int:
    with store_of(config) as store:
        row = find_run(store, name)
        path = _op_path(store, row, op)
        if not _known(store, request_id):
            _check_again(row, verb)
        request = request_of(RunKey(row.id), verb, row.id, given_id=request_id, op=path, failed=failed)
        if somebody_works(config) or not row.code_dir:
            return _asked_again(store, row, request, form, config)
    return _here(row, request, progress, config)


def _check_again(row: RunRow, verb: str) -> None:
    if verb != "resume":
        return
    if row.state.status in GOOD:
        raise _over(row, verb)
    if row.state.status not in FINAL:
        do = f"`headgate status {row.id} --wait` follows it."
        raise Failure("run-live", f"Run {row.id} is still under way.", do=do, exit_code=NO)


def _asked_again(store: Records, row: RunRow, request: RequestRow, form: str, config: Config) -> int:
    works = somebody_works(config)
    say(ask(store, request, works), form, str(config.data_dir), works, _run_of(row, request))
    return 0


def _here(row: RunRow, request: RequestRow, progress: str, config: Config) -> int:
    """Nobody works on the data directory, and the run is of a working tree: it is done here and followed."""
    from console.attending import attended

    with attended(replace(config, port=0, repositories={})) as there:
        ask(there.store, request, wait=False)
        answered(there.store, request)
        return there.follow(_run_of(row, request), progress)


def _run_of(row: RunRow, request: RequestRow) -> str:
    """The run that a request makes, or goes on with."""
    return row.id if request.verb == "resume" else run_id(row.state.flow, f"request:{request.id}")


def _op_path(store: Records, row: RunRow, op: str | None) -> str | None:
    if op is None:
        return None
    known = views(plan_of(store, row), [one.state for one in store.ops(row.id)])
    return find_op((view.path for view in known), op, row.id)
