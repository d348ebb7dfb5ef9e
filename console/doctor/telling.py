"""How an examination is told: line by line as it is found, or as one document; and the exit code it comes to."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable

import click

from console.doctor.model import Examined, Level
from console.failures import AWAY, NO
from console.options import coloured
from console.terminal import painted
from reconciler.checks.words import count, listed

_LOOKS = {
    Level.OK: ("✓", "hint"),
    Level.WARNING: ("!", "warning"),
    Level.PROBLEM: ("✗", "error"),
    Level.UNKNOWN: ("?", "warning"),
}


def tell(found: Iterable[Examined], form: str) -> int:
    """Write it down; returns the exit code."""
    levels = _document(list(found)) if form == "json" else _lines(found)
    if levels[Level.PROBLEM]:
        return NO
    return AWAY if levels[Level.UNKNOWN] else 0


def _lines(found: Iterable[Examined]) -> Counter[Level]:
    """Each as it is found, as some take a while; what was found last."""
    levels: Counter[Level] = Counter()
    colour = coloured(sys.stdout)
    for one in found:
        levels[one.level] += 1
        click.echo(_told(one, colour), color=colour)
    counted = [
        count(levels[level], word)
        for level, word in ((Level.PROBLEM, "problem"), (Level.WARNING, "warning"), (Level.UNKNOWN, "open question"))
        if levels[level]
    ]
    click.echo(f"\n{listed(counted)}." if counted else "\nAll is well.")
    return levels


def _told(one: Examined, colour: bool) -> str:
    glyph, look = _LOOKS[one.level]
    word = "" if one.level is Level.OK else f"{one.level}: "
    head = f"{glyph} {word}"
    told = [f"{painted(look, head) if colour else head}{one.check}: {one.what}"]
    if one.level is not Level.OK:
        told += [f"    {line}" for line in (one.where and f"Where: {one.where}", one.do and f"Do: {one.do}") if line]
    return "\n".join(told)


def _document(found: list[Examined]) -> Counter[Level]:
    levels = Counter(one.level for one in found)
    entries = [
        {"check": one.check, "level": one.level, "what": one.what, "where": one.where, "do": one.do} for one in found
    ]
    counted = {"problems": levels[Level.PROBLEM], "warnings": levels[Level.WARNING], "unknown": levels[Level.UNKNOWN]}
    document = {"version": 1, "healthy": not levels[Level.PROBLEM], **counted, "findings": entries}
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    return levels
