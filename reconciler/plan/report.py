"""Findings collected while a plan is built, one per cause, and the places in files that they point at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from reconciler.flows.findings import Finding, Severity, Span
from reconciler.flows.nodes import Node
from reconciler.flows.parse import judged
from reconciler.flows.rules import ACCEPTING, MAX_FINDINGS, RULES, finding
from reconciler.plan.pointing import lines_of, span_of

if TYPE_CHECKING:
    from reconciler.flows.acceptances import Acceptance

_MARK = "{{"
_MOST = 500  # findings
START = Span(1, 1, 1, 1)


class Place(NamedTuple):
    """A place in a file: a span, or a node and a path in it. Its span is computed when somebody is told of it."""

    file: str
    where: Span | Node | None = None
    path: tuple[str | int, ...] = ()
    of_key: bool = False

    @property
    def span(self) -> Span:
        """The span of the node under the path, or of the key that ends the path; as much of a path counts as exists."""
        if self.where is None:
            return START
        if isinstance(self.where, Span):
            return self.where
        if self.of_key:
            return self.where.at(*self.path[:-1]).key_span(str(self.path[-1]))
        return self.where.at(*self.path).span


Source = tuple[str, Node | None]  # a file and a tree of it, in which texts are looked for


class Report:
    """What was found so far. The same rule at the same place is one cause and said once."""

    def __init__(
        self, severities: Mapping[str, Severity] | None = None, read: Callable[[str], bytes | None] | None = None
    ) -> None:
        """`read` gives the bytes of the files that findings are in, which may accept them."""
        self.severities = severities or {}
        self._read = read
        self._acceptances: dict[str, tuple[Acceptance, ...]] = {}  # by file, of those that lowerable findings are in
        self._scalars: dict[int, tuple[Node, dict[str, Node]]] = {}  # by the identity of a tree, which is kept alive
        self._parts: dict[tuple[object, ...], list[tuple[str, list[tuple[int, int, Node]]]]] = {}
        self._lines: dict[str, tuple[str, ...]] = {}  # by file, of those that texts were looked for in
        self._spoilt = False
        self._counts: Counter[Severity] = Counter()
        self._found: dict[tuple[str, Span, str], Finding] = {}  # by place
        self._severities: dict[tuple[str, Span, str], Severity] = {}  # before the repository had its say

    def add(
        self,
        rule: str,
        message: str,
        place: Place,
        path: str = "",
        suggestion: str | None = None,
        *,
        also: tuple[tuple[str, Span, str], ...] = (),
        severity: Severity | None = None,
    ) -> None:
        """Note a finding of a rule of the table, with the table's severity where none is given."""
        found = finding(rule, message, place.file, place.span, path, suggestion, also)
        found = found if severity is None else replace(found, severity=severity)
        self._severities.setdefault(found.place, found.severity)
        self.extend(self._accepted(judged((found,), self.severities)))

    def _accepted(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """The findings of one file and rule as the file's own comments let them count."""
        file = findings[0].file
        if self._read is None or not RULES[findings[0].rule].lowerable:
            return findings
        if file not in self._acceptances:
            self._acceptances[file] = _acceptances(self._read(file) or b"", file, self.severities)
        if not self._acceptances[file]:
            return findings
        from reconciler.flows.acceptances import accepted

        return accepted(findings, self._acceptances[file])

    def extend(self, findings: Iterable[Finding]) -> None:
        """Note findings made elsewhere."""
        for found in findings:
            if found.place not in self._found and self._has_room(found):
                self._found[found.place] = found

    def _has_room(self, found: Finding) -> bool:
        """Whether so few of this severity were kept that one more is; what is left out is said once."""
        self._counts[found.severity] += 1
        beyond = self._counts[found.severity] - MAX_FINDINGS
        if beyond > 0:
            self._spoilt = self._spoilt or found.severity is Severity.ERROR
        if beyond == 1:
            message = f"Mend these first: the flow has more than {MAX_FINDINGS} of them, the others are not shown."
            more = replace(finding("findings-too-many", message, found.file, found.span), severity=found.severity)
            self._found[more.file, more.span, f"{more.rule} {more.severity}"] = more
        return beyond <= 0

    def text_place(self, text: str, offset: int, word: str, sources: Sequence[Source]) -> Place:
        """Where the word at `offset` of a text stands, looked for in the trees that the text may come from."""
        file, first = "", None
        for source, node in sources:
            file, first = file or source, first or (Place(source, node) if node is not None else None)
            found = self._scalar(text, node)
            if found is not None:
                return Place(source, self._span(source, found, offset, word))
        return self._part_place(text, offset, word, sources) or first or Place(file)

    def _scalar(self, text: str, node: Node | None) -> Node | None:
        """The first scalar of a tree that says exactly `text`; a tree is gone through once."""
        if node is None:
            return None
        if id(node) not in self._scalars:
            scalars = list(_scalars(node))
            self._scalars[id(node)] = (node, {scalar.value: scalar for scalar in reversed(scalars)})
        return self._scalars[id(node)][1].get(text)

    def _span(self, file: str, scalar: Node, offset: int, word: str) -> Span:
        if file not in self._lines:
            self._lines[file] = lines_of(self._read(file) if self._read is not None else None)
        return span_of(scalar, offset, word, self._lines[file])

    def _part_place(self, text: str, offset: int, word: str, sources: Sequence[Source]) -> Place | None:
        """The place in a text put together from several scalars."""
        key = (text, *(id(node) for _, node in sources))
        if key not in self._parts:
            self._parts[key] = [(source, _parts(text, node)) for source, node in sources]
        for source, parts in self._parts[key]:
            for start, end, scalar in parts:
                if start <= offset < end:
                    return Place(source, self._span(source, scalar, offset - start, word))
        return None

    @property
    def full(self) -> bool:
        """Whether so much was found that nobody reads on, and looking further only takes time."""
        return len(self._found) >= _MOST and self.failed  # without an error there will be a plan, which must be whole

    def spoil(self) -> None:
        """Note that there is a mistake of which its finding was made elsewhere: there can be no plan."""
        self._spoilt = True

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return self._spoilt or any(found.severity is Severity.ERROR for found in self._found.values())

    def sorted(self) -> tuple[Finding, ...]:
        """All findings by place."""
        return tuple(sorted(self._found.values(), key=lambda found: found.place))

    def unlowered(self) -> tuple[Finding, ...]:
        """All findings by place, as they are without the repository's severities and the files' acceptances."""
        kept = {
            key: replace(found, severity=self._severities[key], accepted="") if key in self._severities else found
            for key, found in self._found.items()
        }
        return tuple(sorted(kept.values(), key=lambda found: found.place))


def _acceptances(data: bytes, file: str, severities: Mapping[str, Severity]) -> tuple[Acceptance, ...]:
    if ACCEPTING not in data:
        return ()
    from reconciler.flows.acceptances import read_acceptances  # few files accept anything

    return read_acceptances(data, file, severities)[0]


def place_of(file: str, node: Node | None, *path: str | int) -> Place:
    """The node under `path`, or the deepest one that exists on the way."""
    return Place(file, node, path)


def key_place(file: str, node: Node | None, *path: str | int) -> Place:
    """The key that ends `path`, in the mapping before it."""
    return Place(file, node, path, of_key=True)


def _parts(text: str, node: Node | None) -> list[tuple[int, int, Node]]:
    """The scalars that stand in a text one after another, as the lines of `cmd` do: start, end, scalar."""
    parts, end = [], 0
    for scalar in _scalars(node):
        part = scalar.value.rstrip("\n")
        start = text.find(part, end) if _MARK in part else -1
        if start >= 0:
            end = start + len(part)
            parts.append((start, end, scalar))
    return parts


def _scalars(node: Node | None) -> Iterator[Node]:
    todo = [node] if node is not None else []
    while todo:
        item = todo.pop()
        if isinstance(item.value, str):
            yield item
        elif isinstance(item.value, dict):
            todo += reversed(item.value.values())
        elif isinstance(item.value, list):
            todo += reversed(item.value)
