"""Suggestions for unknown names: which known one was meant, and how a sentence says so."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.flows.near import Guess
from reconciler.flows.near import near as near_word

_MANY = 1000  # names among which a near one is looked for: a proposal may hold many mistakes


def near(name: str, known: Collection[str]) -> Guess | None:
    """The known name that was most likely meant, if any."""
    return near_word(name, known) if len(known) <= _MANY else None


def said(guess: str | None, otherwise: str) -> str:
    """The end of a sentence about an unknown name."""
    return f"did you mean `{guess}`?" if guess else otherwise
