"""`headgate doctor`: what is wrong with this place, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click

from console.doctor.examining import examine
from console.doctor.telling import tell
from console.options import COLOR, FORMAT, store_options
from console.reading import config_of
from reconciler.adapters.system_clock import SystemClock


@click.command(epilog="Exit codes: 0 fine, perhaps with warnings; 1 problems; 2 wrong use; 3 could not find out.")
@FORMAT
@COLOR
@store_options
def doctor(form: str, file: Path | None, data_dir: Path | None) -> int:
    """Tell what is wrong with this place, and what to do. Changes nothing.

    \b
    headgate doctor
    headgate doctor --config headgate-server.yaml --format json
    """
    return tell(examine(config_of(file, data_dir), SystemClock()), form)
