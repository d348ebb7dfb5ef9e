"""Arguments and options that several commands share, and the configuration that they come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from console.completing import complete_flow, complete_op, complete_run
from console.terminal import colours

Command = TypeVar("Command", bound=Callable[..., Any])

_COLOR = "headgate.color"
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)

RUN = click.argument("run", shell_complete=complete_run)
FLOW = click.argument("flow", shell_complete=complete_flow)
OP = click.argument("op", required=False, shell_complete=complete_op)
NEEDED_OP = click.argument("op", shell_complete=complete_op)
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How it is written."
)


def _keep_color(context: click.Context, _option: click.Parameter, wanted: str) -> None:
    context.meta[_COLOR] = wanted


COLOR = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    expose_value=False,
    callback=_keep_color,
    help="Whether to colour; NO_COLOR wins over it.",
)


def coloured(stream: TextIO) -> bool:
    """Whether to colour what goes to a stream: by `--color` of the command that runs, the environment, the stream."""
    context = click.get_current_context(silent=True)
    return colours(stream, context.meta.get(_COLOR, "auto") if context is not None else "auto")


def store_options(command: Command) -> Command:
    """`--config` and `--data-dir`: which store a command reads."""
    command = click.option("--data-dir", type=_FOLDER, help="Where state is kept.")(command)
    return click.option("--config", "file", type=_FILE, help="Server configuration.")(command)
