"""YAML as data with places: the tree that reading a file gives. What the data means is not known here."""

from __future__ import annotations

from typing import Any

from reconciler.flows.findings import Span


class Node:
    """A scalar, sequence or mapping and where it stands.

    `value` is a plain scalar, a list of nodes, or a dict from key to node; `keys` gives the place of each key of a
    mapping. Nodes are made once by the reader and never changed.
    """

    __slots__ = ("column", "end_column", "end_line", "keys", "line", "value")

    def __init__(self, value: Any, line: int, column: int, end_line: int, end_column: int) -> None:
        self.value = value
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column
        self.keys: dict[str, Span] = {}

    @property
    def span(self) -> Span:
        """Where the value stands."""
        return Span(self.line, self.column, self.end_line, self.end_column)

    def get(self, key: str) -> Node | None:
        """The value under `key` of a mapping; None for other nodes and absent keys."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def key_span(self, key: str) -> Span:
        """Where `key` itself stands, or the whole node where it has no such key."""
        return self.keys.get(key, self.span)

    def at(self, *path: str | int) -> Node:
        """The node under a path of keys and indices, or the deepest one that exists on the way."""
        node = self
        for step in path:
            inner = node.value
            if isinstance(inner, dict) and step in inner:
                node = inner[step]
            elif isinstance(inner, list) and isinstance(step, int) and step < len(inner):
                node = inner[step]
            else:
                break
        return node

    def data(self) -> Any:
        """The plain JSON-like data without places."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value
