"""The tables of docs/language, made from the schemas. Between `<!-- fields: NAME -->` and `<!-- end -->` stands what is
made here; all else on a page is written by people. `<!-- fields: NAME: a, b -->` takes some fields of a definition.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from reconciler.flows.matrix.space import SPACES
from reconciler.flows.schema import schema
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "language"
_MADE = re.compile(r"(<!-- fields: (\w+)(?:: ([\w, ]+))? -->\n).*?(<!-- end -->)", re.DOTALL)
_SCALARS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
}
_MANY = 4
_HIDDEN = ("expression", "yesOrNo", "numeral")


@dataclass(frozen=True, slots=True)
class Part:
    """A marked part of a page: a definition and which of its fields, all where none are named."""

    page: str
    name: str
    fields: tuple[str, ...]


@cache
def definitions() -> dict[str, Any]:
    """Every definition of the schemas by name."""
    return {name: one for kind in ("flow", "settings") for name, one in schema(kind)["$defs"].items()}


def own_fields(name: str) -> list[str]:
    """The fields of a definition, other spellings aside."""
    properties = definitions()[name].get("properties", {})
    return [field for field, one in properties.items() if not one.get("deprecated")]


@cache
def parts() -> tuple[Part, ...]:
    """The marked parts of all pages."""
    found = []
    for file in sorted(FOLDER.glob("*.md")):
        for _, name, fields, _ in _MADE.findall(file.read_text("utf-8")):
            found.append(Part(file.name, name, tuple(fields.split(", ")) if fields else ()))
    return tuple(found)


def made(page: str) -> str:
    """A page with its marked parts made anew."""
    text = (FOLDER / page).read_text("utf-8")
    return _MADE.sub(lambda one: f"{one[1]}{_part(page, one[2], one[3])}{one[4]}", text)


def _part(page: str, name: str, chosen: str | None) -> str:
    if name == "searchParam":
        return _spaces()
    fields = chosen.split(", ") if chosen else own_fields(name)
    head = "" if chosen else f"\n## {name}\n\n{definitions()[name]['description']}\n"
    rows = [_row(page, name, field) for field in fields]
    table = _table(("field", "type", "default", "meaning", "example"), rows)
    return f"{head}\n{table}\n{'' if chosen else _aliases(name)}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(page: str, name: str, field: str) -> list[str]:
    one = definitions()[name]["properties"][field]
    needed = field in definitions()[name].get("required", ()) or any(
        {"required": [field]} in choice["anyOf"] for choice in definitions()[name].get("allOf", ()) if "anyOf" in choice
    )
    default = _code(one["default"]) if "default" in one else "required" if needed else ""
    return [f"`{field}`", _type(one, page), default, one["description"].replace("|", "\\|"), _code(one["examples"][0])]


def _code(value: Any) -> str:
    flow = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True)
    text = flow.removesuffix("\n").removesuffix("\n...")
    if yaml.safe_load(text) != value:
        text = json.dumps(value)
    return f"`{text}`".replace("|", "\\|")


def _spaces() -> str:
    rows = []
    for name, space in SPACES.items():
        numbers = ", ".join(
            [f"`{field}`" for field in space.fields] + [f"`{field}` if wanted" for field in space.optional]
        )
        one = definitions()[name]["properties"]["value"]
        rows.append([f"`{name}`", numbers or "a list", one["description"], _code(one["examples"][0])])
    return f"\n{_table(('kind', 'value', 'meaning', 'example'), rows)}\n"


def _aliases(name: str) -> str:
    taken = {
        field: one["allOf"][0]["$ref"].rpartition("/")[2]
        for field, one in definitions()[name]["properties"].items()
        if one.get("deprecated")
    }
    plain = [f"`{alias}` is `{field}`" for alias, field in taken.items() if "_" not in alias]
    return f"Other spellings: {', '.join(plain)}.\n\n" if plain else ""


# --- types ------------------------------------------------------------------------------------------------------------


def _type(one: dict[str, Any], page: str) -> str:
    words = list(dict.fromkeys(_words(one, page)))
    if "true or false" in words and "text" in words:
        words = [word for word in words if word not in ("number", "true or false")]  # taken as they are written
    return " or ".join(words) or "anything"


def _words(one: dict[str, Any], page: str) -> Iterator[str]:
    """The choices of a schema; null and templates are meant everywhere and said on the first page."""
    if "$ref" in one:
        yield from _link(one["$ref"].rpartition("/")[2], page)
    elif "const" in one:
        yield f"`{one['const']}`"
    elif "enum" in one:
        yield ", ".join(f"`{word}`" for word in one["enum"])
    elif "allOf" in one and all("then" in case for case in one["allOf"]):
        yield _by_kind([case["then"]["$ref"].rpartition("/")[2] for case in one["allOf"]], page)
    elif "if" in one and "else" not in one:
        yield "anything"
        yield from _words(one["then"], page)
    elif any(key in one for key in ("anyOf", "allOf", "if")):
        for choice in [*one.get("anyOf", ()), *one.get("allOf", ()), *(one[key] for key in ("then",) if key in one)]:
            yield from _words(choice, page)
    elif "items" in one:
        yield f"list of: {_type(one['items'], page)}"
    elif isinstance(one.get("additionalProperties"), dict):
        yield f"mapping of: {_type(one['additionalProperties'], page)}"
    else:
        yield from _scalars(one)


def _by_kind(names: list[str], page: str) -> str:
    """A mapping whose `kind` says which one it is: links to all of them, or to their pages where they are many."""
    links = [link for name in names for link in _link(name, page)]
    if len(links) > _MANY:
        pages = dict.fromkeys(part.page for name in names for part in parts() if part.name == name)
        links = [f"[{there.removesuffix('.md')}]({there})" for there in pages]
    return f"by its `kind`: {', '.join(links)}"


def _scalars(one: dict[str, Any]) -> Iterator[str]:
    types = one.get("type", [])
    for word in [types] if isinstance(types, str) else types:
        if word != "null":
            least = f" from {one['minimum']}" if "minimum" in one else ""
            yield f"{_SCALARS[word]}{least}"


def _link(name: str, page: str) -> Iterator[str]:
    if name in _HIDDEN:
        return
    there = next((part.page for part in parts() if part.name == name and not part.fields), None)
    if name == "document":
        yield "[flow file](flow-files.md)"
    elif name == "searchParam":
        yield "[space](sweeps.md#spaces)"
    elif there is not None:
        yield f"[{name}]({'' if there == page else there}#{name.lower()})"
    else:
        yield name
