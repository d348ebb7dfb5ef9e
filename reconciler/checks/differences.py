"""What differs between two values of a plan, in words: only the parts that do, and of long texts the place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from reconciler.checks import words
from reconciler.flows.model import Json
from reconciler.plan.diff import Change

_VALUE = 80  # characters of a value that are shown
_BEFORE = 24  # characters before the place at which long texts differ
_PARTS = 6  # of one change; what follows is counted
_BYTES = re.compile(r"\bresources\..*(memory|storage|hugepages)")

Part = tuple[str, Json, Json]  # where it is within the value, what was there, what is; None means absent


def reasons(change: Change) -> list[str]:
    """`image: a → b`, `timeout: 60 (new)`, `queue: gpu (gone)`; one line for each part of a large value."""
    parts = list(_parts(change.old, change.new))
    if not parts:  # equal to read, such as 1 and 1.0
        parts = [("", change.old, change.new)]
    more = [f"{words.line(change.what)}: … {len(parts) - _PARTS:,} more differences"] if len(parts) > _PARTS else []
    return [_reason(f"{change.what}{where}", old, new) for where, old, new in parts[:_PARTS]] + more


def _reason(what: str, old: Json, new: Json) -> str:
    what = words.line(what)
    one, other = (_with_unit(what, _text(value)) for value in (old, new))
    if old is None:
        return f"{what}: {_shown(other)} (new)"
    if new is None:
        return f"{what}: {_shown(one)} (gone)"
    before, after = _around(one, other)
    return f"{what}: {_shown(before)} → {_shown(after)}"


def _with_unit(what: str, text: str) -> str:
    """`2Gi` for the plain number of bytes that a plan keeps."""
    if not _BYTES.search(what) or not text.isdecimal():
        return text
    size = int(text)
    for unit in ("Pi", "Ti", "Gi", "Mi", "Ki"):
        step = 1024 ** " KMGTP".index(unit[0])
        if size and size % step == 0:
            return f"{size // step}{unit}"
    return text


def _parts(old: Json, new: Json, where: str = "") -> Iterator[Part]:
    if _text(old) == _text(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _parts(old.get(key), new.get(key), f"{where}.{key}")
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple) and _long(old, new):
        yield from _parts_of_lists(old, new, where)
    else:
        yield where, old, new


def _long(*values: Json) -> bool:
    return any(len(_text(value)) > _VALUE for value in values)


def _parts_of_lists(old: Sequence[Json], new: Sequence[Json], where: str) -> Iterator[Part]:
    before, after = _by_name(old), _by_name(new)
    if before and after:
        for name in dict.fromkeys((*before, *after)):
            yield from _parts(before.get(name), after.get(name), f"{where}[{name}]")
        return
    start, end = _alike(old, new)
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    if left and right and len(left) != len(right):
        yield where, list(left), list(right)
        return
    for index in range(max(len(left), len(right))):
        one, other = (side[index] if index < len(side) else None for side in (left, right))
        yield from _parts(one, other, f"{where}[{start + index}]")


def _by_name(values: Sequence[Json]) -> Mapping[str, Json]:
    """Entries such as those of `env`, by their names; nothing where not every entry has one of its own."""
    named = {str(value["name"]): value for value in values if isinstance(value, Mapping) and "name" in value}
    return named if len(named) == len(values) else {}


def _around(old: str, new: str) -> tuple[str, str]:
    """Two long texts from shortly before the place at which they differ, to shortly after it."""
    if not _long(old, new):
        return old, new
    start, end = _alike(old, new)
    first = max(0, start - _BEFORE)
    return _cut(old, first, end), _cut(new, first, end)


def _cut(text: str, first: int, end: int) -> str:
    last = len(text) - max(0, end - _BEFORE)
    return f"{'…' if first else ''}{text[first:last]}{'…' if last < len(text) else ''}"


def _alike(old: Sequence[Json] | str, new: Sequence[Json] | str) -> tuple[int, int]:
    """How many items are equal at the start, and how many of the others at the end."""
    most = min(len(old), len(new))
    start = next((index for index in range(most) if old[index] != new[index]), most)
    end = next((index for index in range(most - start) if old[-1 - index] != new[-1 - index]), most - start)
    return start, end


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _shown(text: str) -> str:
    return words.clip(words.line(text), _VALUE) or '""'
