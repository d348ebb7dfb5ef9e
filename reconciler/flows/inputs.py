"""Inputs and outputs: what a component declares, each with its default in its own type. Values for them are params."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from reconciler.flows.composite import TEXTS, Built, Listing, passing, section
from reconciler.flows.model import IO
from reconciler.flows.nodes import Node
from reconciler.flows.patterns import check_pattern
from reconciler.flows.report import Report
from reconciler.flows.shapes import ANYTHING, BAD, FLAG, NUMBER, PLAIN_FLAG, TEXT, WHOLE, Shape, is_template
from reconciler.flows.types import canonical_type, convert, known_type, type_names

_OLDER: Final = {"options": "options", "delayValidation": "delay"}
_RESERVED: Final = ("globals", "params", "connections")


_PATTERN: Final = Built(TEXT, passing(check_pattern, "value-not-allowed"))
_NUMBERS: Final = ["gt", "ge", "lt", "le", "multipleOf"]
_WHOLES: Final = ["minDigits", "maxDigits", "decimalPlaces", "minLength", "maxLength", "minItems", "maxItems"]
_VALIDATION: Final = section(
    {
        "delay": FLAG,
        **dict.fromkeys(_NUMBERS, NUMBER),
        **dict.fromkeys(_WHOLES, WHOLE),
        "regex": _PATTERN,
        **dict.fromkeys(("contains", "excludes", "options"), ANYTHING),
        **dict.fromkeys(("keys", "containsKeys", "excludesKeys"), TEXTS),
    },
    templated=False,
)
_IO: Final = section(
    {
        "name": TEXT,
        "description": TEXT,
        "type": TEXT,
        "isOptional": PLAIN_FLAG,
        "isList": PLAIN_FLAG,
        "isFlag": PLAIN_FLAG,
        "argFormat": TEXT,
        "connection": TEXT,
        "toInit": PLAIN_FLAG,
        "toEnv": TEXT,
        "value": ANYTHING,
        "validation": _VALIDATION,
        "delayValidation": PLAIN_FLAG,
        "options": ANYTHING,
    },
    required=("name",),
    templated=False,
)


def _io(values: Any, node: Node, path: str, report: Report) -> Any:
    name = values.get("name")
    if name is None:
        return BAD
    path = f"{path.rpartition('[')[0]}.{name}"
    _note_older(node, report)
    if name in _RESERVED or not name.strip():
        message = f"Rename `{name}`: templates use this name for something else."
        report.add("name-invalid", message, node.at("name").span, path)
    has_value = "value" in node.outline
    io = IO(
        name=name,
        type=_type(values, node, path, report),
        is_optional=has_value or values.get("isOptional") is True,
        has_value=has_value,
        value=values.get("value"),
        node=node,
        **({} if _COMMON.issuperset(values) else _uncommon(values)),
    )
    _check_flags(io, values, node, path, report)
    return _with_value(io, node, path, report) if has_value else io


_COMMON: Final = frozenset({"name", "type", "value", "isOptional"})


def _uncommon(values: dict[str, Any]) -> dict[str, Any]:
    """What few inputs say."""
    return {
        "is_list": values.get("isList") is True,
        "is_flag": values.get("isFlag") is True,
        "arg_format": values.get("argFormat"),
        "connection": values.get("connection"),
        "to_init": values.get("toInit") is True,
        "to_env": values.get("toEnv"),
        "validation": _validation(values),
        "delay_validation": _delay(values),
        "description": values.get("description"),
    }


def _type(values: dict[str, Any], node: Node, path: str, report: Report) -> str | None:
    name = values.get("type")
    if name is None or is_template(name):
        return None
    if not known_type(name):
        suggestion = report.near(name, type_names())
        advice = f", such as `{suggestion}`" if suggestion else ""
        message = f"Give `{values['name']}` a type that exists{advice}: there is no `{name}`."
        report.add("type-unknown", message, node.at("type").span, path, suggestion=suggestion)
        return None
    return canonical_type(name)


def _note_older(node: Node, report: Report) -> None:
    """`options` and `delayValidation` are what `validation` was before."""
    if _OLDER.keys().isdisjoint(node.outline):
        return
    older = [key for key in _OLDER if node.says(key)]
    if len(older) == 1 and "validation" not in node.outline:
        report.respell(node, older[0], _OLDER[older[0]], "io")


def _validation(values: dict[str, Any]) -> dict[str, Any]:
    given = values.get("validation")
    validation = dict(given) if isinstance(given, dict) else {}
    validation.pop("delay", None)
    if "options" in values:
        validation.setdefault("options", values["options"])
    return validation


def _delay(values: dict[str, Any]) -> bool | None:
    given = values.get("validation")
    delay = given.get("delay") if isinstance(given, dict) else None
    delay = values.get("delayValidation", delay)
    return delay if isinstance(delay, bool) else None


def _check_flags(io: IO, values: dict[str, Any], node: Node, path: str, report: Report) -> None:
    if io.is_flag and io.type != "bool" and not is_template(values.get("type")):
        message = f"Give `{io.name}` the type bool, or remove `isFlag`."
        report.add("field-conflict", message, node.key_span("isFlag"), path)
    if io.has_value and io.value is not None and values.get("isOptional") is False:
        message = f"Remove the value of `{io.name}`, or `isOptional: false`: with a value it is optional."
        report.add("input-optional-conflict", message, node.at("isOptional").span, path)


def _with_value(io: IO, node: Node, path: str, report: Report) -> IO:
    """The same input with its default converted to its type."""
    if _has_template(io.value):
        return io
    try:
        value = convert(io, io.value)
    except ValueError as error:
        report.add("input-value-invalid", f"Change the default: {error}", node.at("value").span, path)
        return io
    return io if value is io.value else replace(io, value=value)


def _has_template(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_template(item) for item in value)
    if isinstance(value, dict):
        return any(_has_template(item) for item in value.values())
    return is_template(value)


class _IOs:
    """The list of inputs, or of outputs; names occur once."""

    takes = "a list"
    items = Listing(Built(_IO, _io), templated=False)

    def read(self, node: Node, path: str, report: Report) -> Any:
        ios = self.items.read(node, path, report)
        if ios is BAD:
            return BAD
        seen: dict[str, IO] = {}
        for io in ios:
            first = seen.setdefault(io.name, io)
            if first is not io:
                self._report_duplicate(io, first, path, report)
        return tuple(seen.values())

    def _report_duplicate(self, io: IO, first: IO, path: str, report: Report) -> None:
        assert io.node is not None
        assert first.node is not None
        place = first.node.at("name").span
        message = f"Rename or remove the second `{io.name}`: line {place.line} declares it already."
        also = ((report.file, place, f"`{io.name}` is declared here first"),)
        report.add("input-duplicate", message, io.node.at("name").span, f"{path}.{io.name}", also=also)


IOS: Final[Shape] = _IOs()
