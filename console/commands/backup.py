"""`headgate backup`: a copy of a place, made while its service works."""

from __future__ import annotations

from pathlib import Path

import click

from console.backups import back_up
from console.options import store_options
from console.reading import config_of
from reconciler.checks.words import count


@click.command(
    epilog="Exit codes: 0 made, 2 wrong use or something is there already, 3 it could not be read or written."
)
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--database-only", is_flag=True, help="TARGET is a file with the database, without logs and artifacts.")
@store_options
def backup(target: Path, database_only: bool, file: Path | None, data_dir: Path | None) -> None:
    """Back up the database, logs and artifacts to a new directory. A service may be at work meanwhile.

    \b
    headgate backup /backup/headgate-monday
    headgate backup monday.db --database-only

    Mirrors and trees of repositories are left out: they are fetched again. Of a PostgreSQL database only the files
    are copied; `pg_dump` comes first then.
    """
    config = config_of(file, data_dir)
    copied = back_up(config, target, database_only)
    what = "The database" if database_only else f"The files of {count(copied, 'attempt')}"
    if not database_only and not config.database:
        what = f"The database and the files of {count(copied, 'attempt')}"
    click.echo(f"{what} {'is' if database_only else 'are'} in {target}.")
