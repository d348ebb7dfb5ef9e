"""`headgate validate`: flow files judged as a pull request would judge them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import click

from console.failures import NO, Failure
from console.judging import Judged, chosen, judge
from console.options import COLOR, coloured
from console.terminal import painted
from console.verdicts import cache_folder
from console.working_tree import WorkingTree
from reconciler.checks import findings_text
from reconciler.flows.findings import Severity
from reconciler.flows.model import Json


@click.command(epilog="Exit codes: 0 nothing stops it, 1 errors (with --strict: or warnings), 2 wrong use.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "junit", "github", "markdown"]),
    default="text",
    help="How findings are written.",
)
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--notices", is_flag=True, help="Show notices as well.")
@click.option("--changed", "since", metavar="REV", help="Only what changed since a branch, tag or commit.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without asking, then judge.")
@click.option("--diff", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option("--no-cache", is_flag=True, help="Judge every file again, and keep nothing for the next time.")
@COLOR
def validate(
    paths: tuple[str, ...],
    form: str,
    strict: bool,
    notices: bool,
    since: str | None,
    fix: bool,
    diff: bool,
    no_cache: bool,
) -> int:
    """Judge flow files: every mistake on its line.

    \b
    headgate validate
    headgate validate --changed main
    headgate validate flows/train.yaml --format json
    headgate validate --fix

    PATH is a file, a folder, a glob, or `-` for standard input. Without one all flow files, shared components, presets
    and settings of the repository are judged.

    --changed judges the files that differ from where the working tree parted from REV, untracked ones included, and
    those that depend on such a file: on a component, a preset, the lock or the settings.

    --fix corrects words, quotes values and writes older spellings in today's form, wherever nothing else can be meant;
    comments and all else stay as they are. What it has mended is told on standard error.

    Verdicts are kept in the user's cache folder: a file is judged again once it, or anything it refers to, changes.
    """
    if since is not None and "-" in paths:
        raise Failure("changed-stdin", "Standard input has no earlier revision.", do="Leave out --changed or `-`.")
    cache = None if no_cache else cache_folder()
    trees: Mapping[WorkingTree, Sequence[str]] = chosen(paths, Path.cwd())
    stdin: Callable[[], bytes] = lru_cache(sys.stdin.buffer.read)
    aside, fixed = diff or (fix and "-" in paths), None
    if fix or diff:
        from console.commands import validate_fix

        validate_fix.refuse_links(paths)
        mended = validate_fix.mended(trees, stdin, since, diff)
        trees, stdin, cache, fixed = mended.trees, mended.stdin, None, mended.entries
    found = judge(trees, stdin, cache, since)
    colour = coloured(sys.stderr if aside else sys.stdout)
    click.echo(_written(found, form, notices, colour, fixed), err=aside, color=colour)
    if fixed is None and form == "text":
        _hint_at_fix(found)
    stops = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return NO if any(one.severity in stops for one in found.findings) else 0


def _hint_at_fix(found: Judged) -> None:
    """Say on standard error that there is something to mend, if there is."""
    counting = [one for one in found.findings if one.severity is not Severity.NOTICE]
    if not counting:
        return
    from reconciler.checks.words import count
    from reconciler.flows.fixes import may_be_mended

    number = sum(map(may_be_mended, counting))
    if number:
        click.echo(f"`headgate validate --fix` may mend {count(number, 'finding')}.", err=True)


def _written(found: Judged, form: str, notices: bool, colour: bool, fixed: list[Json] | None = None) -> str:
    files = len(found.files)
    if form == "text":
        paint = painted if colour else findings_text.bare
        return findings_text.text(found.findings, found.sources, files, notices=notices, paint=paint)
    if form == "json":
        document = findings_text.document(found.findings, files, notices=notices)
        document |= {"fixed": fixed} if fixed is not None else {}
        return json.dumps(document, indent=2, ensure_ascii=False)
    accepted = form == "sarif"  # the one format that can say so
    kept = (
        one for one in found.findings if notices or one.severity is not Severity.NOTICE or (accepted and one.accepted)
    )
    return _for_tools(replace(found, findings=tuple(kept)), form)


def _for_tools(found: Judged, form: str) -> str:
    """Formats that few ask for, loaded when they are."""
    from importlib.metadata import version

    from reconciler.checks import findings_formats

    if form == "sarif":
        return json.dumps(findings_formats.sarif(found.findings, version("headgate")), indent=2, ensure_ascii=False)
    if form == "junit":
        return findings_formats.junit(found.findings, found.files, found.sources).rstrip("\n")
    if form == "markdown":
        return findings_formats.markdown(found.findings, len(found.files))
    return findings_formats.github(found.findings).rstrip("\n")
