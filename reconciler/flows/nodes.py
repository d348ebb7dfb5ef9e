"""YAML as data with places: the tree that reading a file gives. What the data means is not known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from reconciler.flows.findings import Span
from reconciler.flows.scalars import resolve

_NO_KEYS: dict[str, int] = {}  # shared by all that are no mappings, never written to
_BITS = 24  # of a column: a file has at most 10 MiB
_COLUMN = (1 << _BITS) - 1


def packed(line: int, column: int, end_column: int) -> int:
    """A place on one line as one number: the collector of garbage visits every tuple of a large file, and no number."""
    return (line << _BITS | column) << _BITS | end_column


def unpacked(place: int) -> Span:
    """The span that `packed` made a number."""
    line = place >> _BITS >> _BITS
    return Span(line, place >> _BITS & _COLUMN, line, place & _COLUMN)


@dataclass(frozen=True, slots=True)
class ScalarPlace:
    """Where a scalar stands, key or value, and whether a `#` is a part of its text: in quotes and in blocks it is."""

    span: Span
    verbatim: bool
    block: bool

    @property
    def last_line(self) -> int:
        """The last line that has a part of it."""
        return self.span.end_line - (self.block and self.span.end_column == 1)

    def holds(self, line: int, column: int) -> bool:
        """Whether what stands there is text of the scalar; what follows the `|` of a block on its line is not."""
        if not self.verbatim or (self.block and line == self.span.line):
            return False
        span = self.span
        return (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A place that is written in an older form: a key of the mapping `node`, or with `key` None the value itself.

    `form` says what takes its place: `key` and `value` the word `canonical`; `root-dag` and `io` a section.
    """

    node: Node
    key: str | None
    canonical: str
    form: str


class Node:
    """A scalar, sequence or mapping and where it stands.

    `value` is a plain scalar, a list of nodes, or a dict from key to node; `keys` gives the packed place of each
    key of a mapping; `text` is how a scalar without quotes was written. Nodes are
    made once by the reader and never changed.
    """

    __slots__ = ("column", "end_column", "end_line", "keys", "line", "text", "value")

    def __init__(
        self, value: Any, line: int, column: int, end_line: int, end_column: int, text: str | None = None
    ) -> None:
        self.value = value
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column
        self.text = text
        self.keys = _NO_KEYS

    @property
    def span(self) -> Span:
        """Where the value stands."""
        return Span(self.line, self.column, self.end_line, self.end_column)

    @property
    def outline(self) -> Any:
        """The value with values in place of the nodes that it holds; of collections among them only the type counts.

        Where no node was made yet, looking at the outline makes none.
        """
        if type(self.value) is dict:
            return {key: node.value for key, node in self.value.items()}
        return [node.value for node in self.value] if type(self.value) is list else self.value

    def child(self, key: Any) -> Node:
        """The node under a key of a mapping or an index of a list; there must be one."""
        inner: Node = self.value[key]
        return inner

    def get(self, key: str) -> Node | None:
        """The value under `key` of a mapping; None for other nodes and absent keys."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def says(self, key: str) -> bool:
        """Whether a mapping has a value under `key`; null counts as not said."""
        inner = self.get(key)
        return inner is not None and inner.value is not None

    def key_span(self, key: str) -> Span:
        """Where `key` itself stands, or the whole node where it has no such key."""
        place = self.keys.get(key)
        return self.span if place is None else unpacked(place)

    def at(self, *path: str | int) -> Node:
        """The node under a path of keys and indices, or the deepest one that exists on the way."""
        node = self
        for step in path:
            held = node.outline
            in_list = type(held) is list and isinstance(step, int) and step < len(held)
            if not in_list and not (type(held) is dict and step in held):
                break
            node = node.child(step)
        return node

    def data(self) -> Any:
        """The plain JSON-like data without places."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value


class Places(Protocol):
    """What knows where the values of a file stand that were read without."""

    def of(self, holder: Any, key: Any) -> Node:
        """The node with its place of what stands under `key` in a list or dict of the plain data."""
        ...


class Unplaced(Node):
    """A value of plain data that becomes a node by and by: what it holds, and where it stands, is made when asked for.

    Most files are found to be right; nobody points into them, and of most values only the plain data is looked at.
    Numbers whose spelling says more than their value are bytes in the plain data.
    """

    __slots__ = ("holder", "key", "outline", "places")

    outline: Any
    places: Places
    holder: Any
    key: Any
    __init__ = object.__init__  # there are tens of thousands: `child` puts in what is known

    def __getattr__(self, name: str) -> Any:  # called for slots that nothing was put into
        if name == "value":
            self.value = self._nodes()
        elif name == "text" and type(self.outline) in _SPELLED:
            self.text = _SPELLED[type(self.outline)](self.outline)
        elif name in _PLACE:
            node = self.places.of(self.holder, self.key)
            for slot in _PLACE:
                setattr(self, slot, getattr(node, slot))
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def _nodes(self) -> Any:
        if type(self.outline) is dict:
            return {key: self.child(key) for key in self.outline}
        return [self.child(index) for index in range(len(self.outline))]

    def child(self, key: Any) -> Node:
        """The node under a key or an index; a new one each time."""
        node: Unplaced = Unplaced()
        node.places, node.holder, node.key = self.places, self.outline, key
        item = self.outline[key]
        kind = type(item)
        if kind is bytes:
            node.text = item.decode()
            node.outline = node.value = resolve(node.text)
        else:
            node.outline = item
            if kind is not dict and kind is not list:
                node.value = item
        return node

    def get(self, key: str) -> Node | None:
        """The value under `key` of a mapping; None for other nodes and absent keys."""
        return self.child(key) if type(self.outline) is dict and key in self.outline else None

    def says(self, key: str) -> bool:
        """Whether a mapping has a value under `key`; null counts as not said."""
        return type(self.outline) is dict and self.outline.get(key) is not None

    def data(self) -> Any:
        """The plain JSON-like data without places."""
        return _copied(self.outline)


def unplaced(documents: list[Any], places: Places) -> tuple[Node, ...]:
    """The nodes of the documents of a file, given as plain data."""
    file: Unplaced = Unplaced()
    file.places, file.outline = places, documents
    return tuple(file.child(index) for index in range(len(documents)))


def _copied(plain: Any) -> Any:
    if type(plain) is dict:
        return {key: _copied(item) for key, item in plain.items()}
    if type(plain) is list:
        return [_copied(item) for item in plain]
    return resolve(plain.decode()) if type(plain) is bytes else plain


_PLACE: Final = ("line", "column", "end_line", "end_column", "keys", "text")
_SPELLED: Final[dict[type, Callable[[Any], str]]] = {
    int: repr,
    float: repr,
    bool: lambda value: "true" if value else "false",
}
