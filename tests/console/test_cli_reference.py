"""The reference of the command line says what the commands say. `make docs` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

import click

from console.cli import WORDS, headgate
from console.commands import requests
from tests.generated import assert_current

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"
COMMANDS = Path(requests.__file__).parent
HEAD = """\
# Command line

What is asked for goes to standard output, all else to standard error. With `--format json` a command prints one
document, on failure `{"version": 1, "error": {"code", "message", "where", "do"}}`.

| exit code | meaning |
| --- | --- |
| 0 | yes |
| 1 | the answer is no: findings, a failed run, a red check |
| 2 | wrong use or configuration |
| 3 | could not find out; a retry helps |
| 130 | interrupted |

A run is named by its id or any unique prefix of it, by `@last`, or by a commit, branch or flow that has one.
"""


def commands(top: click.Context) -> dict[str, click.Command]:
    """Every word that has its module."""
    there = {path.stem for path in COMMANDS.glob("*.py")}
    words = [word for word in WORDS if word in there or word in dir(requests)]
    return {word: command for word in words if (command := headgate.get_command(top, word)) is not None}


def reference() -> str:
    top = click.Context(headgate, info_name="headgate", **headgate.context_settings)
    sections = [HEAD]
    for word, command in commands(top).items():
        context = click.Context(command, info_name=word, parent=top, terminal_width=100)
        sections.append(f"## {word}\n\n{WORDS[word]}\n\n{shown(command, context)}")
        for name, inner in getattr(command, "commands", {}).items():
            below = click.Context(inner, info_name=name, parent=context, terminal_width=100)
            sections.append(f"### {word} {name}\n\n{shown(inner, below)}")
    return "\n".join(sections)


def shown(command: click.Command, context: click.Context) -> str:
    told = re.sub(r"[ \t]+$", "", command.get_help(context), flags=re.MULTILINE)
    return f"```text\n{told}\n```\n"


def test_the_reference_of_the_commands_is_current():
    assert_current(PAGE, reference())


def test_each_help_begins_with_two_examples():
    top = click.Context(headgate, info_name="headgate", **headgate.context_settings)
    for word, command in commands(top).items():
        examples = [line for line in (command.help or "").splitlines() if line.strip().startswith("headgate ")]
        assert len(examples) >= 2, word
