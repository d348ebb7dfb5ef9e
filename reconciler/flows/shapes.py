"""Shapes: what may stand at a place of a file, as data. Reading a node by its shape gives plain data and findings.

A shape never raises. Where the node does not fit, it reports one finding and gives `BAD`, and whoever holds the
place goes on without it. Here are those of single values; those made of other shapes are in composite.py.
"""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

from reconciler.flows.literals import FALSE_WORDS, TRUE_WORDS, quoted
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.scalars import resolve

BAD: Final = object()
FLAG_WORDS: Final = (*sorted(TRUE_WORDS), *sorted(FALSE_WORDS))


class Shape(Protocol):
    """What may stand at a place.

    A shape may say in `plain` which types of values it takes as they are, so that whoever holds the place need not ask.
    """

    def read(self, node: Node, path: str, report: Report) -> Any:
        """The plain value, or `BAD` after reporting why not. `path` names the place for people."""
        ...


def plain_types(shape: Shape) -> frozenset[type]:
    """The types of values that a shape takes as they are; null is none of them."""
    return getattr(shape, "plain", _NO_TYPES)


_NO_TYPES: Final[frozenset[type]] = frozenset()


def is_template(value: Any) -> bool:
    """Whether a value is a text with a `{{ … }}` in it, known only when the op runs."""
    return type(value) is str and (start := value.find("{{")) >= 0 and value.find("}}", start + 3) >= 0


def described(node: Node) -> str:
    """What stands there, for `not …` in a message."""
    value = node.value
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else quoted(node.text if node.text is not None else value)


def reject(node: Node, path: str, report: Report, takes: str, suggestion: str | None = None) -> Any:
    """Report that the value is of the wrong type."""
    rule, message = "field-type", f"Give `{last_word(path)}` {takes}, not {described(node)}."
    if is_template(node.value):
        rule = "template-not-allowed"
        message = f"Write `{last_word(path)}` out: it takes {takes}, and a template cannot stand for the whole of it."
    report.add(rule, message, node.span, path, suggestion)
    return BAD


def last_word(path: str) -> str:
    """The last part of a path, as people call the place."""
    return path.rpartition(".")[2]


class Text:
    """A text; `lenient` ones take numbers and booleans as they are written, as the places of Kubernetes do."""

    takes = "a text"
    plain = frozenset({str})

    def __init__(self, lenient: bool = False) -> None:
        self.lenient = lenient

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = node.value
        if type(value) is str:
            return value
        if node.text is None or value is None:
            return reject(node, path, report, self.takes)
        if self.lenient:
            return node.text
        message = f"Quote the value of `{last_word(path)}`: it takes a text, not {described(node)}."
        report.add("field-type", message, node.span, path, suggestion=f'"{node.text}"')
        return BAD


class Name:
    """A name of a flow, op or component: letters, digits, `-` and `_`, or a template."""

    takes = "a name"
    _PATTERN = re.compile(r"[-a-zA-Z0-9_]+\Z")

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = TEXT.read(node, path, report)
        if value is BAD or self._PATTERN.match(value) or is_template(value):
            return value
        plain = re.sub(r"[^-a-zA-Z0-9_]+", "-", value).strip("-")
        message = f"Rename {quoted(value)}: a name has letters, digits, `-` and `_` only."
        report.add("name-invalid", message, node.span, path, suggestion=plain or None)
        return BAD


class Whole:
    """A whole number of at least `minimum`; `templated` ones may be a template, `quoted` ones a text of digits."""

    takes = "a whole number"

    def __init__(self, minimum: int | None = None, templated: bool = True, quoted: bool = False) -> None:
        self.minimum = minimum
        self.plain = frozenset({int}) if minimum is None else _NO_TYPES
        self.templated = templated
        self.quoted = quoted

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = resolve(node.value) if self.quoted and type(node.value) is str else node.value
        if type(value) is not int:
            good = self.templated and is_template(value)
            return value if good else reject(node, path, report, self.takes)
        if self.minimum is not None and value < self.minimum:
            message = f"Give `{last_word(path)}` at least {self.minimum}, not {value}."
            report.add("value-not-allowed", message, node.span, path)
            return BAD
        return value


class Number:
    """A number, quoted or not, or a template."""

    takes = "a number"
    plain = frozenset({int, float})

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = resolve(node.value) if type(node.value) is str else node.value
        if type(value) in (int, float) or is_template(value):
            return value
        return reject(node, path, report, self.takes)


class Flag:
    """True or false, or a word or digit for it (`yes`, `off`, `0`); `templated` ones may be a template."""

    takes = "true or false"
    plain = frozenset({bool})

    def __init__(self, templated: bool = True) -> None:
        self.templated = templated

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = node.value
        if type(value) is bool or (self.templated and is_template(value)):
            return value
        word = str(value).lower() if type(value) in (str, int) else ""
        return word in TRUE_WORDS if word in FLAG_WORDS else reject(node, path, report, self.takes)


class Words:
    """One of some words; `templated` ones may be a template."""

    def __init__(self, *words: str, templated: bool = False) -> None:
        self.words = words
        self.templated = templated
        self.takes = "one of " + ", ".join(words)

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = node.value
        if value in self.words and type(value) is str:
            return value
        if self.templated and is_template(value):
            return value
        if isinstance(value, (dict, list)) or is_template(value):
            return reject(node, path, report, self.takes)
        message = f"Give `{last_word(path)}` {self.takes}, not {described(node)}."
        suggestion = report.near(str(node.text or value), self.words)
        report.add("value-not-allowed", message, node.span, path, suggestion=suggestion)
        return BAD


class Anything:
    """Any plain data."""

    takes = "a value"
    plain = frozenset({str, int, float, bool})

    def read(self, node: Node, path: str, report: Report) -> Any:
        return node.data()


TEXT: Final = Text()
LENIENT_TEXT: Final = Text(lenient=True)
NAME: Final = Name()
WHOLE: Final = Whole()
COUNT: Final = Whole(minimum=0)
POSITIVE: Final = Whole(minimum=1)
CONCURRENCY: Final = Whole(minimum=1, quoted=True)
NUMBER: Final = Number()
FLAG: Final = Flag()
PLAIN_FLAG: Final = Flag(templated=False)
ANYTHING: Final = Anything()
