"""`ops` and `components` of a document as the `run` that they mean: lines moved to the right, nothing else touched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reconciler.flows.edits import Edit, Source
from reconciler.flows.findings import Span
from reconciler.flows.nodes import Node

_STEP: Final = "  "
_NAMES: Final = {"ops": "operations", "components": "components"}
_ENDS: Final = re.compile(r"(?:---|\.\.\.)(?:\s|$)")
_QUIET: Final = re.compile(r"\s*(?:#.*)?")


def moved(source: Source, document: Node) -> tuple[Edit, ...] | None:
    """The edits that put both sections under one `run`; None where that takes more than moving lines.

    They must stand beside each other in a mapping that is written line by line.
    """
    places = sorted((document.key_span(key), key) for key in _NAMES if key in document.keys)
    spans = sorted(document.key_span(key) for key in document.keys)
    first = spans.index(places[0][0])
    if [span for span, _ in places] != spans[first : first + len(places)] or "run" in document.keys:
        return None
    if any(not _stands_alone(source, span) or span.column != places[0][0].column for span, _ in places):
        return None
    after = spans[first + len(places)].line if first + len(places) < len(spans) else None
    last = _last_line(source, places[-1][0], after)
    return None if last is None else tuple(_edits(source, places, last))


def _stands_alone(source: Source, key: Span) -> bool:
    """Whether a key begins its line."""
    return source.holds(key) and not source.line(key.line)[: key.column - 1].strip(" ")


def _last_line(source: Source, key: Span, after: int | None) -> int | None:
    """The last line of the section that `key` begins; `after` is the line of the next key of its mapping."""
    last = key.line
    for line in range(key.line + 1, after or len(source) + 1):
        text = source.line(line)
        if text.startswith("\t") or (key.column == 1 and _ENDS.match(text)):
            return last if not text.startswith("\t") else None
        indent = len(text) - len(text.lstrip(" "))
        if after is None and text.strip() and indent < key.column - 1 and not text.lstrip().startswith("#"):
            return last  # a mapping in another one has ended
        if not _QUIET.fullmatch(text) or (text.strip() and indent >= key.column):
            last = line
    return last


def _edits(source: Source, places: list[tuple[Span, str]], last: int) -> Iterator[Edit]:
    first, end = places[0][0], source.line_break()
    margin = " " * (first.column - 1)
    start = source.offset(first.line, 1)
    yield Edit(start, start, f"{margin}run:{end}{margin}{_STEP}kind: dag{end}{_STEP}")
    for line in range(first.line + 1, last + 1):
        if source.line(line).strip():
            start = source.offset(line, 1)
            yield Edit(start, start, _STEP)
    for span, key in places:
        if _NAMES[key] != key:
            yield Edit(*source.range(span), _NAMES[key])
