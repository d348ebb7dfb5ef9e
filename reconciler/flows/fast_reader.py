"""Bytes of a large YAML file to trees of nodes, several times faster and only where nothing can be in doubt.

The only module that knows rapidyaml. Places, findings and whatever looks unusual are for the exact reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any, Final

from reconciler.flows.nodes import Node, unplaced
from reconciler.flows.scalars import resolve

MIN_BYTES: Final = 40 * 1024  # of one file or of several: for less, loading rapidyaml takes longer than it saves
_VALUES_OF_A_LINE: Final = 3  # rarely more
_MAX_INDENT: Final = 48
_MAX_FLOW_LEVELS: Final = 30  # rapidyaml writes 64 levels, of both styles

# What the two parsers may read differently: bytes that rarely occur, and the pattern that says whether they matter.
_DOUBTS: Final = tuple(
    (rare, re.compile(pattern))
    for rare, pattern in (
        (b"\t", rb"\t"),
        (b"\r", rb"\r"),
        (b"\xef", rb"\xef\xbb\xbf"),  # byte order marks
        (b"!", rb"(?:[-:?,\[{\"'\n]|\A) *!"),  # tags
        (b"&", rb"(?:[-:?,\[{\"'\n]|\A) *&"),  # anchors
        (b"*", rb"(?:[-:?,\[{\"'\n]|\A) *\*"),  # aliases
        (b"?", rb"(?:[-?,\[{\n]|\A) *\?"),  # keys of several lines
        (b"%", rb"(?:\n|\A)%"),  # directives
        (b"\n...", rb"\n\.\.\."),
        (b"|", rb"\|[-+]?[1-9][-+]? *[#\n]"),  # blocks that say how far they are indented
        (b">", rb">[-+]?[1-9][-+]? *[#\n]"),
        (b"#", rb"[^\s:,\[{][\"']#|[\]}|>]#|[|>][-+]#"),  # comments without a blank before
        (b"'", rb"'(?<=[\s,\[{]')(?:[^'\n]|'')*\n"),  # texts in quotes over several lines
        *((rare, rb"[\[{,: ]- *[,\]}]") for rare in (b"-,", b"-]", b"-}", b"- ,", b"- ]", b"- }")),  # a dash for a text
        (b"- #", rb"[\[{,:] *- +#"),
        *((rare, rb"[\]}] *:\s") for rare in (b"]:", b"}:", b" :")),  # lists and mappings for keys
        (b"\n", rb"\n *(?:-[^ \n]|[.:])[^\n]*:\s|\n *-:\s"),  # keys that begin with a dash, point or colon
        (b"\\", rb'\\[^nt"\\]'),  # escapes that JSON writes otherwise
    )
)
# A template without quotes, which is a mapping in a mapping: where it may be one, and whether it is.
_STARTS_TEMPLATE: Final = re.compile(rb"\{\{(?:(?<=[:,\[{\n]\{\{)|(?<=[-:,] \{\{))")
_BARE_TEMPLATE: Final = re.compile(rb"(?:\n|\A)(?:[^\"'\n]*[:,\[{-])? *\{ *[\[{]")
_ODD: Final = ('"<<"', '".inf"', '"-.inf"', '".nan"')  # merge keys, and what rapidyaml makes of `inf` and `NaN`
# Texts that stood in quotes, or they would not be texts.
_QUOTED: Final = re.compile(r"(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null|)\Z")
_ZERO_POWER: Final = re.compile(r"-?0[eE]")  # but for these, which rapidyaml takes for texts
# Numbers that rapidyaml writes with one more digit, and how they look then.
_BARE_POINT: Final = re.compile(rb"\.(?:(?<=[\s\[{,:+-]\.)[0-9]|(?<=[0-9]\.)(?:[eE][-+]?[0-9]+)?[\s,\]}])")
_ADDED_DIGIT: Final = re.compile(r"-?(?:0\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+\.0)\Z")
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}\n")
_NOT_QUOTES: Final = bytes(byte for byte in range(256) if byte not in b'"\n')


# Of all files of this process. It chooses which lane reads a file, never what is read, so that threads may miscount it.
_seen_bytes = 0


def is_worth_it(size: int) -> bool:
    """Whether another `size` bytes are to be read fast: not where one small file is all that a process reads."""
    global _seen_bytes
    _seen_bytes += size
    return _seen_bytes >= MIN_BYTES


class _Doubt(Exception):
    """The file may mean something else when it is read exactly."""


def read_fast(
    data: bytes, accepts: Callable[[bytes], bool], exact: Callable[[], tuple[Node, ...]], limit: int
) -> tuple[Node, ...] | None:
    """The documents of a file, or None where they must be read exactly.

    `accepts` asks libyaml, which is shown nothing that is nested deeply: it would take very long. `exact` reads the
    same documents with their places, when the first place is asked for, if ever. Files of over `limit` values are left
    to it too.
    """
    if _is_doubtful(data) or not accepts(data):
        return None
    *parts, last = data.removeprefix(b"---\n").split(b"\n---\n")
    try:
        import ryml
    except ImportError:  # there is no wheel of it for this platform
        return None
    plain = _Plain(data)
    try:
        trees = [_tree(part) for part in (*(part + b"\n" for part in parts), last)]
        if sum(tree.size() for tree in trees) > limit:
            return None
        documents = [plain.document(ryml.emit_json(tree), tree.size()) for tree in trees]
    except (_Doubt, ryml.ExceptionBasic, ValueError):
        return None
    return unplaced(documents, _Places(documents, exact))


def _tree(data: bytes) -> Any:
    import ryml

    tree = ryml.Tree()
    tree.reserve(_VALUES_OF_A_LINE * data.count(b"\n"))  # growing a large one takes as long as reading it
    return ryml.parse_in_arena(data, tree)


def _is_doubtful(data: bytes) -> bool:
    if any(rare in data and pattern.search(data) for rare, pattern in _DOUBTS):
        return True
    if _STARTS_TEMPLATE.search(data) and _BARE_TEMPLATE.search(data):
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


class _Places:
    """Where the plain data of a file stands: from its exact reading, once, when the first place is asked for."""

    def __init__(self, documents: list[Any], exact: Callable[[], tuple[Node, ...]]) -> None:
        self._documents = documents
        self._exact = exact
        self._nodes: dict[int, Any] = {}  # what the exact node of a list or dict holds, by that one's identity

    def of(self, holder: Any, key: Any) -> Node:
        """The exactly read node of what stands under `key` in a list or dict of the plain data."""
        if not self._nodes:
            self._nodes = _paired(self._documents, list(self._exact()))
        node: Node = self._nodes[id(holder)][key]
        return node


def _paired(documents: list[Any], exact: list[Node]) -> dict[int, Any]:
    pairs: list[tuple[Any, Any]] = [(documents, exact)]
    for plain, nodes in pairs:
        for key, item in plain.items() if type(plain) is dict else enumerate(plain):
            if type(item) is dict or type(item) is list:
                pairs.append((item, nodes[key].value))
    return {id(plain): nodes for plain, nodes in pairs}


class _Plain:
    """The plain data of the documents of one file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._texts: set[str] = set()  # that are taken as they are

    def document(self, text: str | None, size: int) -> Any:
        """The mapping of `size` values that a JSON text is; numbers with a spelling of their own are bytes in it."""
        if not text or any(odd in text for odd in _ODD):
            raise _Doubt
        number = cache(self._number)
        plain = json.loads(text, parse_int=number, parse_float=number)
        if type(plain) is not dict or self._size(plain) != size:  # fewer: a key stood twice
            raise _Doubt
        return plain

    def _size(self, plain: Any) -> int:
        """How many values there are, after a look at each text."""
        collections = [plain]
        texts, size = self._texts, 1
        for held in collections:
            size += len(held)
            for item in held.values() if type(held) is dict else held:
                kind = type(item)
                if kind is str:
                    if item not in texts:
                        self._look_at(item)
                elif kind is dict or kind is list:
                    collections.append(item)
        return size

    def _look_at(self, text: str) -> None:
        """Refuse a text that might have been another value, written without quotes."""
        if resolve(text) is not text and (not _QUOTED.match(text) or _ZERO_POWER.match(text)):
            raise _Doubt
        self._texts.add(text)

    def _number(self, text: str) -> Any:
        if _ADDED_DIGIT.match(text) and self._has_bare_points:
            raise _Doubt
        value = resolve(text)
        return value if repr(value) == text else text.encode()

    @cached_property
    def _has_bare_points(self) -> bool:
        return _BARE_POINT.search(self._data) is not None
