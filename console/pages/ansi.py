"""Log lines as HTML: colours that programs print are shown, every other terminal escape is inert."""

from __future__ import annotations

import re
from html import escape

from reconciler.checks.words import plain

WIDTH = 4_000  # characters of a line that a page shows; the download has all

_COLOUR = re.compile(r"\x1b\[([0-9;]*)m")
_SIMPLE = {1: "bold", 2: "faint", 3: "italic", 4: "underline"}


def html_of(line: str) -> str:
    """One line; text is escaped, colours become spans with the classes `c0` to `c15`, `bold`, `faint`, …"""
    cut = line[:WIDTH]
    parts, at, classes = [], 0, frozenset[str]()
    for found in _COLOUR.finditer(cut):
        parts.append(_span(cut[at : found.start()], classes))
        classes = _changed(classes, found.group(1))
        at = found.end()
    parts.append(_span(cut[at:], classes))
    return "".join(parts) + ("…" if len(line) > WIDTH else "")


def _span(text: str, classes: frozenset[str]) -> str:
    shown = escape(plain(text))
    return f'<span class="{" ".join(sorted(classes))}">{shown}</span>' if classes and shown else shown


def _changed(classes: frozenset[str], codes: str) -> frozenset[str]:
    numbers = [int(code or 0) for code in codes.split(";")][:16]
    if 38 in numbers or 48 in numbers:  # colours by number or RGB: shown without
        return classes
    for number in numbers:
        if number == 0:
            classes = frozenset()
        elif number in _SIMPLE:
            classes |= {_SIMPLE[number]}
        elif number == 39 or 30 <= number <= 37 or 90 <= number <= 97:
            classes = frozenset(name for name in classes if not re.fullmatch(r"c\d+", name)) | _colour(number)
    return classes


def _colour(number: int) -> frozenset[str]:
    if number == 39:
        return frozenset()
    return frozenset({f"c{number - 30 if number < 90 else number - 82}"})
