"""Whether a cron expression can be read and can ever fire. When it fires next is computed by the engine."""

from __future__ import annotations

import re
from typing import Final

from reconciler.flows.literals import quoted

PRESETS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)
_LONGEST_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(r"(?P<from>\*|\w+)(?:-(?P<to>\w+))?(?:/(?P<step>\d{1,4}))?\Z")


def cron_expression(text: str) -> str:
    """The five fields that an expression or a preset (`@daily`) stands for.

    Raises ValueError with one sentence that says which field is wrong and what it takes.
    """
    text = text.strip()
    fields = PRESETS.get(text.lower(), text).split()
    if text.startswith("@") and text.lower() not in PRESETS:
        raise ValueError(f"Use one of {', '.join(PRESETS)}, not {quoted(text)}.")
    if len(fields) != len(_FIELDS):
        raise ValueError(f"Write five fields (minute, hour, day of month, month, day of week), not {len(fields)}.")
    for position, field in enumerate(fields):
        _check_field(position, field)
    _check_ever_fires(fields[2], fields[3], fields[4])
    return " ".join(fields)


def _check_field(position: int, field: str) -> None:
    for part in field.split(","):
        if not _good_part(position, part.lower()):
            name, low, high, _ = _FIELDS[position]
            raise ValueError(
                f"Change {quoted(field)}: the {name} takes numbers from {low} to {high}, `*`, `a-b`, `a,b` and `*/n`."
            )


def _good_part(position: int, part: str) -> bool:
    if part == "?" or (position == 2 and part in ("l", "lw")):
        return position in (2, 4)
    if position == 4 and (found := re.fullmatch(r"(\w+)(?:#([1-5l])|l)", part)):
        return _number(position, found.group(1)) is not None
    found = _PART.match(part)
    if found is None:
        return False
    if found["step"] is not None and int(found["step"]) == 0:
        return False
    if found["from"] == "*":
        return found["to"] is None
    first = _number(position, found["from"])
    if first is None or found["to"] is None:
        return first is not None
    last = _number(position, found["to"])
    return last is not None and (first <= last or position == 4)


def _number(position: int, word: str) -> int | None:
    _, low, high, names = _FIELDS[position]
    if word in names:
        return names.index(word) + low
    if not word.isascii() or not word.isdigit() or len(word) > 4:
        return None
    return int(word) if low <= int(word) <= high else None


def _check_ever_fires(days: str, months: str, weekdays: str) -> None:
    """A day that none of the months has, such as 30 February."""
    if weekdays not in ("*", "?") or not re.fullmatch(r"[\d,]+", days) or "*" in months:
        return
    lengths = [_LONGEST_MONTH[month - 1] for month in _numbers(months)]
    if lengths and min(int(day) for day in days.split(",")) > max(lengths):
        raise ValueError(f"Choose a day that comes: no such month has a day {days}.")


def _numbers(months: str) -> list[int]:
    found: list[int] = []
    for part in months.lower().split(","):
        first, _, last = part.partition("/")[0].partition("-")
        start = _number(3, first) or 1
        found.extend(range(start, (_number(3, last) or start) + 1) if "/" not in part else range(1, 13))
    return found
