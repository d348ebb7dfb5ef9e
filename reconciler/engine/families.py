"""Which ops of a run stand inside which, told from their paths alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_INSIDE = ".[!"  # what follows the path of an op in those of its own ops, children and hooks

Families = Mapping[str, Sequence[str]]


def families(paths: Iterable[str]) -> Families:
    """For each of these paths, and for all that they stand inside, the ones there: itself and what is inside it."""
    found: dict[str, list[str]] = {}
    for path in paths:
        for end, mark in enumerate(path):
            if mark in _INSIDE:
                found.setdefault(path[:end], []).append(path)
        found.setdefault(path, []).append(path)
    return found


def hooks_of(path: str, known: Families) -> Sequence[str]:
    """The hooks of an op, with what is inside them."""
    return [other for other in known.get(path, ()) if other.startswith(f"{path}!")]
