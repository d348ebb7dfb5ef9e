"""`headgate restore`: a backup put in its place, and what the service will not know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from console.backups import Restored
from console.backups import restore as restored
from console.options import store_options
from console.reading import config_of
from reconciler.checks.words import count, when


@click.command(epilog="Exit codes: 0 restored, 1 the backup cannot be used, 2 wrong use, 3 it could not be read.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Set aside the database that is there.")
@store_options
def restore(source: Path, replace: bool, file: Path | None, data_dir: Path | None) -> None:
    """Put a backup in its place; no service may work there. Files that are there are kept as they are.

    \b
    headgate restore /backup/headgate-monday
    headgate restore monday.db --replace
    """
    config = config_of(file, data_dir)
    found = restored(config, source, replace)
    click.echo(_verdict(found))
    for line in _advice(found):
        click.echo(line, err=True)


def _verdict(found: Restored) -> str:
    files = f"the files of {count(found.attempts, 'attempt')} came back"
    if found.found is None:
        return f"Restored: {files}."
    until = f"what was known on {when(found.found.newest)}" if found.found.newest else "a database without events"
    return f"Restored {until}; {files}."


def _advice(found: Restored) -> Iterator[str]:
    if found.aside is not None:
        yield f"The database that was here is in {found.aside}."
    if found.unknown:
        have = count(found.unknown, "attempt has", "attempts have")
        yield f"{have} files here that this database does not know: they are newer than the backup."
    for place in found.places:
        yield f"Runs of {place} wait for a service there. If none returns: `headgate places give-up {place}`."
