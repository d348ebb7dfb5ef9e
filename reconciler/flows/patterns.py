"""Patterns that people write: which can be matched in a bounded time. Python's matcher backtracks, some never end."""

from __future__ import annotations

import re
from typing import Any

_MAX_PATTERN = 500  # characters
_MAX_REPEATS = 4  # unbounded repeats of a pattern: time grows with the text's length to this power
_LENGTHS = {0: 10_000, 1: 10_000, 2: 1_000}  # characters of a text by number of repeats, 200 for more
_MANY = 16  # a repeat that may vary by more than this counts as unbounded


def check_pattern(pattern: str) -> None:
    """Raise ValueError with one sentence for a pattern that is broken or may take forever."""
    if len(pattern) > _MAX_PATTERN:
        raise ValueError(f"Write a shorter pattern: at most {_MAX_PATTERN} characters.")
    try:
        tree = re._parser.parse(pattern)  # type: ignore[attr-defined]
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"Mend the pattern: {error}.") from None
    if _repeats(tree, inside=False) > _MAX_REPEATS:
        raise ValueError(f"Write a simpler pattern: at most {_MAX_REPEATS} unbounded repeats, none inside another.")


def matches_pattern(text: str, pattern: str) -> bool:
    """Whether a text matches from its beginning. Raises ValueError for such a pattern, or a text too long for it."""
    check_pattern(pattern)
    tree = re._parser.parse(pattern)  # type: ignore[attr-defined]
    longest = _LENGTHS.get(_repeats(tree, inside=False), 200)
    if len(text) > longest:
        raise ValueError(f"must have at most {longest} characters to be matched with `{pattern}`")
    return re.match(pattern, text) is not None


def _repeats(tree: Any, inside: bool) -> int:
    """The number of unbounded repeats; one in another, a choice in one and a backward reference are too many."""
    total = 0
    for operator, argument in tree:
        name = str(operator)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, body = argument
            varies = high - low > _MANY
            total += (_MAX_REPEATS + 1 if inside else 1) if varies else 0
            total += _repeats(body, inside or high > _MANY)
        elif name == "BRANCH":
            total += _MAX_REPEATS + 1 if inside and not _told_apart(argument[1]) else 0
            total += sum(_repeats(branch, inside) for branch in argument[1])
        elif name.startswith("GROUPREF"):
            total += _MAX_REPEATS + 1
        elif name in ("SUBPATTERN", "ATOMIC_GROUP", "ASSERT", "ASSERT_NOT"):
            total += _repeats(argument if name == "ATOMIC_GROUP" else argument[-1], inside)
    return total


def _told_apart(branches: Any) -> bool:
    """Whether the first character decides which branch it is."""
    firsts = [str(branch[0][1]) if len(branch) and str(branch[0][0]) == "LITERAL" else "" for branch in branches]
    return "" not in firsts and len(set(firsts)) == len(firsts)
