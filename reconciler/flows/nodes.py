"""YAML as data with places: the tree that reading a file gives. What the data means is not known here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from reconciler.flows.findings import Span

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
            inner = node.value
            in_list = isinstance(inner, list) and isinstance(step, int) and step < len(inner)
            if not in_list and not (isinstance(inner, dict) and step in inner):
                break
            node = inner[step]
        return node

    def data(self) -> Any:
        """The plain JSON-like data without places."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value


class Placed(Protocol):
    """What knows the places of nodes that were made without."""

    def placed(self, index: int) -> Node:
        """The same node with its place; `index` is what the maker of the node gave it."""
        ...


class Unplaced(Node):
    """A node whose place, keys and spelling are looked up when one of them is first asked for.

    Most files are read, found to be right and never pointed into. `text` may be known from the beginning.
    """

    __slots__ = ("index", "source")

    index: int
    source: Placed
    __init__ = object.__init__  # whoever makes one puts in what it knows: there are tens of thousands

    def __getattr__(self, name: str) -> Any:  # called for slots that nothing was put into
        if name not in _PLACE:
            raise AttributeError(name)
        node = self.source.placed(self.index)
        for slot in _PLACE:
            setattr(self, slot, getattr(node, slot))
        return getattr(node, name)


_PLACE: Final = ("line", "column", "end_line", "end_column", "keys", "text")
