"""Inputs, outputs and the params for them: every way of writing one. Whether they fit together is for the plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from reconciler.flows.literals import quoted
from reconciler.flows.model import IO, Param
from reconciler.flows.nodes import Node
from reconciler.flows.patterns import check_pattern
from reconciler.flows.pods import ARTIFACTS
from reconciler.flows.shapes import (
    ANYTHING,
    BAD,
    NUMBER,
    PLAIN_FLAG,
    TEXT,
    TEXTS,
    WHOLE,
    Built,
    Listing,
    Record,
    Report,
    Shape,
    Table,
    is_template,
)
from reconciler.flows.types import canonical_type, convert, known_type, type_names

_FIELDS: Final[dict[str, Shape]] = {
    "value": ANYTHING,
    "ref": TEXT,
    "contextOnly": PLAIN_FLAG,
    "connection": TEXT,
    "toInit": PLAIN_FLAG,
    "toEnv": TEXT,
}
_RECORD: Final = Record(_FIELDS)
_HOLDERS: Final = ("inputs", "outputs", "io", "artifacts", "globals", "params")
GLOBALS: Final = [
    "owner_name",
    "project_name",
    "project_unique_name",
    "project_uuid",
    "run_info",
    "name",
    "uuid",
    "status",
    "namespace",
    "iteration",
    "context_path",
    "artifacts_path",
    "created_at",
    "compiled_at",
    "schedule_at",
    "started_at",
    "finished_at",
    "duration",
    "cloning_kind",
    "original_uuid",
    "is_independent",
    "commit",
    "branch",
    "flow",
    "repository",
]
_RESERVED: Final = ("globals", "params", "connections")


class _ParamShape:
    """A param: a short value, or a mapping with any of the keys of a full one."""

    takes = "a value"

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = node.value
        if not isinstance(value, dict):
            return Param(value=node.data(), has_value=True, node=node)
        if value and not any(key in _FIELDS for key in value):
            return Param(value=node.data(), has_value=True, node=node)
        values = _RECORD.read(node, path, report)
        param = Param(
            value=values.get("value"),
            has_value="value" in node.value,
            ref=values.get("ref"),
            context_only=values.get("contextOnly"),
            connection=values.get("connection"),
            to_init=values.get("toInit"),
            to_env=values.get("toEnv"),
            node=node,
        )
        return param if param.ref is None else _with_ref(param, node, path, report)


PARAM: Final = _ParamShape()
PARAMS: Final = Table(PARAM, templated=False)


def _with_ref(param: Param, node: Node, path: str, report: Report) -> Param:
    """The param with `value` as a plain field name, after checking that ref and field can mean something."""
    problem = _ref_problem(str(param.ref))
    if problem is not None:
        report.add("param-ref-invalid", problem, node.at("ref").span, path)
        return param
    if isinstance(param.value, dict) and param.value:
        ARTIFACTS.read(node.at("value"), f"{path}.value", report)
        return param
    if not isinstance(param.value, str):
        message = "Name what to take from there as `value`, such as `outputs.loss`."
        report.add("param-ref-invalid", message, node.at("value").span, path)
        return param
    field = param.value.strip()
    if field.startswith("{{") and field.endswith("}}"):
        field = field[2:-2].strip()
    problem = _field_problem(str(param.ref), field)
    if problem is not None:
        report.add("param-ref-invalid", problem, node.at("value").span, path)
    return param if field == param.value else replace(param, value=field)


def _ref_problem(ref: str) -> str | None:
    kind, _, name = ref.partition(".")
    if ref == "dag" or (kind == "ops" and name):
        return None
    if kind == "runs" and name:
        try:
            UUID(name)
        except ValueError:
            return f"Name a run by its UUID, not `{name}`."
        return None
    return f"Refer to `ops.<name>`, `dag` or `runs.<uuid>`, not {quoted(ref)}."


def _field_problem(ref: str, field: str) -> str | None:
    parts = field.split(".")
    holder = parts[0]
    if holder not in _HOLDERS or len(parts) > 3 or not all(parts):
        return f"Take `inputs.x`, `outputs.x`, `artifacts.x` or `globals.x` from there, not {quoted(field)}."
    if len(parts) == 3 and holder != "artifacts":
        return f"Take `{holder}.{parts[1]}`, not `{field}`: only artifacts have a third part."
    if ref == "dag" and holder == "outputs":
        return "Take `inputs.x` of the dag: its outputs are not there while its ops run."
    if holder == "globals" and (len(parts) < 2 or parts[1] not in GLOBALS):
        return f"Take one of the globals such as `globals.status`, not `{field}`."
    return None


def _pattern(value: Any, node: Node, path: str, report: Report) -> Any:
    try:
        check_pattern(value)
    except ValueError as error:
        report.add("value-not-allowed", str(error), node.span, path)
        return BAD
    return value


_PATTERN: Final = Built(TEXT, _pattern)
_NUMBERS: Final = ["gt", "ge", "lt", "le", "multipleOf"]
_WHOLES: Final = ["minDigits", "maxDigits", "decimalPlaces", "minLength", "maxLength", "minItems", "maxItems"]
_VALIDATION: Final = Record(
    {
        "delay": PLAIN_FLAG,
        **dict.fromkeys(_NUMBERS, NUMBER),
        **dict.fromkeys(_WHOLES, WHOLE),
        "regex": _PATTERN,
        **dict.fromkeys(("contains", "excludes", "options"), ANYTHING),
        **dict.fromkeys(("keys", "containsKeys", "excludesKeys"), TEXTS),
    },
    templated=False,
)
_IO: Final = Record(
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
    if name in _RESERVED or not name.strip():
        message = f"Rename `{name}`: templates use this name for something else."
        report.add("name-invalid", message, node.at("name").span, path)
    has_value = "value" in node.value
    io = IO(
        name=name,
        type=_type(values, node, path, report),
        is_list=values.get("isList") is True,
        is_optional=values.get("isOptional") is True or has_value,
        is_flag=values.get("isFlag") is True,
        has_value=has_value,
        value=values.get("value"),
        arg_format=values.get("argFormat"),
        connection=values.get("connection"),
        to_init=values.get("toInit") is True,
        to_env=values.get("toEnv"),
        validation=_validation(values),
        delay_validation=_delay(values),
        description=values.get("description"),
        node=node,
    )
    _check_flags(io, values, node, path, report)
    return _with_value(io, node, path, report) if has_value else io


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
    if io.is_flag and values.get("type") is not None and io.type != "bool":
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
