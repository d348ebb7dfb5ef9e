"""Flow files at random, from the grammar that the shapes of the language make: new fields come by themselves.

The grammar is the JSON Schema of a flow file, which is made by walking the shapes. A document that fits it says nothing
of the wrong type; whether it means something is for the reader to find out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from reconciler.flows.schema import schema

Json = Any
Schema = Mapping[str, Any]

_GRAMMAR = schema("flow")
_DEFS: Mapping[str, Schema] = _GRAMMAR["$defs"]
_DEEP = 8  # levels; below them only what is required is said
_FEW = 4  # optional fields of one mapping
_TEXTS = ["a", "b", "x", "train", "{{ a }}", "{{ params.a.value }}", "outputs.y", "ops.a", "1", "no", "12:30", "é 😀"]
_NAMES = ["a", "b", "x", "y", "train"]


def document(random: Random) -> dict[str, Json]:
    """A document that fits the schema of a flow file."""
    made = _value(_GRAMMAR, random, 0)
    return made if isinstance(made, dict) else {"run": {"kind": "job"}}


def component(random: Random) -> dict[str, Json]:
    """A component with a run, inputs for the templates, and some fields of its own: it often means something."""
    made = {key: value for key, value in _fitting("document", random).items() if key not in _ELSEWHERE}
    made["inputs"] = [{"name": "a", "isOptional": True}]
    if not isinstance(made.get("run"), dict) or made["run"].get("kind") == "dag":
        made["run"] = {**_fitting("job", random), "kind": "job"}
    for holder in (made, made["run"]):
        if isinstance(holder.get("container"), dict):
            holder["container"]["image"] = "i"
    made["run"].setdefault("container", {"image": "i"})
    return {**made, "kind": "component"}


_ELSEWHERE = ("ops", "components", "component", "hubRef", "dagRef", "pathRef", "urlRef", "presets", "isPreset", "build")


def dag(random: Random) -> dict[str, Json]:
    """A dag of a few ops that may refer to each other, so that graphs and params are met more often than by chance."""
    operations = [
        {**_fitting("document", random), "name": name, "dagRef": "c"} for name in _NAMES[: random.randint(1, 5)]
    ]
    for operation in operations:
        for field in ("hubRef", "pathRef", "urlRef", "component", "run", "schedule", "isPreset"):
            operation.pop(field, None)
        if random.random() < 0.5:
            operation["dependencies"] = random.sample(_NAMES, random.randint(0, 2))
        if random.random() < 0.5:
            operation["params"] = {"x": {"ref": f"ops.{random.choice(_NAMES)}", "value": "outputs.y"}}
    component = {
        "name": "c",
        "inputs": [{"name": "x", "type": "int", "isOptional": True}],
        "outputs": [{"name": "y", "type": "int"}],
        "run": {"kind": "job", "container": {"image": "i", "args": ["{{ x }}"]}},
    }
    return {"kind": "component", "run": {"kind": "dag", "operations": operations, "components": [component]}}


def _fitting(name: str, random: Random) -> dict[str, Json]:
    made = _value({"$ref": f"#/$defs/{name}"}, random, 3)
    return made if isinstance(made, dict) else {}


def spoilt(data: Json, random: Random) -> Json:
    """The data with one place changed: another type, another key, more, or nothing."""
    places = list(_places(data))
    if not places:
        return _copy(random.choice(_ODD))
    holder, key = random.choice(places)
    match random.randrange(4):
        case 0:
            holder[key] = _copy(random.choice(_ODD))  # what is spoilt next may be in it
        case 1 if isinstance(holder, dict):
            holder[f"{key}{random.choice('xzQ')}"] = holder.pop(key)
        case 2:
            del holder[key]
        case _:
            other, inner = random.choice(places)
            holder[key] = _copy(other[inner])
    return data


_ODD: list[Json] = [
    *(None, True, 0, -1, 1.5, 10**30, 1e308, "", "text", "{{", "{{ x }}", "{{ x.y[0] | nope }}", "{% if %}", "a" * 300),
    *(
        [],
        [[]],
        [None],
        {},
        {"": None},
        {"a": {"b": []}},
        ["a", 1, {"c": 2}],
        "\x1b[31m",
        "::error::",
        "<b>&amp;",
        "|---|",
    ),
]


def _copy(data: Json) -> Json:
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(item) for item in data] if isinstance(data, list) else data


def _places(data: Json) -> list[tuple[Any, Any]]:
    """Every holder and key of something, over the whole tree."""
    found: list[tuple[Any, Any]] = []
    open_ones = [data]
    while open_ones:
        holder = open_ones.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else []
        for key in keys:
            found.append((holder, key))
            open_ones.append(holder[key])
    return found


def _value(node: Schema | bool, random: Random, depth: int) -> Json:
    if isinstance(node, bool):
        return random.choice(_TEXTS)
    for word, make in _MAKERS.items():
        if word in node:
            return make(node, random, depth)
    return random.choice([1, 1.5, True, "a", ["a"], {"a": 1}])


def _reference(node: Schema, random: Random, depth: int) -> Json:
    return _value(_DEFS[node["$ref"].rpartition("/")[2]], random, depth)


def _one_of(node: Schema, random: Random, depth: int) -> Json:
    choices = node["anyOf"]
    flat = [one for one in choices if one.get("type") not in ("array", "object")]
    return _value(random.choice(flat if depth > _DEEP and flat else choices), random, depth)


def _by_type(node: Schema, random: Random, depth: int) -> Json:
    kind = node["type"]
    return _TYPES[random.choice(kind) if isinstance(kind, list) else kind](node, random, depth)


def _mapping(node: Schema, random: Random, depth: int) -> dict[str, Json]:
    known, rest = dict(node.get("properties", {})), node.get("additionalProperties")
    wanted = list(node.get("required", ()))
    others = [name for name in known if name not in wanted and not known[name].get("deprecated")]
    if depth <= _DEEP:
        wanted += random.sample(others, min(len(others), random.randint(0, _FEW)))
    made = {name: _value(known[name], random, depth + 1) for name in wanted if name in known}
    if not known and isinstance(rest, dict):
        names = random.sample(_NAMES, random.randint(0, 2))
        made = {name: _value(rest, random, depth + 1) for name in names}
    for part in node.get("allOf", ()):
        made = _with_kind(made, part, node, random, depth)
    return made


def _with_kind(made: dict[str, Json], part: Schema, node: Schema, random: Random, depth: int) -> dict[str, Json]:
    """What the `kind` that was drawn adds: `if` names a kind, `then` is its mapping."""
    kind = part.get("if", {}).get("properties", {}).get("kind", {}).get("const")
    if kind is None or made.get("kind") != kind:
        return made
    inner = _value(part["then"], random, depth)
    return {**made, **inner, "kind": kind} if isinstance(inner, dict) else made


def _listing(node: Schema, random: Random, depth: int) -> list[Json]:
    low = node.get("minItems", 0)
    high = min(node.get("maxItems", 3), max(low, 0 if depth > _DEEP else 3))
    return [_value(node.get("items", True), random, depth + 1) for _ in range(random.randint(low, high))]


def _text(node: Schema, random: Random, _depth: int) -> str:
    pattern = node.get("pattern")
    fitting = [text for text in (*_NAMES, *_TEXTS) if pattern is None or re.search(pattern, text)]
    return random.choice(fitting or ["a"])


Maker = Callable[[Schema, Random, int], Json]
_MAKERS: dict[str, Maker] = {
    "$ref": _reference,
    "const": lambda node, random, depth: node["const"],
    "enum": lambda node, random, depth: random.choice(node["enum"]),
    "type": _by_type,
    "anyOf": _one_of,
    "properties": _mapping,
    "allOf": lambda node, random, depth: _value(random.choice(node["allOf"]), random, depth),
    "then": lambda node, random, depth: _value(node["then"], random, depth),
}
_TYPES: dict[str, Maker] = {
    "object": _mapping,
    "array": _listing,
    "string": _text,
    "integer": lambda node, random, depth: max(node.get("minimum", 0), random.choice([0, 1, 2, 7])),
    "number": lambda node, random, depth: random.choice([0, 1, 0.5, 2.5]),
    "boolean": lambda node, random, depth: random.random() < 0.5,
    "null": lambda node, random, depth: None,
}
