"""Findings on a terminal: hints and mistakes go to stderr, with their source lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from console.options import coloured
from console.terminal import painted
from console.working_tree import WorkingTree
from reconciler.checks import findings_text
from reconciler.flows.findings import NOWHERE, Finding, Severity


def show_findings(tree: WorkingTree, findings: Sequence[Finding], notices: bool = False) -> None:
    """Say what is wrong, if anything is; notices only where they are asked for."""
    shown = [one for one in findings if notices or one.severity is not Severity.NOTICE or one.accepted]
    if not shown:
        return
    files = sorted({one.file for one in shown if one.span != NOWHERE})
    sources = {file: data for file in files if (data := tree.read(file)) is not None}
    colour = coloured(sys.stderr)
    paint = painted if colour else findings_text.bare
    told = findings_text.text(shown, sources, len(files) or 1, notices=notices, paint=paint)
    click.echo(told.rstrip("\n"), err=True, color=colour)
