"""The small pieces that JSON Schemas are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.flows import shapes
from reconciler.flows.model import Json
from reconciler.flows.words.word import NOTHING, Section, Word

Schema = dict[str, Json]
TEMPLATE: Final[Schema] = {"$ref": "#/$defs/expression"}
YES_OR_NO: Final[Schema] = {
    "description": "Another way to write true or false: yes, no, on, off, 1, 0.",
    "type": ["string", "integer"],
    "pattern": "^(?:"
    + "|".join("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in word) for word in shapes.FLAG_WORDS)
    + ")$",
    "minimum": 0,
    "maximum": 1,
}


def said(word: Word | None) -> Schema:
    """What the words on a field say; nothing where it has none."""
    if word is None:
        return {}
    default = {} if word.default is NOTHING else {"default": word.default}
    others = [one for one in word.others if one != word.example]
    return {"description": word.meaning, **default, "examples": [word.example, *others]}


def spelling(name: str, field: str) -> Schema:
    """The schema of another spelling of a field: editors show it as deprecated and do not offer it."""
    described = {"description": f"Another spelling of `{field}`.", "deprecated": True, "doNotSuggest": True}
    # Within `allOf`, because some editors drop what stands beside `$ref`.
    return {**described, "allOf": [{"$ref": f"#/$defs/{name}/properties/{field}"}]}


def needed(required: Iterable[str], aliases: Mapping[str, str]) -> Schema:
    """The fields that must be there, under any of their spellings."""
    spellings = {field: [field, *(alias for alias, of in aliases.items() if of == field)] for field in required}
    plain = [field for field, names in spellings.items() if len(names) == 1]
    others = [{"anyOf": [{"required": [name]} for name in names]} for names in spellings.values() if len(names) > 1]
    return {**({"required": plain} if plain else {}), **({"allOf": others} if others else {})}


def or_null(made: Schema) -> Schema:
    """Null counts as not said."""
    if not made:
        return made  # takes anything already
    if set(made) == {"anyOf"}:
        return {"anyOf": [*made["anyOf"], {"type": "null"}]}
    if set(made) == {"type"}:
        return {"type": [*_listed(made["type"]), "null"]}
    return {"anyOf": [made, {"type": "null"}]}


def _listed(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types


def any_of(*choices: Schema, templated: bool = False) -> Schema:
    """One of several schemas, a template among them where the place takes one."""
    given = [*choices, *([TEMPLATE] if templated else [])]
    return given[0] if len(given) == 1 else {"anyOf": given}


def kinds(words: Mapping[str, Section], names: Iterable[str]) -> Schema:
    """The kinds of something; editors show what each is for."""
    listed = [*names]
    return {"enum": listed, "enumDescriptions": [words[name].meaning if name in words else "" for name in listed]}
