"""The schemas of searched params: a definition for each kind of space, and one that chooses by `kind`."""

from __future__ import annotations

from reconciler.flows.matrix.space import SPACES, SpaceKind
from reconciler.flows.schema_parts import Schema, any_of, kinds, said
from reconciler.flows.words.table import WORDS


def definitions() -> dict[str, Schema]:
    """The definitions by name; `searchParam` stands for all."""
    section = WORDS["searchParam"]
    cases = [
        {"if": {"properties": {"kind": {"const": name}}, "required": ["kind"]}, "then": {"$ref": f"#/$defs/{name}"}}
        for name in SPACES
    ]
    param: Schema = {
        "description": section.meaning,
        "type": "object",
        "required": ["kind", "value"],
        "properties": {
            "kind": {**said(section.fields["kind"]), **kinds(WORDS, SPACES)},
            "value": said(section.fields["value"]),
        },
        "additionalProperties": False,
        "allOf": cases,
    }
    return {"searchParam": param, **{name: _space(space) for name, space in SPACES.items()}}


def _space(space: SpaceKind) -> Schema:
    section = WORDS[space.name]
    value = {**said(section.fields["value"]), **_value(space)}
    return {"description": section.meaning, "properties": {"value": value}}


def _value(space: SpaceKind) -> Schema:
    """A list of choices; else the numbers as a list, a mapping or a text with colons."""
    if not space.fields:
        return any_of({"type": "array", "minItems": 1}, templated=True)
    names = (*space.fields, *space.optional)
    one: Schema = {"type": ["number", "string"]} if space.numeric else {}
    mapping = {
        "type": "object",
        "required": [*space.fields],
        "properties": dict.fromkeys(names, one),
        "additionalProperties": False,
    }
    listed = {"type": "array", "minItems": len(space.fields), "maxItems": len(names)}
    return any_of(mapping, listed, {"type": "string"})
