"""What is wrong with a text that is not YAML, in words that say what to do; where it is, is the reader's business."""

from __future__ import annotations

from typing import Final

# A part of what parsers say, and what to do; `{begin}` is the line in which what could not be ended begins.
_ADVICE: Final = (
    (
        "mapping values are not allowed",
        "put a text with `: ` in quotes, or indent the line like those around it",
    ),
    ("tab character", "indent with spaces, not with tabs"),
    ("cannot start any token", "put the text in quotes: without them it cannot begin with {sign}"),
    ("expected ',' or ']'", "close the list of line {begin} with `]`, or put `,` between its items"),
    ("expected ',' or '}'", "close the mapping of line {begin} with `}}`, or put `,` between its fields"),
    ("unexpected end of stream", "close the quotes of line {begin}"),
    ("expected key", "put the whole text in quotes, or indent the line like the keys from line {begin} on"),
    ("expected <block end>", "put the whole text in quotes, or indent the line like those from line {begin} on"),
    ("expected '-' indicator", "begin the line with `- ` as the list of line {begin} does, or indent it further"),
    ("could not find expected ':'", "put `: ` behind the key of line {begin}, or close what stands before it"),
    ("expected node content", "put a value here, or close the bracket before it"),
    ("block sequence entries are not allowed", "begin the list in a line of its own"),
    ("expected <document start>", "begin another document with `---`, or indent the line like those before it"),
    ("unknown escape character", "write two backslashes for one, or use single quotes"),
)


def advice(problem: str, begin: int, sign: str) -> str | None:
    """What to do about a parser's `problem`; `sign` is the character it stopped at. None for what is rarely seen."""
    if "cannot start any token" in problem and sign == "\t":
        problem = "tab character"
    shown = f"`{sign}`" if sign.strip() and sign != "`" else "this sign"
    found = next((words for part, words in _ADVICE if part in problem), None)
    return None if found is None else found.format(begin=begin, sign=shown)
