"""Bytes of a large YAML file to trees of nodes, several times faster and only where nothing can be in doubt.

The only module that knows rapidyaml. Places, findings and whatever looks unusual are for the exact reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

from reconciler.flows.nodes import Node, Unplaced
from reconciler.flows.scalars import resolve

MIN_BYTES: Final = 16 * 1024  # below, loading rapidyaml takes longer than reading exactly
_MAX_INDENT: Final = 48
_MAX_FLOW_LEVELS: Final = 30  # rapidyaml writes 64 levels, of both styles

# What the two parsers may read differently: bytes that rarely occur, and the pattern that says whether they matter.
_DOUBTS: Final = tuple(
    (rare, re.compile(pattern))
    for rare, pattern in (
        (b"\t", rb"\t"),
        (b"\r", rb"\r"),
        (b"\xef\xbb\xbf", rb"\xef\xbb\xbf"),  # byte order marks
        (b"!", rb"(?:[-:?,\[{\"'\n]|\A) *!"),  # tags
        (b"&", rb"(?:[-:?,\[{\"'\n]|\A) *&"),  # anchors
        (b"*", rb"(?:[-:?,\[{\"'\n]|\A) *\*"),  # aliases
        (b"?", rb"(?:[-?,\[{\n]|\A) *\?"),  # keys of several lines
        (b"%", rb"(?:\n|\A)%"),  # directives
        (b"\n...", rb"\n\.\.\."),
        (b"|", rb"\|[-+]?[1-9][-+]? *[#\n]"),  # blocks that say how far they are indented
        (b">", rb">[-+]?[1-9][-+]? *[#\n]"),
        (b"#", rb"[^\s:,\[{][\"']#|[\]}|>]#"),  # comments without a blank before
        (b"'", rb"'(?<=[\s,\[{]')(?:[^'\n]|'')*\n"),  # texts in quotes over several lines
        (b" {{", rb"(?:\n|\A)(?:[^\"'\n]*[:,\[{-])? *\{ *[\[{]"),  # templates without quotes
        (b"\\", rb'\\[^nt"\\]'),  # escapes that JSON writes otherwise
    )
)
_ODD: Final = ('"<<"', '".inf"', '"-.inf"', '".nan"')  # merge keys, and what rapidyaml makes of `inf` and `NaN`
# Texts that stood in quotes, or they would not be texts.
_QUOTED: Final = re.compile(r"(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null|)\Z")
_ZERO_POWER: Final = re.compile(r"-?0[eE]")  # but for these, which rapidyaml takes for texts
# Numbers that rapidyaml writes with one more digit, and how they look then.
_BARE_POINT: Final = re.compile(rb"\.(?:(?<=[\s\[{,:+-]\.)[0-9]|(?<=[0-9]\.)(?:[eE][-+]?[0-9]+)?[\s,\]}])")
_ADDED_DIGIT: Final = re.compile(rb"-?(?:0\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+\.0)\Z")
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}\n")
_NOT_QUOTES: Final = bytes(byte for byte in range(256) if byte not in b'"\n')


class _Doubt(Exception):
    """The file may mean something else when it is read exactly."""


def read_fast(data: bytes, exact: Callable[[], tuple[Node, ...]], limit: int) -> tuple[Node, ...] | None:
    """The documents of a file that libyaml accepts, or None where they must be read exactly.

    `exact` reads the same documents with their places; it is called when the first place is asked for, if ever.
    Files of over `limit` values are left to it too.
    """
    if _is_doubtful(data):
        return None
    *parts, last = data.removeprefix(b"---\n").split(b"\n---\n")
    try:
        import ryml
    except ImportError:  # there is no wheel of it for this platform
        return None
    grower = _Grower(_Source(exact), data)
    try:
        trees = [ryml.parse_in_arena(part) for part in (*(part + b"\n" for part in parts), last)]
        sizes = [tree.size() for tree in trees]
        if sum(sizes) > limit:
            return None
        return tuple(grower.document(ryml.emit_json(tree), tree.size()) for tree in trees)
    except (_Doubt, ryml.ExceptionBasic, ValueError):
        return None


def _is_doubtful(data: bytes) -> bool:
    if any(rare in data and pattern.search(data) for rare, pattern in _DOUBTS):
        return True
    if not data.endswith(b"\n") or b"\n" + b" " * _MAX_INDENT in data or b"- - -" in data:
        return True
    if not data.translate(None, _NOT_QUOTES).replace(b'""', b"").isspace():  # some text goes on in the next line
        return True
    return _flow_levels(data) > _MAX_FLOW_LEVELS


def _flow_levels(data: bytes) -> int:
    """How many brackets stand inside each other at most; far too many where some are not closed on their line."""
    brackets = data.translate(None, _NOT_BRACKETS)
    levels = 0
    while levels <= _MAX_FLOW_LEVELS and not brackets.isspace():
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        levels += 2  # such as `[{}]`
    return levels


class _Source:
    """Where the nodes of a file get their places from: its exact reading, once, when the first place is asked for."""

    def __init__(self, exact: Callable[[], tuple[Node, ...]]) -> None:
        self._exact = exact
        self._nodes: list[Node] | None = None

    def placed(self, index: int) -> Node:
        """The same node with its place."""
        if self._nodes is None:
            self._nodes = [node for document in self._exact() for node in _in_order(document)]
        return self._nodes[index]


def _in_order(document: Node) -> list[Node]:
    """All nodes of a document, level by level."""
    nodes = [document]
    for node in nodes:
        if type(node.value) is dict:
            nodes.extend(node.value.values())
        elif type(node.value) is list:
            nodes.extend(node.value)
    return nodes


class _Grower:
    """Makes nodes of the plain data of one file."""

    def __init__(self, source: _Source, data: bytes) -> None:
        self._source = source
        self._data = data
        self._count = 0
        self._texts: set[str] = set()  # that are taken as they are
        self._numbers: dict[bytes, tuple[str, Any]] = {}

    def document(self, text: str | None, size: int) -> Node:
        """The tree of a document of `size` values from its JSON."""
        if not text or any(odd in text for odd in _ODD):
            raise _Doubt
        # Of numbers their spelling is kept; bytes tell it from that of strings.
        plain = json.loads(text, parse_int=str.encode, parse_float=str.encode)
        if type(plain) is not dict:
            raise _Doubt
        before = self._count
        root = self._grown(plain)
        if self._count - before != size:  # a key stood twice
            raise _Doubt
        return root

    def _grown(self, plain: Any) -> Node:
        """The nodes of a document, in place of its values and numbered as `_in_order` has them."""
        top = [plain]
        collections: list[Any] = [top]
        source, texts, numbers, index = self._source, self._texts, self._numbers, self._count
        for held in collections:
            for place, item in held.items() if type(held) is dict else enumerate(held):
                node = Unplaced()
                node.source, node.index = source, index
                index += 1
                kind = type(item)
                if kind is str:
                    if item not in texts:
                        self._look_at(item)
                    node.value = item
                elif kind is bytes:
                    node.text, node.value = numbers.get(item) or self._number(item)
                else:
                    node.value = item
                    if kind is dict or kind is list:
                        collections.append(item)
                    elif kind is bool:
                        node.text = "true" if item else "false"
                held[place] = node
        self._count = index
        grown: Node = top[0]
        return grown

    @cached_property
    def _has_bare_points(self) -> bool:
        return _BARE_POINT.search(self._data) is not None

    def _look_at(self, text: str) -> None:
        """Refuse a text that might have been another value, written without quotes."""
        if resolve(text) is not text and (not _QUOTED.match(text) or _ZERO_POWER.match(text)):
            raise _Doubt
        self._texts.add(text)

    def _number(self, spelled: bytes) -> tuple[str, Any]:
        if _ADDED_DIGIT.match(spelled) and self._has_bare_points:
            raise _Doubt
        text = spelled.decode()
        self._numbers[spelled] = text, resolve(text)
        return self._numbers[spelled]
