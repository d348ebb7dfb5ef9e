"""Long texts are cut by whole sections, the most important kept, and say so. What sections hold is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 65_000  # bytes; GitHub takes 65,535 characters, other homes of a check less than that in bytes


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text that stays whole or goes. Lower `rank` is more important; `items` are counted when it goes."""

    body: str
    rank: int = 0
    items: int = 1


def joined(sections: Sequence[Section], limit: int = LIMIT, url: str = "") -> str:
    """The sections in their order; those that do not fit go, least important first, and a first line says how many."""
    kept = [section for section in sections if section.body]
    whole = _text(kept)
    if _size(whole) <= limit:
        return whole
    fitting = _fitting(kept, limit - _size(_note(kept, kept, url)) - 20)
    return _text([Section(_note(fitting, kept, url)), *fitting])


def _fitting(sections: Sequence[Section], room: int) -> list[Section]:
    chosen: set[int] = set()
    for index in sorted(range(len(sections)), key=lambda index: (sections[index].rank, index)):
        cost = _size(sections[index].body) + 2
        if cost <= room:
            chosen.add(index)
            room -= cost
    return [section for index, section in enumerate(sections) if index in chosen]


def _note(shown: Sequence[Section], all_of: Sequence[Section], url: str) -> str:
    numbers = f"{sum(s.items for s in shown):,} of {sum(s.items for s in all_of):,} shown"
    return f"_{numbers}, all at {url}_" if url else f"_{numbers}: the whole text is too long for this place._"


def _text(sections: Sequence[Section]) -> str:
    return "\n\n".join(section.body for section in sections)


def _size(text: str) -> int:
    return len(text.encode())
