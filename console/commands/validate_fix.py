"""`headgate validate --fix` and `--diff`: files mended before they are judged, and what is said of that."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from console.failures import Failure
from console.fixing import Trees, difference, entries, mended_files, mended_trees, told, write
from console.judging import STDIN, judge
from console.working_tree import WorkingTree
from reconciler.flows.model import Json


@dataclass(frozen=True, slots=True)
class Mending:
    """What is left to judge, as it is once everything is mended, and what was mended."""

    trees: Trees
    stdin: Callable[[], bytes]
    entries: list[Json]


def refuse_links(paths: Sequence[str]) -> None:
    """Raise Failure for a path that is a link: what it leads to is mended under its own name only."""
    for path in paths:
        if Path(path).is_symlink():
            do = f"Name the file itself: {Path(path).resolve()}."
            raise Failure("file-link", "The path is a link.", where=path, do=do)


def mended(trees: Trees, stdin: Callable[[], bytes], since: str | None, diff: bool) -> Mending:
    """Mend the files and write them; with `diff` only show what would change. Raises Failure."""
    here = trees if since is None else {tree: _changed(trees, tree, stdin, since) for tree in trees}
    files = mended_files(here, stdin)
    given = next((one.after for one in files if one.path.endswith(STDIN)), None)
    for one in files:
        if diff:
            click.echo(difference(one), nl=False)
        elif not one.path.endswith(STDIN):
            write(one)
    if not diff and any(file.endswith(STDIN) for each in trees.values() for file in each):
        sys.stdout.buffer.write(stdin() if given is None else given)
        sys.stdout.flush()
    for text in told(files, done=not diff):
        click.echo(text, err=True)
    return Mending(mended_trees(trees, files), stdin if given is None else lambda: given, entries(files))


def _changed(trees: Trees, tree: WorkingTree, stdin: Callable[[], bytes], since: str) -> list[str]:
    """The files of a tree that count since a revision."""
    ours = {tree: trees[tree]}
    counted = set(judge(ours, stdin, None, since).files)
    return [file for file in trees[tree] if file in counted]
