"""What a field of the language is for, in words: the form of one row of the tables in this folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.flows.model import Json

NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Word:
    """One sentence on a field, a value to copy, and what holds where the field is not said, if anything does.

    `others` are further values that an editor offers.
    """

    meaning: str
    example: Json
    default: Json = NOTHING
    others: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping with known keys: what the whole of it is for, and a word on each of its fields."""

    meaning: str
    fields: Mapping[str, Word]
