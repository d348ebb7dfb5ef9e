"""Arguments and options that several commands share, and the configuration that they come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from console.completing import complete_flow, complete_op, complete_run

Command = TypeVar("Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)

RUN = click.argument("run", shell_complete=complete_run)
FLOW = click.argument("flow", shell_complete=complete_flow)
OP = click.argument("op", required=False, shell_complete=complete_op)
NEEDED_OP = click.argument("op", shell_complete=complete_op)
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How it is written."
)


def store_options(command: Command) -> Command:
    """`--config` and `--data-dir`: which store a command reads."""
    command = click.option("--data-dir", type=_FOLDER, help="Where state is kept.")(command)
    return click.option("--config", "file", type=_FILE, help="Server configuration.")(command)
