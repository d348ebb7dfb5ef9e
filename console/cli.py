"""The command line: its words, and how any of them ends. Each word lives in a module of commands/, loaded when used."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from console.failures import AWAY, INTERRUPTED, USAGE, Failure
from reconciler.flows.collecting import collect_seldom

if TYPE_CHECKING:
    from reconciler.errors import ReconcileError

WORDS = {
    "validate": "Judge flow files: every mistake on its line.",
    "plan": "Show what a flow would run, or what a change would do.",
    "lock": "Pin components of other hosts and hubs, and keep their texts.",
    "run": "Run a flow of the working tree on this machine.",
    "serve": "Serve repositories: validate proposals, run merged flows.",
    "github": "Make the GitHub App of this service, and tell what is wrong with it.",
    "demo": "See the whole life of a flow on a sample repository.",
    "status": "Show runs, or the checks of a commit.",
    "logs": "Show what ops have printed.",
    "why": "Tell why a run or check stands as it does.",
    "stop": "Stop a run or one of its ops.",
    "restart": "Run the same plan again.",
    "resume": "Go on with a run that did not succeed.",
    "copy": "Restart a run with its artifacts.",
    "approve": "Approve an op that waits, or a commit as REPOSITORY@SHA.",
    "skip": "Skip an op that has not started.",
    "pause": "Let a flow start nothing by itself.",
    "unpause": "Let a paused flow start runs again.",
    "backup": "Copy the database, logs and artifacts while a service works.",
    "restore": "Put a backup in its place.",
    "doctor": "Tell what is wrong with this place, and what to do.",
    "deliveries": "Show the webhooks that came in, or do one again.",
    "places": "Show the places where ops run; give up a lost one.",
    "explain": "Explain a rule: why, examples, how to mend or accept it.",
    "schema": "Print a JSON Schema for editors.",
}
_HOMES = dict.fromkeys(("stop", "restart", "resume", "copy", "approve", "skip", "pause", "unpause"), "requests")


class _Words(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(WORDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in WORDS:
            return None
        command: click.Command = getattr(import_module(f"console.commands.{_HOMES.get(cmd_name, cmd_name)}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table, so that `--help` loads no command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(WORDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """From the table too: completing a word loads no command."""
        words = [CompletionItem(word, help=told) for word, told in WORDS.items() if word.startswith(incomplete)]
        return words or click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in WORDS and not args[0].startswith("-"):
            from reconciler.flows.near import near

            like = near(args[0], WORDS)
            advice = f"Did you mean `headgate {like}`?" if like else "`headgate --help` lists the commands."
            raise Failure("command-unknown", f"There is no command `{args[0]}`.", do=advice)
        return super().resolve_command(ctx, args)


@click.command(
    cls=_Words,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 yes, 1 the answer is no, 2 wrong use, 3 could not find out, 130 interrupted.",
)
@click.version_option(package_name="headgate", message="headgate %(version)s")
def headgate() -> None:
    """GitOps for machine-learning flows.

    \b
    headgate validate flows/          judge flow files as a pull request would
    headgate run flows/train.yaml     run one on this machine, with a live tree
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code; whatever happens, people see a sentence and no traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    collect_seldom()
    try:
        code = headgate.main(given, prog_name="headgate", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("headgate: interrupted.", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        _fail(Failure("usage", error.format_message().rstrip("."), do=_help_of(error), exit_code=USAGE), given)
    except Failure as failure:
        _fail(failure, given)
    except _of_the_outside() as error:
        _fail(Failure("unavailable", error.message, exit_code=AWAY), given)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _fail(Failure("io", f"{what}.", exit_code=AWAY), given)
    else:  # outside the try: leaving is no failure, so what failures need is not loaded
        sys.exit(code if isinstance(code, int) else 0)


def _of_the_outside() -> type[ReconcileError]:
    """What ports raise; asked for only when something was raised, as most commands need no port."""
    from reconciler.errors import ReconcileError

    return ReconcileError


def _help_of(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"See `{context.command_path} --help`." if context is not None else "See `headgate --help`."


def _fail(failure: Failure, given: Sequence[str]) -> None:
    if _wants_json(given):
        click.echo(failure.document())
    else:
        click.echo(failure.text(), err=True)
    sys.exit(failure.exit_code)


def _wants_json(given: Sequence[str]) -> bool:
    pairs = zip(given, [*given[1:], ""], strict=True)
    return "--format=json" in given or any(pair == ("--format", "json") for pair in pairs)
