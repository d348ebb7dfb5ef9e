"""The walk from the shapes that the reader itself uses to JSON Schema, with the words on each field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.flows import composite, documents, schedules, schema_spaces, settings, shapes
from reconciler.flows.composite import Record
from reconciler.flows.findings import Severity
from reconciler.flows.inputs import IOS
from reconciler.flows.kinds.dag import Named
from reconciler.flows.kinds.table import RunShape
from reconciler.flows.matrix.space import SEARCH_PARAM
from reconciler.flows.matrix.table import MATRICES, MATRIX
from reconciler.flows.model import Json
from reconciler.flows.params import FULL_PARAM, FULL_PARAMS, PARAM
from reconciler.flows.rules import RULES
from reconciler.flows.schedules import SCHEDULE
from reconciler.flows.schema_parts import TEMPLATE, YES_OR_NO, Schema, any_of, kinds, needed, or_null, said, spelling
from reconciler.flows.words.table import PLACES, WORDS
from reconciler.flows.words.word import Word

_TYPES: Final = {
    "str": "string",
    "list": "array",
    "dict": "object",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
}


class Walk:
    """One walk over the shapes. `definitions` and `records` hold every mapping with known keys once, by its name."""

    def __init__(self) -> None:
        self.definitions: dict[str, Json] = {}
        self.records: dict[str, Record] = {}
        self._names: dict[int, str] = {}

    def of(self, shape: Any, place: str) -> Schema:
        """The schema of what may stand at a place, which is named `owner.field`."""
        special = next((_SPECIAL[kind] for kind in type(shape).__mro__ if kind in _SPECIAL), None)
        if special is not None:
            return special(self, shape, place)
        if hasattr(shape, "records"):  # a mapping whose `kind` says which fields it has
            return self.by_kind(shape.records)
        if hasattr(shape, "table"):  # a mapping whose keys are judged too
            return self.of(shape.table, place)
        return {"type": ["string", "number", "boolean"]}  # a text that is read further: a time, a cron expression

    def defined(self, record: Record, place: str, kind: str | None = None) -> Schema:
        """A reference to the definition of a mapping with known keys; `kind` is what its `kind` must be."""
        name = self._names.get(id(record))
        if name is None:
            name = self._names[id(record)] = self._free(_name(place))
            self.records[name] = record
            self.definitions[name] = {}  # it may hold itself
            self.definitions[name] = self._record(record, name, kind)
        return {"$ref": f"#/$defs/{name}"}

    def _free(self, name: str) -> str:
        while name in self.definitions:
            name += "_"
        return name

    def _record(self, record: Record, name: str, kind: str | None) -> Schema:
        section = WORDS.get(name)
        words = section.fields if section is not None else {}
        properties = {field: self._field(record, name, field, words.get(field)) for field in record.fields}
        if kind is not None:
            properties["kind"] = {**properties["kind"], "type": "string", "const": kind}
        aliases = {alias: spelling(name, field) for alias, field in record.aliases.items()}
        return {
            **({"description": section.meaning} if section is not None else {}),
            "type": "object",
            "properties": {**properties, **aliases},
            **needed(record.required, record.aliases),
            "additionalProperties": False,
        }

    def _field(self, record: Record, owner: str, field: str, word: Word | None) -> Schema:
        made = self.of(record.fields[field], f"{owner}.{field}")
        return {**said(word), **(made if field in record.required else or_null(made))}

    def numeral(self) -> Schema:
        """A reference to the definition of numbers in quotes."""
        numeral = {"description": "A number in quotes.", "type": "string", "pattern": "^[-+.0-9]"}
        self.definitions.setdefault("numeral", numeral)
        return {"$ref": "#/$defs/numeral"}

    def by_kind(self, records: Mapping[str, Record]) -> Schema:
        """A mapping whose `kind` says which record it is."""
        cases = [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": self.defined(record, kind, kind),
            }
            for kind, record in records.items()
        ]
        return {"type": "object", "required": ["kind"], "properties": {"kind": kinds(WORDS, records)}, "allOf": cases}


def _name(place: str) -> str:
    """The name of the mapping at a place."""
    field = place.rpartition(".")[2]
    return PLACES.get(place) or PLACES.get(field, field)


def _text(_walk: Walk, shape: shapes.Text, _place: str) -> Schema:
    return {"type": ["string", "number", "boolean"]} if shape.lenient else {"type": "string"}


def _whole(walk: Walk, shape: shapes.Whole, _place: str) -> Schema:
    least = {} if shape.minimum is None else {"minimum": shape.minimum}
    quoted = [walk.numeral()] if shape.quoted else []
    return any_of({"type": "integer", **least}, *quoted, templated=shape.templated)


def _number(walk: Walk, _shape: shapes.Number, _place: str) -> Schema:
    return any_of({"type": "number"}, walk.numeral(), templated=True)


def _flag(walk: Walk, shape: shapes.Flag, _place: str) -> Schema:
    walk.definitions.setdefault("yesOrNo", YES_OR_NO)
    return any_of({"type": "boolean"}, {"$ref": "#/$defs/yesOrNo"}, templated=shape.templated)


def _words(_walk: Walk, shape: shapes.Words, _place: str) -> Schema:
    return any_of({"enum": [str(word) for word in shape.words]}, templated=shape.templated)


def _listing(walk: Walk, shape: composite.Listing, place: str) -> Schema:
    return any_of({"type": "array", "items": walk.of(shape.item, place)}, templated=shape.templated)


def _table(walk: Walk, shape: composite.Table, place: str) -> Schema:
    item = walk.of(shape.item, place)
    items: Schema = {"additionalProperties": item} if item else {}
    return any_of({"type": "object", **items}, templated=shape.templated)


def _either(walk: Walk, shape: composite.Either, place: str) -> Schema:
    """Each shape for its own type of value alone; types that take all of their values are said together."""
    made = {_TYPES[kind]: walk.of(one, place) for kind, one in shape.by_type.items()}
    whole = [name for name, one in made.items() if not one or set(one) == {"type"}]
    choices: list[Schema] = [{"type": whole[0] if len(whole) == 1 else whole}] if whole else []
    choices += [_of_type(name, one) for name, one in made.items() if name not in whole]
    return any_of(*choices)


def _of_type(name: str, made: Schema) -> Schema:
    """The part of a schema that takes values of one type; a template is a text and so is said by that type alone."""
    choices = [one for one in made.get("anyOf", [made]) if one != TEMPLATE or name == "string"]
    if all(_is_of_type(name, one) for one in choices):
        return any_of(*choices)
    return {"allOf": [{"type": name}, made]}


def _is_of_type(name: str, made: Schema) -> bool:
    if "enum" in made:
        return name == "string"
    return made.get("type") == name or (name == "object" and "$ref" in made) or made == TEMPLATE


def _run(walk: Walk, shape: RunShape, place: str) -> Schema:
    """A run of a kind; without one it patches a run that is kept elsewhere."""
    patch = walk.defined(documents.PATCHED, "runPatch")
    return {"if": {"required": ["kind"]}, "then": walk.by_kind(shape.records), "else": patch}


def _param(walk: Walk, _shape: Any, _place: str) -> Schema:
    """Any value; a mapping with a key of the full form is read as one."""
    says_key = {"type": "object", "anyOf": [{"required": [name]} for name in FULL_PARAM.fields]}
    return {"if": says_key, "then": walk.defined(FULL_PARAM, "param")}


def _search_param(walk: Walk, _shape: Any, _place: str) -> Schema:
    walk.definitions.update(schema_spaces.definitions())
    return {"$ref": "#/$defs/searchParam"}


def _severities(_walk: Walk, _shape: Any, _place: str) -> Schema:
    properties = {
        rule.name: {
            "description": rule.summary,
            "default": str(rule.severity),
            "examples": [str(Severity.WARNING)],
            "enum": [str(severity) for severity in Severity],
        }
        for rule in RULES.values()
        if rule.lowerable
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


_Made = Callable[[Walk, Any, str], Schema]
_SPECIAL: Final[Mapping[type, _Made]] = {
    shapes.Text: _text,
    shapes.Name: lambda _walk, _shape, _place: {"type": "string", "pattern": r"^[-a-zA-Z0-9_]+$|\{\{"},
    shapes.Whole: _whole,
    shapes.Number: _number,
    shapes.Flag: _flag,
    shapes.Words: _words,
    shapes.Anything: lambda _walk, _shape, _place: {},
    composite.Listing: _listing,
    composite.Table: _table,
    composite.Record: lambda walk, shape, place: any_of(walk.defined(shape, place), templated=shape.templated),
    composite.Either: _either,
    composite.Built: lambda walk, shape, place: walk.of(shape.shape, place),
    composite.Later: lambda walk, shape, place: walk.of(shape.shape(), place),
    Named: lambda walk, shape, place: {
        "type": "array",
        "items": {"allOf": [walk.of(shape.item, place), {"required": ["name"]}]},
    },
    RunShape: _run,
    type(IOS): lambda walk, shape, place: walk.of(shape.items, place),
    type(PARAM): _param,
    type(FULL_PARAMS.item): lambda walk, _shape, _place: walk.defined(FULL_PARAM, "param"),
    type(MATRIX): lambda walk, _shape, _place: walk.by_kind({name: kind.record for name, kind in MATRICES.items()}),
    type(SEARCH_PARAM): _search_param,
    type(SCHEDULE): lambda walk, _shape, _place: walk.by_kind(schedules.KINDS),
    type(documents.VERSION): lambda walk, _shape, _place: any_of({"type": ["number", "boolean"]}, walk.numeral()),
    type(documents.KIND): lambda _walk, _shape, _place: {"enum": ["component", "operation"]},
    type(documents.RUN_PATCH): lambda walk, _shape, place: walk.defined(documents.PATCHED, place),
    type(documents.OPERATION): lambda walk, _shape, _place: walk.defined(documents.DOCUMENT, "document"),
    type(documents.COMPONENT): lambda walk, _shape, _place: walk.defined(documents.DOCUMENT, "document"),
    settings.Code: lambda walk, _shape, place: walk.of(settings.GLOBS, place),
    settings.Severities: _severities,
}
