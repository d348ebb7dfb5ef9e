"""Where a word of a text stands in its file: the texts of quotes, blocks and folded lines are not what is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from reconciler.flows.findings import LINE_BREAK, Span
from reconciler.flows.nodes import Node

_LONGEST = 1 << 20  # bytes of a file that are gone through for one word


def lines_of(source: bytes | None) -> tuple[str, ...]:
    """The lines of a file in which words are looked for; none of a very large one."""
    if source is None or len(source) > _LONGEST:
        return ()
    return tuple(LINE_BREAK.split(source.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")))


def span_of(scalar: Node, offset: int, word: str, lines: Sequence[str] = ()) -> Span:
    """The span of `word`, which stands at `offset` in the text of a scalar.

    With the lines of its file it is exact wherever the word is written as it reads; without, for plain texts of one
    line. The line is exact for literal blocks as well.
    """
    word = word.split("\n", 1)[0].rstrip()
    found = _written(scalar, offset, word, lines[scalar.line - 1 : scalar.end_line]) if word and lines else None
    return found or _reckoned(scalar, offset, word)


def _written(scalar: Node, offset: int, word: str, lines: Sequence[str]) -> Span | None:
    """As the n-th of the text is the n-th in the file, where there are as many."""
    if not lines:
        return None
    first, *others = lines
    written = [" " * (scalar.column - 1) + first[scalar.column - 1 :], *others]
    written[-1] = written[-1][: scalar.end_column - 1]
    text = str(scalar.value)
    if text.count(word) != sum(line.count(word) for line in written):
        return None
    places = (
        (number, found.start()) for number, line in enumerate(written) for found in re.finditer(re.escape(word), line)
    )
    at = next(islice(places, text.count(word, 0, offset), None), None)
    if at is None:
        return None
    line, column = scalar.line + at[0], at[1] + 1
    return Span(line, column, line, column + len(word))


def _reckoned(scalar: Node, offset: int, word: str) -> Span:
    text = str(scalar.value)
    if scalar.line == scalar.end_line:
        quote = 1 if scalar.end_column - scalar.column > len(text) else 0
        column = min(scalar.column + quote + offset, scalar.end_column)
        end = min(column + len(word), scalar.end_column) if word else scalar.end_column
        return Span(scalar.line, column, scalar.end_line, end)
    line = scalar.line + 1 + text.count("\n", 0, offset)
    return Span(min(line, scalar.end_line), 1, scalar.end_line, scalar.end_column)
