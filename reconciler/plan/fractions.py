"""Searched params that give fractions, for inputs that take whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from math import isfinite

from reconciler.flows.model import Json, SearchParam

_MOST = 1_000  # values that are looked at
_NEAR = 1e-9
DISTRIBUTIONS = frozenset(
    ("uniform", "loguniform", "normal", "lognormal", "quniform", "qloguniform", "qnormal", "qlognormal")
)


def first_fraction(param: SearchParam) -> str | None:
    """The first fraction that a searched param gives, in words for a distribution; None where it gives none.

    Choices are judged value by value elsewhere; templates are known only when the sweep starts.
    """
    values = param.value
    if not isinstance(values, Mapping) or not all(_is_number(value) for value in values.values()):
        return None
    if param.kind in DISTRIBUTIONS:
        return None if "q" in values and float(values["q"]).is_integer() else "fractions"
    listed = _LISTED.get(param.kind)
    if listed is None:
        return None
    try:
        return next((f"{one:g}" for one in islice(listed(values), _MOST) if abs(one - round(one)) > _NEAR), None)
    except OverflowError:
        return None  # no number that an input could take


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _range(values: Mapping[str, float]) -> Iterator[float]:
    value, stop, step = (values[name] for name in ("start", "stop", "step"))
    while value < stop - _NEAR and step > 0:
        yield value
        value += step


def _linspace(values: Mapping[str, float]) -> Iterator[float]:
    start, stop, count = values["start"], values["stop"], int(values["num"])
    yield from (start + (stop - start) * number / max(1, count - 1) for number in range(count))


def _geomspace(values: Mapping[str, float]) -> Iterator[float]:
    start, stop, count = values["start"], values["stop"], int(values["num"])
    if start > 0 and stop > 0:
        yield from (start * (stop / start) ** (number / max(1, count - 1)) for number in range(count))


def _logspace(values: Mapping[str, float]) -> Iterator[float]:
    base = values.get("base", 10)
    if base > 0 and max(abs(values["start"]), abs(values["stop"])) < 100:
        yield from (base**exponent for exponent in _linspace(values))


_LISTED: Mapping[str, Callable[[Mapping[str, float]], Iterator[float]]] = {
    "range": _range,
    "linspace": _linspace,
    "geomspace": _geomspace,
    "logspace": _logspace,
}
