"""Bytes of a YAML file to trees of nodes, with every place and within bounds. The only module that knows PyYAML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml

from reconciler.flows.fast_reader import is_worth_it, read_fast
from reconciler.flows.findings import LINE_BREAK, Finding, Span
from reconciler.flows.hidden_characters import hidden_characters
from reconciler.flows.nodes import Node, ScalarPlace, packed, unpacked
from reconciler.flows.rules import MAX_FINDINGS, finding
from reconciler.flows.scalars import looks_octal, resolve

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 100  # of sequences and mappings inside each other; whatever walks a tree may recurse
MAX_NODES = 1_000_000  # values of a file: a flow of 10,000 ops has fewer
MAX_DOCUMENTS = 1_000
MAX_ALIASED = 200_000  # values that the aliases of a file stand for
_NO_KEY = "Use a text as key, not a list or mapping."

try:
    _Parser: Any = yaml.CSafeLoader
except AttributeError:  # PyYAML was built without libyaml: the same events, some ten times slower
    _Parser = yaml.SafeLoader


def read_documents(data: bytes, file: str) -> tuple[tuple[Node, ...], tuple[Finding, ...]]:
    """The documents of a file and what is wrong with it as YAML. Raises nothing, whatever the bytes are.

    A document that could not be read to its end is left out; the ones before it are kept.
    """
    if len(data) > MAX_BYTES:
        message = f"Split the file: it has {len(data)} bytes, a flow file may have {MAX_BYTES}."
        return (), (finding("yaml-too-large", message, file, Span(1, 1, 1, 1)),)
    hidden = hidden_characters(data, file)
    if hidden:
        return (), hidden
    if is_worth_it(len(data)) and data.count(b"\n---") < MAX_DOCUMENTS:
        documents = read_fast(data, _is_accepted, lambda: _read_exactly(data, file)[0], MAX_NODES)
        if documents is not None:
            return documents, ()
    return _read_exactly(data, file)


def _is_accepted(data: bytes) -> bool:
    """Whether libyaml can parse the bytes, in a tenth of the time that its events take; False where it is not there."""
    try:
        _Parser(data).raw_parse()
    except (AttributeError, yaml.YAMLError):
        return False
    return True


def _read_exactly(data: bytes, file: str) -> tuple[tuple[Node, ...], tuple[Finding, ...]]:
    """The documents with all places, and what is wrong with them."""
    composer = _Composer(file)
    composer.run(data)
    return tuple(composer.documents), tuple(composer.findings)


def scalar_places(data: bytes, last_line: int) -> Iterator[ScalarPlace]:
    """The scalars of a file that begin on its lines up to `last_line`, keys too; up to where it is no YAML."""
    scanner = _Parser(data)
    try:
        while (token := scanner.get_token()) is not None:
            if token.start_mark.line >= last_line:
                return
            if type(token) is yaml.ScalarToken:
                start, end = token.start_mark, token.end_mark
                span = Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)
                yield ScalarPlace(span, not token.plain, token.style in ("|", ">"))
    except yaml.YAMLError:
        return


class _Stop(Exception):
    """The rest of the file cannot or must not be read; the finding that says so is already noted."""


class _Frame:
    """A collection that is being read."""

    __slots__ = ("anchor", "flow", "height", "is_mapping", "key", "key_place", "merges", "node", "size")

    def __init__(self, node: Node, anchor: str | None, flow: bool) -> None:
        self.node = node
        self.is_mapping = type(node.value) is dict
        self.anchor = anchor
        self.flow = flow
        self.key: str | None = None
        self.key_place = 0
        self.merges: list[Node] | None = None
        self.size = 1  # nodes in it, aliases expanded
        self.height = 1  # levels in it, aliases expanded


class _Composer:
    """Turns the parser's events into nodes, one pass, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.documents: list[Node] = []
        self.findings: list[Finding] = []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}  # node, size, height
        self._dashes: tuple[int, int, int, int] | None = None  # where the document at hand has its `---`
        self._aliased = 0
        self._count = 0
        self._handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.SequenceStartEvent: self._start_sequence,
            yaml.MappingEndEvent: self._end_mapping,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
        }

    def run(self, data: bytes) -> None:
        """Read all events. What goes wrong becomes a finding and ends the reading."""
        try:
            parser = _Parser(data)
            get, handlers, last = parser.get_event, self._handlers, yaml.StreamEndEvent
            while (kind := type(event := get())) is not last:
                if (handler := handlers.get(kind)) is not None:
                    handler(event)
        except _Stop:
            pass
        except yaml.MarkedYAMLError as error:
            span = _within(_error_span(error), data)
            self._note("yaml-broken", _broken_message(error, span, data), span)
        except yaml.YAMLError as error:
            self._note("yaml-characters", f"Save the file as UTF-8 text: {error}.", Span(1, 1, 1, 1))

    def _start_document(self, event: Any) -> None:
        self._anchors.clear()
        line, column = event.end_mark.line + 1, event.end_mark.column + 1
        self._dashes = (line, column - 3, line, column) if event.explicit else None
        if len(self.documents) >= MAX_DOCUMENTS:
            self._refuse_size(event, f"it has over {MAX_DOCUMENTS} documents")

    def _refuse_size(self, event: Any, what: str) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        self._note("yaml-too-large", f"Split the file: {what}.", Span(line, column, line, column + 1))
        raise _Stop

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        text = event.value
        line, column, end_column = start.line + 1, start.column + 1, end.column + 1
        if event.tag is not None:
            self._note_tag(event.tag, Span(line, column, end.line + 1, end_column))
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and frame.is_mapping:
            frame.key = text
            frame.key_place = packed(line, column, end_column if end.line + 1 == line else column + 1)
            if event.anchor is not None:
                self._anchors[event.anchor] = (Node(text, line, column, end.line + 1, end_column), 1, 0)
            return
        self._count += 1
        if self._count > MAX_NODES:
            self._refuse_size(event, f"it has over {MAX_NODES} values")
        node = Node(text, line, column, end.line + 1, end_column)
        if frame is None and self._dashes and (node.line, node.column) == (node.end_line, node.end_column):
            node = Node(text, *self._dashes)  # nothing stands where it would, which may be behind the end of the file
        if event.implicit[0]:
            node.text, node.value = text, resolve(text)
            if node.value is not text and looks_octal(text):
                self._note_octal(text, node.span)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, 1, 0)
        self._add(node, 1, 0)

    def _start_mapping(self, event: Any) -> None:
        self._push(event, {})

    def _start_sequence(self, event: Any) -> None:
        self._push(event, [])

    def _push(self, event: Any, value: Any) -> None:
        self._count += 1
        start = event.start_mark
        node = Node(value, start.line + 1, start.column + 1, start.line + 1, start.column + 1)
        if event.tag is not None:
            self._note_tag(event.tag, Span(node.line, node.column, node.line, node.column + 1))
        if type(value) is dict:
            node.keys = {}
        if self._stack and self._stack[-1].key is None and type(self._stack[-1].node.value) is dict:
            self._note("yaml-broken", _key_message(self._stack[-1].node, node), node.span)
            raise _Stop
        if len(self._stack) >= MAX_DEPTH:
            self._refuse_depth(node.span)
        self._stack.append(_Frame(node, event.anchor, bool(event.flow_style)))

    def _end_mapping(self, event: Any) -> None:
        frame = self._stack[-1]
        for merged in frame.merges or ():
            self._merge(frame.node, merged)
        self._end(event)

    def _end(self, event: Any) -> None:
        frame = self._stack.pop()
        node = frame.node
        if frame.flow or not node.value:
            node.end_line, node.end_column = event.end_mark.line + 1, event.end_mark.column + 1
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (node, frame.size, frame.height)
        self._add(node, frame.size, frame.height)

    def _alias(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        span = Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)
        if event.anchor not in self._anchors:
            name = event.anchor
            self._note("yaml-broken", f"Define the anchor `&{name}` before its alias `*{name}`.", span)
            raise _Stop
        node, size, height = self._anchors[event.anchor]
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and type(frame.node.value) is dict:
            self._alias_as_key(frame, node, span)
            return
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            self._note("yaml-too-large", f"Use fewer aliases: they stand for over {MAX_ALIASED} values.", span)
            raise _Stop
        if len(self._stack) + height > MAX_DEPTH:
            self._refuse_depth(span)
        self._add(node, size, height)

    def _alias_as_key(self, frame: _Frame, node: Node, span: Span) -> None:
        if isinstance(node.value, (dict, list)):
            self._note("yaml-broken", _NO_KEY, span)
            raise _Stop
        frame.key = node.text if node.text is not None else str(node.value)
        frame.key_place = packed(span.line, span.column, span.end_column)

    def _add(self, node: Node, size: int, height: int) -> None:
        """Put a finished node where it belongs."""
        if not self._stack:
            self.documents.append(node)
            return
        frame = self._stack[-1]
        frame.size += size
        if height >= frame.height:
            frame.height = height + 1
        parent = frame.node
        parent.end_line, parent.end_column = node.end_line, node.end_column
        if type(parent.value) is list:
            parent.value.append(node)
            return
        key, frame.key = frame.key, None
        if key in parent.value:
            self._note_duplicate(parent, str(key), unpacked(frame.key_place))
        elif key == "<<" and type(node.value) in (dict, list):
            frame.merges = [*(frame.merges or ()), *(node.value if type(node.value) is list else (node,))]
            return
        parent.value[key] = node
        parent.keys[str(key)] = frame.key_place

    def _merge(self, node: Node, merged: Node) -> None:
        """YAML 1.1 merge keys: what the mapping says itself wins, then the earlier of the merged ones."""
        if not isinstance(merged.value, dict):
            self._note("yaml-broken", "Merge a mapping with `<<`, not another value.", merged.span)
            return
        for key, value in merged.value.items():
            if key not in node.value:
                node.value[key] = value
                node.keys[key] = merged.keys[key]

    def _refuse_depth(self, span: Span) -> None:
        self._note("yaml-too-deep", f"Nest fewer levels: at most {MAX_DEPTH} are read.", span)
        raise _Stop

    def _note(self, rule: str, message: str, span: Span, also: tuple[tuple[str, Span, str], ...] = ()) -> None:
        self.findings.append(finding(rule, message, self.file, span, also=also))
        if len(self.findings) >= MAX_FINDINGS:
            raise _Stop

    def _note_tag(self, tag: str, span: Span) -> None:
        self._note("yaml-tag", f"Remove the tag `{tag}`: flows are plain data.", span)

    def _note_octal(self, text: str, span: Span) -> None:
        plain = str(int(text))
        message = f"Write {plain}, or quote it: `{text}` reads as {plain} here and as octal elsewhere."
        self._note("yaml-octal", message, span)

    def _note_duplicate(self, parent: Node, key: str, span: Span) -> None:
        first = parent.key_span(key)
        message = f"Remove one `{key}`: line {first.line} says it already."
        also = ((self.file, first, f"`{key}` is said here first"),)
        self._note("yaml-duplicate-key", message, span, also)


def _key_message(holder: Node, key: Node) -> str:
    is_template = type(key.value) is dict and (key.line, key.column) == (holder.line, holder.column + 1)
    return "Put the template in quotes: without them `{{` begins two mappings." if is_template else _NO_KEY


def _broken_message(error: yaml.MarkedYAMLError, span: Span, data: bytes) -> str:
    from reconciler.flows.yaml_words import advice  # most files are YAML

    problem = error.problem or "it cannot be read"
    begin = span.line if error.context_mark is None else error.context_mark.line + 1
    line = LINE_BREAK.split(data.decode("utf-8-sig"))[span.line - 1]
    found = advice(problem, begin, line[span.column - 1 : span.column])
    context = f" ({error.context})" if error.context else ""
    return f"Mend the YAML here: {found or problem + context}."


def _error_span(error: yaml.MarkedYAMLError) -> Span:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Span(1, 1, 1, 1)
    return Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)


def _within(span: Span, data: bytes) -> Span:
    """The span, or the end of the text where the parser says a place behind it."""
    lines = LINE_BREAK.split(data.decode("utf-8-sig"))
    line = min(span.line, len(lines))
    longest = len(lines[line - 1]) + 1
    column = longest if line < span.line else min(span.column, longest)
    return Span(line, column, line, min(column + 1, longest))
