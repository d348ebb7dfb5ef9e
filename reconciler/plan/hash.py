"""Hashes of plans: what makes two plans the same. Places, comments, key order and equal units make no difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any

from reconciler.flows.model import Json
from reconciler.flows.quantities import number_of
from reconciler.plan.encoding import digest
from reconciler.plan.model import HASH_VERSION, Graph, Plan, PlannedOp

# Places, words for people, and what the other fields imply.
_SKIPPED = frozenset(("file", "line", "node", "description", "downstream", "critical"))
_OFTEN_SHARED = frozenset(("run", "inputs", "outputs", "cache"))


def hashed(plan: Plan) -> Plan:
    """The plan with its hashes and their version."""
    core = {
        "version": HASH_VERSION,
        "flow": plan.flow,
        "root": canonical(plan.root),
        "schedule": canonical(plan.schedule),
    }
    core_hash = digest(core)
    return replace(plan, core_hash=core_hash, hash=digest({"core": core_hash, "code": plan.code}), version=HASH_VERSION)


def op_digest(op: PlannedOp, graph: Graph | None = None) -> str:
    """The hash of one op with all below it, as 64 hexadecimal digits.

    With the graph that it stands in, siblings count by name: the digest stays when ops come or go around it.
    """
    data = canonical(op)
    return digest(data if graph is None else _named(data, [sibling.name for sibling in graph.ops]))


def _named(data: dict[str, Json], names: list[str]) -> Json:
    """The canonical op with the names of its siblings for their indexes."""
    for key in ("upstream", "reads"):
        data[key] = sorted(names[index] for index in data.get(key, ()))
    for part in (*data.get("events", ()), *data.get("joins", ()), *data.get("sources", {}).values()):
        if "op" in part:
            part["op"] = names[part["op"]]
    return data


def canonical(value: Any, *, of_run: bool = False) -> Json:
    """Plain data in which equal meanings look equal: no places, no fields at rest; `of_run`: quantities as numbers."""
    return _Canonical().of(value, of_run)


class _Canonical:
    """One value made canonical. What its ops share is made canonical once, by its identity."""

    __slots__ = ("_shared",)

    def __init__(self) -> None:
        self._shared: dict[int, Json] = {}

    def of(self, value: Any, of_run: bool = False) -> Json:
        kind = type(value)
        if kind is str or kind is int or kind is bool or value is None:
            return value
        if kind is float:
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        if kind is tuple or kind is list:
            return [self.of(item, of_run) for item in value]
        if isinstance(value, Mapping):
            return {key: self._item(key, item, of_run) for key, item in value.items()}
        return value.value if isinstance(value, Enum) else self._fields(value, kind)

    def _item(self, key: str, item: Any, of_run: bool) -> Json:
        if of_run and key == "resources" and isinstance(item, Mapping):
            return {name: _canonical_amounts(amounts) for name, amounts in item.items()}
        return self.of(item, of_run)

    def _fields(self, value: Any, kind: Any) -> Json:
        said = {}
        get, defaults = _said_fields(kind)
        for item, (name, default) in zip(get(value), defaults, strict=True):
            if item is not default and not _at_rest(item, default):
                said[name] = self._once(item, name) if name in _OFTEN_SHARED else self.of(item)
        return said

    def _once(self, item: Any, name: str) -> Json:
        if id(item) not in self._shared:
            self._shared[id(item)] = self.of(item, of_run=name == "run")
        return self._shared[id(item)]


@cache
def _said_fields(kind: type) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[tuple[str, Any], ...]]:
    """What gets the fields of a dataclass that make a difference, and their names and defaults."""
    said = tuple((field.name, field.default) for field in fields(kind) if field.name not in _SKIPPED)
    if len(said) > 1:
        return attrgetter(*(name for name, _ in said)), said
    return lambda value: tuple(getattr(value, name) for name, _ in said), said


def _at_rest(item: Any, default: Any) -> bool:
    """Whether a field says nothing: it has its default, or holds nothing."""
    if item is None or (type(item) is type(default) and item == default):
        return True
    return type(item) in (tuple, list, dict) and not item


def _canonical_amounts(amounts: Any) -> Json:
    if not isinstance(amounts, Mapping):
        return canonical(amounts)
    return {name: quantity(amount) for name, amount in amounts.items()}


def quantity(amount: Json) -> Json:
    """A Kubernetes quantity as a plain decimal: `1000m` and `1` give `1`. Other values stay as they are."""
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        return canonical(amount)
    number = number_of(str(amount))
    return amount if number is None else format(number.normalize(), "f")
