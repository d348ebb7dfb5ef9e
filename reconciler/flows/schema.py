"""The language as JSON Schema (draft 2020-12) for editors, walked from the shapes that the reader itself uses.

A schema says less than the reader: what fields mean together, names and references stay the business of `validate`.
Whatever the reader takes, the schema takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from reconciler.flows import documents, schedules
from reconciler.flows.inputs import IOS
from reconciler.flows.kinds.dag import Named
from reconciler.flows.kinds.table import RunShape
from reconciler.flows.matrix.space import SEARCH_PARAM, SPACES
from reconciler.flows.matrix.table import MATRICES, MATRIX
from reconciler.flows.model import Json
from reconciler.flows.schedules import SCHEDULE
from reconciler.flows.shapes import (
    Anything,
    Built,
    Either,
    Flag,
    Later,
    Listing,
    Name,
    Number,
    Record,
    Shape,
    Table,
    Text,
    Whole,
    Words,
)

DRAFT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS = ("component", "operation")
_TEMPLATE: dict[str, Json] = {"$ref": "#/$defs/expression"}
_TYPES = {"str": "string", "list": "array", "dict": "object", "int": "integer", "float": "number", "bool": "boolean"}


def schema(kind: str | None = None) -> dict[str, Json]:
    """The schema of a flow file's document: of a component, of an operation, or of either."""
    walk = _Walk()
    document = walk.of(documents.DOCUMENT, "document")
    narrowed = {"properties": {"kind": {"const": kind}}} if kind is not None else {}
    return {
        "$schema": DRAFT,
        "title": f"Headgate {kind or 'flow'}",
        **document,
        **narrowed,
        "$defs": dict(sorted(walk.definitions.items())),
    }


class _Walk:
    """One walk over the shapes. `definitions` holds every mapping once, under the field where it was met first."""

    def __init__(self) -> None:
        self.definitions: dict[str, Json] = {"expression": {"type": "string", "pattern": r"\{\{"}}
        self._names: dict[int, str] = {}

    def of(self, shape: Any, field: str) -> dict[str, Json]:
        """The schema of what may stand under a field."""
        special = next((_SPECIAL[kind] for kind in type(shape).__mro__ if kind in _SPECIAL), None)
        if special is not None:
            return special(self, shape, field)
        if hasattr(shape, "records"):  # a mapping whose `kind` says which fields it has
            return self.by_kind(shape.records)
        return {"description": getattr(shape, "takes", "a value")}

    def defined(self, record: Record, field: str) -> dict[str, Json]:
        """A reference to the definition of a mapping with known keys."""
        if id(record) not in self._names:
            self._names[id(record)] = name = self._free(field)
            self.definitions[name] = {}  # it may hold itself
            self.definitions[name] = self.record(record)
        return {"$ref": f"#/$defs/{self._names[id(record)]}"}

    def _free(self, field: str) -> str:
        names = (f"{field}{number}" if number > 1 else field for number in count(1))
        return next(name for name in names if name not in self.definitions)

    def record(self, record: Record) -> dict[str, Json]:
        """A mapping with known keys; other spellings are known too, and null counts as not said."""
        fields = {**record.fields} | {other: record.fields[name] for other, name in record.aliases.items()}
        properties = {name: _or_null(self.of(shape, name)) for name, shape in fields.items()}
        spelled = set(record.aliases.values())
        required = [name for name in record.required if name not in spelled]
        made: dict[str, Json] = {"type": "object", "properties": properties, "additionalProperties": False}
        return made | ({"required": required} if required else {})

    def by_kind(self, records: Mapping[str, Record]) -> dict[str, Json]:
        """A mapping whose `kind` says which record it is."""
        cases = [
            {"if": {"properties": {"kind": {"const": kind}}}, "then": self.defined(record, kind)}
            for kind, record in records.items()
        ]
        return {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": [*records]}}, "allOf": cases}


def _or_null(made: dict[str, Json]) -> dict[str, Json]:
    if not made or set(made) == {"description"}:
        return made  # takes anything already
    if set(made) == {"anyOf"}:
        return {"anyOf": [*made["anyOf"], {"type": "null"}]}
    return {"anyOf": [made, {"type": "null"}]}


def _or_template(*choices: dict[str, Json], templated: bool = True) -> dict[str, Json]:
    given = [*choices, *([_TEMPLATE] if templated else [])]
    return given[0] if len(given) == 1 else {"anyOf": given}


def _text(_walk: _Walk, shape: Text, _field: str) -> dict[str, Json]:
    return {"type": ["string", "number", "boolean"] if shape.lenient else "string"}


def _whole(_walk: _Walk, shape: Whole, _field: str) -> dict[str, Json]:
    least = {} if shape.minimum is None else {"minimum": shape.minimum}
    return _or_template({"type": "integer", **least})


def _listing(walk: _Walk, shape: Listing, field: str) -> dict[str, Json]:
    return _or_template({"type": "array", "items": walk.of(shape.item, field)}, templated=shape.templated)


def _table(walk: _Walk, shape: Table, field: str) -> dict[str, Json]:
    return _or_template(
        {"type": "object", "additionalProperties": walk.of(shape.item, field)}, templated=shape.templated
    )


def _record(walk: _Walk, shape: Record, field: str) -> dict[str, Json]:
    return _or_template(walk.defined(shape, field), templated=shape.templated)


def _either(walk: _Walk, shape: Either, field: str) -> dict[str, Json]:
    """Each shape for its own type of value alone."""
    choices = [{"allOf": [{"type": _TYPES[kind]}, walk.of(one, field)]} for kind, one in shape.by_type.items()]
    return {"description": shape.takes, "anyOf": choices}


def _flag(_walk: _Walk, shape: Flag, _field: str) -> dict[str, Json]:
    return _or_template({"type": "boolean"}, {"enum": ["yes", "no", "on", "off"]}, templated=shape.templated)


def _search_param(_walk: _Walk, _shape: Shape, _field: str) -> dict[str, Json]:
    properties = {"kind": {"enum": [*SPACES]}, "value": {}}
    return {"type": "object", "required": ["kind", "value"], "properties": properties, "additionalProperties": False}


def _document(walk: _Walk, _shape: Shape, _field: str) -> dict[str, Json]:
    return walk.defined(documents.DOCUMENT, "document")


_Schema = Callable[[_Walk, Any, str], dict[str, Json]]
_SPECIAL: Mapping[type, _Schema] = {
    Text: _text,
    Name: lambda _walk, _shape, _field: {"type": "string", "pattern": r"^[-a-zA-Z0-9_]+$|\{\{"},
    Whole: _whole,
    Number: lambda _walk, _shape, _field: _or_template({"type": "number"}),
    Flag: _flag,
    Words: lambda _walk, shape, _field: _or_template(
        {"enum": [str(word) for word in shape.words]}, templated=shape.templated
    ),
    Anything: lambda _walk, _shape, _field: {},
    Listing: _listing,
    Table: _table,
    Record: _record,
    Either: _either,
    Built: lambda walk, shape, field: walk.of(shape.shape, field),
    Later: lambda walk, shape, field: walk.of(shape.shape(), field),
    Named: lambda walk, shape, field: {"type": "array", "items": walk.of(shape.item, field)},
    RunShape: lambda walk, shape, field: walk.by_kind(shape.records),
    type(IOS): lambda walk, shape, field: walk.of(shape.items, field),
    type(MATRIX): lambda walk, _shape, _field: walk.by_kind({name: kind.record for name, kind in MATRICES.items()}),
    type(SEARCH_PARAM): _search_param,
    type(SCHEDULE): lambda walk, _shape, _field: walk.by_kind(schedules.KINDS),
    type(documents.RUN_PATCH): lambda walk, _shape, field: walk.defined(documents.PATCHED, field),
    type(documents.OPERATION): _document,
    type(documents.COMPONENT): _document,
}
