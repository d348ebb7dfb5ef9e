"""Searched params: their distributions, item by item and draw by draw. Lists are never materialised."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from reconciler.flows.durations import seconds
from reconciler.flows.model import Json

Values = Sequence[Json]  # the value of a param as a list in the order of its fields

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "range": ("start", "stop", "step"),
    "daterange": ("start", "stop", "step"),
    "datetimerange": ("start", "stop", "step"),
    "linspace": ("start", "stop", "num"),
    "geomspace": ("start", "stop", "num"),
    "logspace": ("start", "stop", "num", "base"),
    "uniform": ("low", "high", "size"),
    "loguniform": ("low", "high", "size"),
    "quniform": ("low", "high", "q", "size"),
    "qloguniform": ("low", "high", "q", "size"),
    "normal": ("loc", "scale", "size"),
    "lognormal": ("loc", "scale", "size"),
    "qnormal": ("loc", "scale", "q", "size"),
    "qlognormal": ("loc", "scale", "q", "size"),
}


def fields(kind: str, value: Json) -> list[Json]:
    """The value of a param as a list in the order of its fields, None where one is not given.

    Raises ValueError with a sentence.
    """
    if kind in ("choice", "pchoice"):
        if not isinstance(value, list | tuple) or not value:
            raise ValueError(f"a {kind} takes a list of values, not {value!r}.")
        return list(value)
    names = _FIELDS.get(kind)
    if names is None:
        raise ValueError(f"`{kind}` is no kind of matrix param.")
    if isinstance(value, str):
        value = [_plain(part) for part in value.split(":")]
    if isinstance(value, Mapping):
        found = [value.get(name) for name in names]
    elif isinstance(value, list | tuple) and len(value) <= len(names):
        found = [*value, *[None] * (len(names) - len(value))]
    else:
        raise ValueError(f"a {kind} takes {', '.join(names)}, not {value!r}.")
    return _checked(kind, names, found)


def _plain(text: str) -> Json:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _checked(kind: str, names: Sequence[str], found: list[Json]) -> list[Json]:
    for name, value in zip(names, found, strict=True):
        if name in ("size", "base"):
            continue
        if value is None:
            raise ValueError(f"a {kind} needs `{name}`.")
        if kind not in ("daterange", "datetimerange") and not isinstance(value, int | float):
            raise ValueError(f"`{name}` of a {kind} is to be a number, not {value!r}.")
    return found


# --- discrete ---------------------------------------------------------------------------------------------------------


def size(kind: str, values: Values) -> int | None:
    """How many values a param can take; None: without end."""
    match kind:
        case "choice" | "pchoice":
            return len(values)
        case "range":
            return _steps(values[0], values[1], values[2])
        case "daterange":
            days = (date.fromisoformat(str(values[1])) - date.fromisoformat(str(values[0]))).days
            return _steps(0, days, _step_days(values[2]))
        case "datetimerange":
            span = (datetime.fromisoformat(str(values[1])) - datetime.fromisoformat(str(values[0]))).total_seconds()
            return _steps(0, span, _step_seconds(values[2]))
        case "linspace" | "geomspace" | "logspace":
            return int(values[2])
    return None


def item(kind: str, values: Values, index: int) -> Json:
    """The value number `index` (from 0) of a discrete param."""
    match kind:
        case "choice":
            return values[index]
        case "pchoice":
            return values[index][0]
        case "range":
            return values[0] + index * values[2]
        case "daterange":
            return (date.fromisoformat(str(values[0])) + timedelta(days=index * _step_days(values[2]))).isoformat()
        case "datetimerange":
            step = timedelta(seconds=_step_seconds(values[2]))
            return (datetime.fromisoformat(str(values[0])) + index * step).isoformat()
        case "linspace":
            return _between(values, index)
        case "geomspace":
            start, stop = float(values[0]), float(values[1])
            return float(start * (stop / start) ** _share(values, index))
    return float((10 if values[3] is None else values[3]) ** _between(values, index))


def weights(kind: str, values: Values) -> list[float] | None:
    """How likely each value is; None: all alike."""
    return [float(pair[1]) for pair in values] if kind == "pchoice" else None


def _steps(start: float, stop: float, step: float) -> int:
    if step <= 0 or stop <= start:
        raise ValueError(f"a range from {start} to {stop} by {step} holds nothing.")
    return max(1, math.ceil(round((stop - start) / step, 9)))


def _step_days(step: Json) -> int:
    return int(step)


def _step_seconds(step: Json) -> float:
    found = seconds(step)
    if found is None:
        raise ValueError(f"`step` of a datetimerange is to be seconds or a duration such as PT1H, not {step!r}.")
    return float(found)


def _share(values: Values, index: int) -> float:
    return index / (int(values[2]) - 1) if int(values[2]) > 1 else 0.0


def _between(values: Values, index: int) -> float:
    return float(values[0] + (values[1] - values[0]) * _share(values, index))


# --- continuous -------------------------------------------------------------------------------------------------------

_DRAWS: Final[Mapping[str, Callable[[Random, Values], float]]] = {
    "uniform": lambda chance, v: chance.uniform(v[0], v[1]),
    "loguniform": lambda chance, v: math.exp(chance.uniform(v[0], v[1])),
    "quniform": lambda chance, v: _rounded(chance.uniform(v[0], v[1]), v[2]),
    "qloguniform": lambda chance, v: _rounded(math.exp(chance.uniform(v[0], v[1])), v[2]),
    "normal": lambda chance, v: chance.gauss(v[0], v[1]),
    "lognormal": lambda chance, v: math.exp(chance.gauss(v[0], v[1])),
    "qnormal": lambda chance, v: _rounded(chance.gauss(v[0], v[1]), v[2]),
    "qlognormal": lambda chance, v: _rounded(math.exp(chance.gauss(v[0], v[1])), v[2]),
}


def draw(kind: str, values: Values, seed: str) -> Json:
    """One value of a param, the same for the same seed; a list of them where `size` is given."""
    chance = Random(seed)  # noqa: S311 - a search, not a secret
    count = size(kind, values)
    if count is not None:
        chances = weights(kind, values)
        index = chance.choices(range(count), chances)[0] if chances else chance.randrange(count)
        return item(kind, values, index)
    one, length = _DRAWS[kind], values[-1]
    return one(chance, values) if length is None else [one(chance, values) for _ in range(int(length))]


def _rounded(value: float, step: float) -> float:
    return round(value / step) * step
