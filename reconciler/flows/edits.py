"""A text whose places are lines and columns, and edits of it. What should be edited is decided in fixes.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.flows.findings import LINE_BREAK, Span


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """What stands from `start` to `end`, offsets of a text, becomes `text`."""

    start: int
    end: int
    text: str


class Source:
    """A text, found by the lines and columns of its findings: from 1, in characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._breaks = list(LINE_BREAK.finditer(text))
        self._starts = [0, *(found.end() for found in self._breaks)]

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self._starts)

    def offset(self, line: int, column: int) -> int:
        """Where a place is in the text, at most the end of its line."""
        return min(self._starts[line - 1] + column - 1, self._end(line))

    def line(self, number: int) -> str:
        """A line without its break."""
        return self.text[self._starts[number - 1] : self._end(number)]

    def line_break(self) -> str:
        """How the text breaks its lines: as the first one ends."""
        return self._breaks[0][0] if self._breaks else "\n"

    def range(self, span: Span) -> tuple[int, int]:
        """Where a span is, cut at the end of its first line."""
        end = span.end_column if span.end_line == span.line else len(self.line(span.line)) + 1
        return self.offset(span.line, span.column), self.offset(span.line, end)

    def holds(self, span: Span) -> bool:
        """Whether there is such a place."""
        return 1 <= span.line <= len(self) and span.column <= len(self.line(span.line)) + 1

    def _end(self, line: int) -> int:
        return self._breaks[line - 1].start() if line <= len(self._breaks) else len(self.text)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; of edits that touch the same characters the first one counts."""
    parts, end = [], 0
    for edit in sorted(edits):
        if edit.start >= end:
            parts += [text[end : edit.start], edit.text]
            end = edit.end
    return "".join([*parts, text[end:]])
