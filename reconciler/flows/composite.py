"""Shapes made of other shapes: lists, tables, records, choices, and values that are built of what was read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from reconciler.flows.findings import Span
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import ANYTHING, BAD, TEXT, Shape, is_template, last_word, plain_types, reject

_SCALARS: Final = (str, int, float, bool)


class Listing:
    """A list of values of one shape, or a template for the whole of it."""

    takes = "a list"

    def __init__(self, item: Shape, templated: bool = True) -> None:
        self.item = item
        self.templated = templated
        self._plain = plain_types(item)

    def read(self, node: Node, path: str, report: Report) -> Any:
        outline = node.outline
        if type(outline) is not list:
            if self.templated and is_template(outline):
                return outline
            return reject(node, path, report, self.takes)
        read, plain = self.item.read, self._plain
        values = [
            value if type(value) in plain else read(node.child(index), f"{path}[{index}]", report)
            for index, value in enumerate(outline)
        ]
        return [value for value in values if value is not BAD]


class Table:
    """A mapping from any text to values of one shape, or a template for the whole of it."""

    takes = "a mapping"

    def __init__(self, item: Shape, templated: bool = True) -> None:
        self.item = item
        self.templated = templated
        self._plain = plain_types(item)

    def read(self, node: Node, path: str, report: Report) -> Any:
        outline = node.outline
        if type(outline) is not dict:
            if self.templated and is_template(outline):
                return outline
            return reject(node, path, report, self.takes)
        read, plain = self.item.read, self._plain
        values = {
            key: value if type(value) in plain else read(node.child(key), f"{path}.{key}", report)
            for key, value in outline.items()
        }
        return {key: value for key, value in values.items() if value is not BAD}


class Record:
    """A mapping with known keys. `aliases` maps other spellings to the canonical key; null counts as not said."""

    takes = "a mapping"

    def __init__(
        self,
        fields: Mapping[str, Shape],
        required: Sequence[str] = (),
        aliases: Mapping[str, str] | None = None,
        templated: bool = True,
    ) -> None:
        self.fields = fields
        self.required = required
        self.aliases = aliases or {}
        self.templated = templated
        self._table = {key: (shape, plain_types(shape)) for key, shape in fields.items()}

    def read(self, node: Node, path: str, report: Report) -> Any:
        outline = node.outline
        if type(outline) is not dict:
            if self.templated and is_template(outline):
                return outline
            return reject(node, path, report, self.takes)
        values: dict[str, Any] = {}
        table = self._table
        for key, value in outline.items():
            if key not in table:
                self._read_other(key, node, path, report, values)
                continue
            shape, plain = table[key]
            if type(value) in plain:
                values[key] = value
            elif value is not None and (read := shape.read(node.child(key), f"{path}.{key}", report)) is not BAD:
                values[key] = read
        for key in self.required:
            if key not in values:
                self._check_missing(key, node, path, report)
        return values

    def _read_other(self, key: str, node: Node, path: str, report: Report, values: dict[str, Any]) -> None:
        name = self.aliases.get(key)
        if name is None:
            self._reject_key(key, node, path, report)
        elif name in node.outline:
            message = f"Remove `{key}`: it is another spelling of `{name}`, which is said too."
            report.add("field-conflict", message, node.key_span(key), f"{path}.{key}")
        elif node.says(key):
            report.respell(node, key, name)
            value = self.fields[name].read(node.child(key), f"{path}.{key}", report)
            if value is not BAD:
                values[name] = value

    def _reject_key(self, key: str, node: Node, path: str, report: Report) -> None:
        suggestion = report.near(key, self.fields)
        advice = f"; did you mean `{suggestion}`?" if suggestion else "."
        message = f"Remove or rename `{key}`: `{last_word(path)}` has no such field{advice}"
        report.add("field-unknown", message, node.key_span(key), f"{path}.{key}", suggestion=suggestion)

    def _others(self, node: Node) -> Iterator[str]:
        return (key for key in node.outline if key not in self.fields and key not in self.aliases)

    def _check_missing(self, key: str, node: Node, path: str, report: Report) -> None:
        given = node.get(key) or next((node.get(a) for a, n in self.aliases.items() if n == key), None)
        if given is None and any(report.near(other, self.fields) == key for other in self._others(node)):
            return  # it was misspelt, and that was said
        if given is None or given.outline is None:  # else it was bad, and that was said
            report.add("field-missing", f"Add `{key}` to `{last_word(path)}`.", _head(node), path)


def section(
    fields: Mapping[str, Shape],
    required: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
    templated: bool = True,
) -> Record:
    """A mapping of the language below the root of a document, whose keys Polyaxon takes in snake case too."""
    snake = {_snake(name): name for name in fields}
    others = {other: name for other, name in snake.items() if other != name and other not in fields}
    return Record(fields, required, {**others, **(aliases or {})}, templated)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]+", lambda found: "_" + found[0].lower(), name)


def _head(node: Node) -> Span:
    """The first key of a mapping, as the place where something is missing; the node where it is empty."""
    return node.key_span(next(iter(node.keys))) if node.keys else node.span


class Either:
    """One of several shapes, told apart by what stands there: text, list, mapping or another scalar."""

    def __init__(self, takes: str, **by_type: Shape) -> None:
        self.takes = takes
        self.by_type = by_type
        scalars = {kind: plain_types(by_type[kind.__name__]) for kind in _SCALARS if kind.__name__ in by_type}
        self.plain = frozenset(kind for kind, plain in scalars.items() if kind in plain)

    def read(self, node: Node, path: str, report: Report) -> Any:
        shape = self.by_type.get(type(node.outline).__name__)
        return reject(node, path, report, self.takes) if shape is None else shape.read(node, path, report)


Builder = Callable[[Any, Node, str, Report], Any]


class Built:
    """A shape whose plain value becomes something better; templates and bad values pass as they are."""

    def __init__(self, shape: Shape, build: Builder) -> None:
        self.shape = shape
        self.build = build

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = self.shape.read(node, path, report)
        if value is BAD or (type(value) is str and is_template(value)):
            return value
        return self.build(value, node, path, report)


def passing(check: Callable[[Any], object], rule: str) -> Builder:
    """For `Built`: keeps a value that `check` takes; the sentence of its ValueError becomes a finding of `rule`."""

    def build(value: Any, node: Node, path: str, report: Report) -> Any:
        try:
            check(value)
        except ValueError as error:
            report.add(rule, str(error), node.span, path)
            return BAD
        return value

    return build


def _split(value: Any, _node: Node, _path: str, _report: Report) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


class Later:
    """A shape that is not there yet when the places that use it are declared."""

    def __init__(self, shape: Callable[[], Shape]) -> None:
        self.shape = shape

    def read(self, node: Node, path: str, report: Report) -> Any:
        return self.shape().read(node, path, report)


TEXTS: Final = Listing(TEXT)
PLAIN_TEXTS: Final = Listing(TEXT, templated=False)
COMMAS: Final = Either("a list of texts, or texts with commas between", str=Built(TEXT, _split), list=PLAIN_TEXTS)
MAPPING: Final = Table(ANYTHING)
