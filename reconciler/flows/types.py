"""Types of inputs and outputs: which exist, which feed which, and how a literal becomes a value of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from reconciler.flows.literals import CONVERTERS, shown
from reconciler.flows.model import IO, Json
from reconciler.flows.validations import check_validation

_ALIASES: Final[Mapping[str, str]] = {
    "integer": "int",
    "boolean": "bool",
    "string": "str",
    "number": "float",
    "object": "any",
    "array": "list",
    "map": "dict",
    "tuple": "list",
    "set": "list",
    "none": "any",
    "StrictInt": "int",
    "StrictFloat": "float",
    "StrictStr": "str",
    "StrictBool": "bool",
    "PositiveInt": "int",
    "NegativeInt": "int",
    "NonNegativeInt": "int",
    "NonPositiveInt": "int",
    "PositiveFloat": "float",
    "NegativeFloat": "float",
    "NonNegativeFloat": "float",
    "NonPositiveFloat": "float",
    "FiniteFloat": "float",
    "EmailStr": "email",
    "AnyUrl": "uri",
    "AnyHttpUrl": "uri",
    "HttpUrl": "uri",
    "FilePath": "path",
    "DirectoryPath": "path",
    "UUID": "uuid",
    "UUID1": "uuid",
    "UUID3": "uuid",
    "UUID4": "uuid",
    "UUID5": "uuid",
    "Json": "any",
    "Any": "any",
    "Dict": "dict",
    "List": "list",
    "Tuple": "list",
    "Set": "list",
}
_GENERICS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Dict", "dict"), "dict"),
    **dict.fromkeys(("List", "list", "Tuple", "tuple", "Set", "Sequence"), "list"),
    **dict.fromkeys(("Union", "Optional", "union"), "union"),
}
_LONG: Final = 200  # characters of a type; as deep as brackets then go, reading it may recurse
_TEXTUAL: Final = frozenset({"str", "path", "s3", "gcs", "wasb"})
_GENERIC = re.compile(r"^\s*([A-Za-z]+)\s*\[(.*)\]\s*$", re.DOTALL)
_TEMPLATE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")


def known_type(name: str) -> bool:
    """Whether `name` is a type, an alias of one, or a generic of types such as `Dict[str, int]`."""
    return _canonical(name) is not None


def canonical_type(name: str) -> str | None:
    """The name without aliases; None for `any` and for names that are no types (ask `known_type` which)."""
    known = _canonical(name)
    return None if known == "any" else known


@lru_cache(maxsize=1024)
def _canonical(name: str) -> str | None:
    if len(name) > _LONG:
        return None
    name = name.strip()
    generic = _GENERIC.match(name)
    if generic is not None:
        return _canonical_generic(generic.group(1), generic.group(2))
    name = _ALIASES.get(name, name)
    return name if name in CONVERTERS or name == "any" else None


def type_names() -> tuple[str, ...]:
    """All names that a `type` may have, aliases left out; for suggestions."""
    return (*CONVERTERS, "any")


def convert(io: IO, value: Json) -> Json:
    """The literal as a value of the declared type, after the declared validation; None stays None.

    Raises ValueError with one sentence that names the input and says what it takes.
    """
    if value is None:
        return None
    try:
        value = _as_items(io.type, value) if io.is_list else _as_type(io.type, value)
        check_validation(io.validation, value)
    except ValueError as error:
        raise ValueError(f"`{io.name}` {error}.") from None
    return value


def compatible(source: IO, target: IO) -> bool:
    """Whether what `source` holds may feed `target`: equal types, texts among each other, numbers that lose nothing."""
    if source.is_list != target.is_list:
        return (source.is_list and target.type in (None, "list")) or (target.is_list and source.type in (None, "list"))
    give, take = source.type, target.type
    if give is None or take is None or give == take:
        return True
    if give in _TEXTUAL and take in _TEXTUAL:
        return True
    if take in ("float", "metric"):
        return give in ("int", "float", "metric")
    return _outer(give) == _outer(take) and take in ("dict", "list", give)


def as_arg(io: IO, value: Json) -> str | None:
    """How a value reads as a command line argument; None where there is nothing to say (no value, or a false flag)."""
    if value is None or value is False:
        return None
    if io.arg_format is not None:
        return _TEMPLATE.sub(lambda found: _filled(io, value, found), io.arg_format)
    if value is True:
        return f"--{io.name}"
    return f"--{io.name}={shown(value)}"


def _filled(io: IO, value: Json, found: re.Match[str]) -> str:
    if found.group(1) in (io.name, "value", f"params.{io.name}", f"params.{io.name}.value"):
        return shown(value)
    return found.group(0)


def _as_items(kind: str | None, value: Json) -> Json:
    items = CONVERTERS["list"](value)
    return [_as_type(kind, item) for item in items]


def _as_type(kind: str | None, value: Json) -> Json:
    if kind is None:
        return value
    if kind in CONVERTERS:
        return CONVERTERS[kind](value)
    generic = _GENERIC.match(kind)
    assert generic is not None, kind
    outer, inner = generic.group(1), _arguments(generic.group(2))
    if outer == "union":
        return _as_union(inner, value)
    if outer == "dict":
        pairs = CONVERTERS["dict"](value)
        return {key: _as_type(canonical_type(inner[-1]), item) for key, item in pairs.items()}
    return [_as_type(canonical_type(inner[0]), item) for item in CONVERTERS["list"](value)]


def _as_union(kinds: list[str], value: Json) -> Json:
    for kind in kinds:
        try:
            converted = _as_type(canonical_type(kind), value)
        except ValueError:
            continue
        if type(converted) is type(value) or kind == kinds[-1]:
            return converted
    for kind in kinds:
        try:
            return _as_type(canonical_type(kind), value)
        except ValueError:
            continue
    raise ValueError(f"takes one of {', '.join(kinds)}, not {shown(value)}")


def _canonical_generic(outer: str, inner: str) -> str | None:
    parts = [_canonical(argument) for argument in _arguments(inner)]
    known = [part for part in parts if part is not None]
    if outer not in _GENERICS or not parts or len(known) < len(parts) or (outer == "Dict" and len(parts) != 2):
        return None
    if outer in ("Union", "Optional") and len(known) == 1:
        return known[0]
    return f"{_GENERICS[outer]}[{', '.join(known)}]"


def _arguments(inner: str) -> list[str]:
    """The arguments of a generic, split at the commas that are not inside brackets."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(inner):
        depth += (char == "[") - (char == "]")
        if char == "," and depth == 0:
            parts.append(inner[start:index])
            start = index + 1
    return [part.strip() for part in (*parts, inner[start:]) if part.strip()]


def _outer(kind: str) -> str:
    return kind.partition("[")[0]
