"""Searched params: the kinds of a search space and what their values look like. Drawing from them is the engine's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.flows.composite import Table
from reconciler.flows.literals import quoted
from reconciler.flows.model import SearchParam
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import BAD, described, is_template, reject


@dataclass(frozen=True, slots=True)
class SpaceKind:
    """A kind of searched param. `fields` are the names of its numbers in order, `optional` those that may be left out.

    `discrete` spaces can be counted, `uniform` ones may be searched by bayes. `numeric` ones need a number as input.
    """

    name: str
    fields: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    discrete: bool = False
    uniform: bool = False
    numeric: bool = True
    ordered: bool = False  # the first number must be below the second


def _dates(name: str) -> SpaceKind:
    return SpaceKind(name, ("start", "stop", "step"), discrete=True, uniform=True, numeric=False)


_SPACES: Final = (
    SpaceKind("choice", discrete=True, uniform=True, numeric=False),
    SpaceKind("pchoice", discrete=True, numeric=False),
    SpaceKind("range", ("start", "stop", "step"), discrete=True, uniform=True, ordered=True),
    _dates("daterange"),
    _dates("datetimerange"),
    SpaceKind("linspace", ("start", "stop", "num"), discrete=True, uniform=True, ordered=True),
    SpaceKind("geomspace", ("start", "stop", "num"), discrete=True, uniform=True, ordered=True),
    SpaceKind("logspace", ("start", "stop", "num"), ("base",), discrete=True, uniform=True, ordered=True),
    SpaceKind("uniform", ("low", "high"), ("size",), uniform=True),
    SpaceKind("quniform", ("low", "high", "q"), ("size",)),
    SpaceKind("loguniform", ("low", "high"), ("size",)),
    SpaceKind("qloguniform", ("low", "high", "q"), ("size",)),
    SpaceKind("normal", ("loc", "scale"), ("size",)),
    SpaceKind("qnormal", ("loc", "scale", "q"), ("size",)),
    SpaceKind("lognormal", ("loc", "scale"), ("size",)),
    SpaceKind("qlognormal", ("loc", "scale", "q"), ("size",)),
)
SPACES: Final[Mapping[str, SpaceKind]] = {space.name: space for space in _SPACES}


class _SearchParamShape:
    """`{kind, value}`; the value becomes a list (choice, pchoice) or a mapping of named numbers."""

    takes = "a mapping with `kind` and `value`"

    def read(self, node: Node, path: str, report: Report) -> Any:
        if not isinstance(node.value, dict):
            return reject(node, path, report, self.takes)
        for key in node.value:
            if key not in ("kind", "value"):
                _reject_key(key, node, path, report)
        kind, value = node.get("kind"), node.get("value")
        if kind is None or value is None:
            missing = "kind" if kind is None else "value"
            report.add("field-missing", f"Add `{missing}` to `{path.rpartition('.')[2]}`.", node.span, path)
            return BAD
        space = SPACES.get(kind.value) if type(kind.value) is str else None
        if space is None:
            return _reject_kind(kind, path, report)
        try:
            return SearchParam(space.name, space_value(space, value.data()), node)
        except ValueError as error:
            report.add("matrix-param-invalid", str(error), value.span, path)
            return BAD


SEARCH_PARAM: Final = _SearchParamShape()
SEARCH_PARAMS: Final = Table(SEARCH_PARAM, templated=False)


def _reject_key(key: str, node: Node, path: str, report: Report) -> None:
    message = f"Remove `{key}`: a searched param has `kind` and `value`."
    report.add("field-unknown", message, node.key_span(key), path, report.near(key, ("kind", "value")))


def _reject_kind(kind: Node, path: str, report: Report) -> Any:
    suggestion = report.near(str(kind.value), SPACES)
    message = f"Use one of the kinds {', '.join(SPACES)}, not {described(kind)}."
    report.add("kind-unknown", message, kind.span, path, suggestion=suggestion)
    return BAD


def space_value(space: SpaceKind, value: Any) -> Any:
    """The value of a searched param in its one form: a list for choices, else a mapping of named numbers.

    A template is kept for the start of the sweep. Raises ValueError with one sentence.
    """
    if is_template(value):
        return value
    if not space.fields:
        return _CHOICES[space.name](value)
    values = _named(space, value)
    if space.numeric:
        _check_numbers(space, values)
    return values


def _named(space: SpaceKind, value: Any) -> dict[str, Any]:
    """`{start: 1, stop: 5, step: 2}`, `[1, 5, 2]` and `1:5:2` are the same."""
    names = (*space.fields, *space.optional)
    if isinstance(value, str):
        value = [_number(part) if space.numeric else part.strip() for part in value.split(":")]
    if isinstance(value, Sequence):
        if not len(space.fields) <= len(value) <= len(names):
            raise ValueError(f"Give `{space.name}` {' : '.join(space.fields)}, not {len(value)} values.")
        return dict(zip(names, value, strict=False))
    if not isinstance(value, dict):
        raise ValueError(f"Give `{space.name}` {', '.join(space.fields)}, not {quoted(value)}.")
    unknown = [key for key in value if key not in names]
    missing = [key for key in space.fields if key not in value]
    if unknown or missing:
        wrong = f"remove `{unknown[0]}`" if unknown else f"add `{missing[0]}`"
        raise ValueError(f"Give `{space.name}` {', '.join(space.fields)}: {wrong}.")
    return dict(value)


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text.strip()


def _check_numbers(space: SpaceKind, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if is_template(value):
            return
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"Give `{name}` of `{space.name}` a number, not {quoted(value)}.")
    first, second = (values[name] for name in space.fields[:2])
    if space.ordered and not first < second:
        raise ValueError(f"Give `{space.name}` a stop above its start: {second} is not above {first}.")
    for name in ("step", "num", "q"):
        if name in values and values[name] <= 0:
            raise ValueError(f"Give `{name}` of `{space.name}` more than 0, not {values[name]}.")


def _choice(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"Give `choice` a list of values, not {quoted(value)}.")
    if not value:
        raise ValueError("Give `choice` at least one value.")
    return value


def _weighted(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"Give `pchoice` a list of [value, probability], not {quoted(value)}.")
    total = 0.0
    for pair in value:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(f"Give each choice as [value, probability], not {quoted(pair)}.")
        weight = pair[1]
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
            raise ValueError(f"Give each choice a probability from 0 to 1, not {quoted(weight)}.")
        total += weight
    if total > 1 + 1e-9:
        raise ValueError(f"Lower the probabilities: their sum is {total:g}, more than 1.")
    return value


_CHOICES: Final[Mapping[str, Callable[[Any], list[Any]]]] = {"choice": _choice, "pchoice": _weighted}
