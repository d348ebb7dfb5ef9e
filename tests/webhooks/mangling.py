"""Bodies of webhooks as nobody should send them: made from real ones by a seeded chance, knowing what is read of them.

A body stays JSON where it can, so that a mistake is met by whoever reads its fields, and not by the parser alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

# Most changes are made to what is read, the others anywhere.
READ = (
    *(("action",), ("repository",), ("repository", "id"), ("sender",), ("sender", "login"), ("ref",), ("after",)),
    *(("pull_request",), ("pull_request", "id"), ("merge_group",), ("merge_group", "head_sha")),
    *(("issue",), ("issue", "number"), ("issue", "pull_request"), ("comment",), ("comment", "id")),
    *(("check_run",), ("check_run", "id"), ("check_run", "head_sha"), ("check_run", "external_id")),
    *(("check_run", "completed_at"), ("check_run", "app"), ("check_run", "app", "id")),
    *(("check_suite",), ("check_suite", "id"), ("check_suite", "head_sha"), ("check_suite", "app")),
    *(("requested_action",), ("requested_action", "identifier"), ("installation",), ("installation", "id")),
    ("hook_id",),
)
ACTIONS = ("created", "opened", "synchronize", "rerequested", "requested_action", "completed", "edited", "\0", "")
NUMBERS = (0, -1, 1, 7, 99, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30)
TEXTS = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\n",
        "\r\nX-Header: 1",
        "\x1b[31mred\x1b[0m",
        "../../etc/passwd",
        "--upload-pack=touch x",
    ),
    *(
        "c0ffee" + "0" * 34,
        "C0FFEE" + "0" * 34,
        "$(reboot)",
        "`reboot`",
        "; drop table runs; --",
        "{{ 7 * 7 }}",
        "%s%n",
    ),
    *(
        "<script>alert(1)</script>",
        "@everyone",
        "\u202eetxt",
        "\u200b",
        "e\u0301" * 50,
        "👩‍👩‍👧‍👦" * 20,
        "𐀀",
        "\ufeffx",
        "\uffff",
    ),
    *(
        "x" * 300,
        "x" * 70_000,
        "é" * 70_000,
        "/" * 5000,
        "headgate:acme/shop:headgate/churn:r1:",
        "null",
        "NaN",
        "1e999",
    ),
)
# Texts that stand in a body as they are, where JSON is not that of Python, or no JSON.
LONG = ("9" * 400, "9" * 5000, "-" + "9" * 5000, "1" + "0" * 20_000)
LITERALS = (
    *LONG,
    *("NaN", "Infinity", "-Infinity", "1e999", "-0", "1.0", "1E2", "0x10", "01", "undefined", "'x'", "True", "\\u0000"),
    *("0." + "3" * 5000, "1e-99999"),
    *('"\\ud800"', '"\\udc00x"'),
    *('"\\u0000"', '"\\x"', '"\t"', "[" * 3000 + "]" * 3000, '{"a":' * 3000 + "1" + "}" * 3000, "[" * 100_000),
)  # fmt: skip

_PLAIN = json.JSONEncoder(ensure_ascii=False).encode
_ESCAPED = json.JSONEncoder().encode

Body = dict[str, Any]
Path = tuple[str | int, ...]


class Literal(str):
    """Stands in the body without quotes."""


class Doubled(dict[str, Any]):
    """An object one of whose names is there twice."""

    def __init__(self, node: Mapping[str, Any], name: str, second: Any) -> None:
        super().__init__(node)
        self.name, self.second = name, second


def mangled(body: Mapping[str, Any], chance: Random, others: Sequence[Mapping[str, Any]]) -> bytes:
    """A body with some of its parts changed; parts of `others` may come into it."""
    node: Body = copied(body)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        _change(node, chance, others)
    content = written(node).encode("utf-8", "surrogatepass")
    return chance.choice(_BYTES)(content, chance) if chance.random() < 0.1 else content


def copied(node: Any) -> Any:
    """The same, of which every part may be changed."""
    return json.loads(json.dumps(node))


def written(node: Any) -> str:
    """JSON, but for literals and doubled names."""
    if isinstance(node, Literal):
        return node
    if isinstance(node, dict):
        pairs = list(node.items())
        if isinstance(node, Doubled):
            pairs.append((node.name, node.second))
        return "{" + ",".join(f"{_PLAIN(name)}:{written(value)}" for name, value in pairs) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(written, node)) + "]"
    return (_ESCAPED if isinstance(node, str) and len(node) % 2 else _PLAIN)(node)


def _change(node: Body, chance: Random, others: Sequence[Mapping[str, Any]]) -> None:
    read = [path for path in READ if _has(node, path)] if chance.random() < 0.7 else []
    path = chance.choice(read) if read else _somewhere(node, chance) or chance.choice(READ)[:1]
    parent = _at(node, path[:-1])
    name: Any = path[-1]
    how = chance.random()
    if how < 0.12 and isinstance(parent, dict):
        parent.pop(name, None)
    elif how < 0.2 and isinstance(parent, dict) and len(path) > 1:
        _at(node, path[:-2])[path[-2]] = Doubled(parent, name, _value(chance, others))
    elif how < 0.6:
        parent[name] = _like(parent.get(name) if isinstance(parent, dict) else parent[name], chance)
    else:
        parent[name] = _value(chance, others)


def _like(value: Any, chance: Random) -> Any:
    """Another value of the same kind, as only that is read further."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Literal(chance.choice(LONG)) if chance.random() < 0.3 else chance.choice(NUMBERS)
    if isinstance(value, dict):
        return {}
    return chance.choice((*ACTIONS, *TEXTS, None))


def _value(chance: Random, others: Sequence[Mapping[str, Any]]) -> Any:
    return chance.choice(_VALUES)(chance, others)


def _part(chance: Random, others: Sequence[Mapping[str, Any]]) -> Any:
    """Something of another body: right in its form, and wrong where it is."""
    other = chance.choice(others)
    return copied(_at(other, _somewhere(other, chance)))


_VALUES: Sequence[Callable[[Random, Sequence[Mapping[str, Any]]], Any]] = (
    lambda chance, _: None,
    lambda chance, _: chance.choice((True, False)),
    lambda chance, _: chance.choice(({}, [], [[]], {"": None}, {"id": 7}, [{"id": 7}])),
    lambda chance, _: chance.choice(ACTIONS),
    lambda chance, _: chance.choice(NUMBERS),
    lambda chance, _: chance.uniform(-1e308, 1e308),
    lambda chance, _: chance.choice(TEXTS),
    lambda chance, _: "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0xD7FF)))) for _ in range(9)),
    lambda chance, _: Literal(chance.choice(LITERALS)),
    lambda chance, _: [chance.choice(NUMBERS)] * chance.choice((1, 1000)),
    lambda chance, _: {chance.choice(TEXTS)[:200]: chance.choice(TEXTS) for _ in range(5)},
    _part,
)
_BYTES: Sequence[Callable[[bytes, Random], bytes]] = (
    lambda content, chance: content[: chance.randrange(len(content) + 1)],
    lambda content, chance: b"\xef\xbb\xbf" + content,
    lambda content, chance: content.decode("utf-8", "replace").encode("utf-16"),
    lambda content, chance: content + chance.choice((b"\0", b"}", b" null", content)),
    lambda content, chance: content.replace(b"a", b"\xff", chance.randrange(1, 50)),
    lambda content, chance: b"payload=" + content,
    lambda content, chance: bytes(chance.randrange(256) for _ in range(200)),
    lambda content, chance: b"[" + content + b"]",
)


def _has(node: Any, path: Path) -> bool:
    for name in path:
        if not isinstance(node, dict) or name not in node:
            return False
        node = node[name]
    return True


def _at(node: Any, path: Path) -> Any:
    for name in path:
        node = node[name]
    return node


def _somewhere(node: Any, chance: Random) -> Path:
    """The way to something in it, as often near the root as far from it; none where it is empty."""
    path: Path = ()
    while isinstance(node, dict | list) and node and (not path or chance.random() < 0.6):
        name = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
        path, node = (*path, name), node[name]
    return path
