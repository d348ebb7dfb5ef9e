"""Durations: seconds, `1 day, 02:00:00` or ISO 8601 (`P1DT30M`) to seconds."""

from __future__ import annotations

import math
import re

from reconciler.flows.model import Json

_ISO = re.compile(
    r"^(?P<sign>[-+])?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?$"
)
_CLOCK = re.compile(
    r"^(?P<sign>-)?(?:(?P<days>\d+)\s*(?:d|days?),?\s*)?"
    r"(?:(?P<hours>\d+):(?P<minutes>[0-5]?\d)(?::(?P<seconds>[0-5]?\d(?:\.\d+)?))?)?$"
)
# Years have 365 days and months 30: nobody says from when on they count.
_UNITS = {
    "years": 31_536_000,
    "months": 2_592_000,
    "weeks": 604_800,
    "days": 86_400,
    "hours": 3_600,
    "minutes": 60,
    "seconds": 1,
}
_LONGEST = 1e11  # seconds, some 3,000 years: what is longer cannot be added to a time
_LONG = 60  # characters; no duration is written longer


def seconds(value: Json) -> float | None:
    """The number of seconds, or None where `value` is no duration."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) <= _LONGEST and math.isfinite(value) else None
    if not isinstance(value, str) or len(value) > _LONG:
        return None
    text = value.strip()
    found = _ISO.match(text) or _CLOCK.match(text)
    if found is None or not any(found.groupdict().get(unit) for unit in _UNITS):
        return _plain_number(text)
    total = sum(float(found.groupdict().get(unit) or 0) * size for unit, size in _UNITS.items())
    if total > _LONGEST:
        return None
    return -total if found.group("sign") == "-" else total


def _plain_number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,15}(\.\d{1,9})?", text) else None
