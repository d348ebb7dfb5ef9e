"""Shapes: what may stand at a place of a file, as data. Reading a node by its shape gives plain data and findings.

A shape never raises. Where the node does not fit, it reports one finding and gives `BAD`, and whoever holds the
place goes on without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from reconciler.flows.findings import Finding, Span
from reconciler.flows.literals import FALSE_WORDS, TRUE_WORDS, quoted
from reconciler.flows.near import near
from reconciler.flows.nodes import Node, Spelling
from reconciler.flows.rules import MAX_FINDINGS, finding
from reconciler.flows.scalars import resolve

BAD: Final = object()
FLAG_WORDS: Final = (*sorted(TRUE_WORDS), *sorted(FALSE_WORDS))
_MANY = 500  # findings of a file; after as many, nobody reads the suggestions


class Report:
    """Collects the findings of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.overflowed = False  # there were more, and they were dropped
        self.spellings: list[Spelling] = []

    def add(
        self,
        rule: str,
        message: str,
        span: Span,
        path: str = "",
        suggestion: str | None = None,
        also: tuple[tuple[str, Span, str], ...] = (),
    ) -> None:
        """Note one finding, up to `MAX_FINDINGS`; `rule` is a name of the table in rules.py."""
        if len(self.findings) >= MAX_FINDINGS:
            self.overflowed = True
            return
        self.findings.append(finding(rule, message, self.file, span, path, suggestion, also))

    def respell(self, node: Node, key: str | None, canonical: str, form: str = "key") -> None:
        """Note that what stands there is right and has a canonical form; `key` None means the value `node` itself."""
        if len(self.spellings) < MAX_FINDINGS:
            self.spellings.append(Spelling(node, key, canonical, form))

    def near(self, word: str, words: Iterable[str]) -> str | None:
        """A suggestion for `word`, while suggestions are still worth their time."""
        return near(word, words) if len(self.findings) < _MANY else None


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


_SCALARS: Final = (str, int, float, bool)
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
    rule, message = "field-type", f"Give `{_last(path)}` {takes}, not {described(node)}."
    if is_template(node.value):
        rule = "template-not-allowed"
        message = f"Write `{_last(path)}` out: it takes {takes}, and a template cannot stand for the whole of it."
    report.add(rule, message, node.span, path, suggestion)
    return BAD


def _last(path: str) -> str:
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
        message = f"Quote the value of `{_last(path)}`: it takes a text, not {described(node)}."
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
            message = f"Give `{_last(path)}` at least {self.minimum}, not {value}."
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
        message = f"Give `{_last(path)}` {self.takes}, not {described(node)}."
        suggestion = report.near(str(node.text or value), self.words)
        report.add("value-not-allowed", message, node.span, path, suggestion=suggestion)
        return BAD


class Anything:
    """Any plain data."""

    takes = "a value"
    plain = frozenset({str, int, float, bool})

    def read(self, node: Node, path: str, report: Report) -> Any:
        return node.data()


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
        message = f"Remove or rename `{key}`: `{_last(path)}` has no such field{advice}"
        report.add("field-unknown", message, node.key_span(key), f"{path}.{key}", suggestion=suggestion)

    def _others(self, node: Node) -> Iterator[str]:
        return (key for key in node.outline if key not in self.fields and key not in self.aliases)

    def _check_missing(self, key: str, node: Node, path: str, report: Report) -> None:
        given = node.get(key) or next((node.get(a) for a, n in self.aliases.items() if n == key), None)
        if given is None and any(report.near(other, self.fields) == key for other in self._others(node)):
            return  # it was misspelt, and that was said
        if given is None or given.outline is None:  # else it was bad, and that was said
            report.add("field-missing", f"Add `{key}` to `{_last(path)}`.", _head(node), path)


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
TEXTS: Final = Listing(TEXT)
PLAIN_TEXTS: Final = Listing(TEXT, templated=False)
COMMAS: Final = Either("a list of texts, or texts with commas between", str=Built(TEXT, _split), list=PLAIN_TEXTS)
MAPPING: Final = Table(ANYTHING)
