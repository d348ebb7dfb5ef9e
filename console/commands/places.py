"""`headgate places`: where ops run for a shared database, and giving up a place that does not return."""

from __future__ import annotations

import json
from pathlib import Path

import click

from console.failures import NO, USAGE, Failure
from console.opening import store_of
from console.options import FORMAT, store_options
from console.presence import FRESH, words_of_loss
from console.reading import config_of
from console.submitting import person
from reconciler.checks.words import duration
from reconciler.records import PlaceRow


@click.group(invoke_without_command=True, epilog="Exit codes: 0 shown, 2 wrong use, 3 the store is away.")
@FORMAT
@store_options
@click.pass_context
def places(context: click.Context, form: str, file: Path | None, data_dir: Path | None) -> None:
    """Show the places that work on the store: host and data directory of each service.

    \b
    headgate places
    headgate places give-up build-2:/var/lib/headgate
    """
    if context.invoked_subcommand is not None:
        return
    with store_of(config_of(file, data_dir)) as store:
        rows, now = store.places(), store.time()
    if form == "json":
        told = [
            {"name": row.name, "address": row.address, "release": row.release, "state": _state(row, now),
             "seen_at": row.seen_at}
            for row in rows
        ]  # fmt: skip
        click.echo(json.dumps({"version": 1, "places": told}, indent=2, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row.name}  {_state(row, now)}, seen {_ago(row, now)} ago, release {row.release}  {row.address}")
    if not rows:
        click.echo("no service has worked on this store yet.", err=True)


@places.command("give-up", epilog="Exit codes: 0 given up, 1 it is there, 2 wrong use, 3 the store is away.")
@click.argument("place")
@click.option("--force", is_flag=True, help="Even if it was seen just now: what runs there may run twice.")
@store_options
def give_up(place: str, force: bool, file: Path | None, data_dir: Path | None) -> int:
    """Give up a place that does not return: its ops count as lost, and its runs go on elsewhere.

    \b
    headgate places give-up build-2:/var/lib/headgate

    Outputs of its ops are kept; their files and logs are where that place has them.
    """
    with store_of(config_of(file, data_dir)) as store:
        known, now = {row.name: row for row in store.places()}, store.time()
        if place not in known:
            names = ", ".join(known) or "none yet"
            raise Failure("place-unknown", f"There is no place `{place}`.", do=f"Known: {names}.", exit_code=USAGE)
        row = known[place]
        if row.given_up_at:
            raise Failure("place-lost", f"{place} was given up before.", do="Nothing needs to be done.", exit_code=NO)
        if now - row.seen_at < FRESH and not force:
            seen = f"{place} was seen {_ago(row, now)} ago: a service works there."
            raise Failure("place-there", seen, do="Stop it first, and wait half a minute.", exit_code=NO)
        ended = store.give_up(place, words_of_loss(place, f"by {person()}"))
    click.echo(f"{place} is given up; attempts that were lost with it: {ended}.")
    return 0


def _state(row: PlaceRow, now: float) -> str:
    if row.given_up_at:
        return "given up"
    return "here" if now - row.seen_at < FRESH else "away"


def _ago(row: PlaceRow, now: float) -> str:
    return duration(max(0.0, now - row.seen_at))
