"""Names in templates: which can exist where a template stands, and the edges that reading another op adds."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from reconciler.plan.bodies import own_names
from reconciler.plan.expressions import Path
from reconciler.plan.fields import Fault, field_fault, passed_names, unknown_op
from reconciler.plan.layers import Ready
from reconciler.plan.level import Edges, Level
from reconciler.plan.pieces import TemplateError
from reconciler.plan.report import Place, Report
from reconciler.plan.suggestions import near, said
from reconciler.plan.templates import Template, compile_condition, compile_template, templates_in
from reconciler.plan.vocabulary import GLOBALS, PARAM_FIELDS, ROOTS, is_known

_DASHED = re.compile(r"[A-Za-z_]\w*(?:-\w+)+")
_NAME = re.compile(r"\w+(?:\.\w[-\w]*|\[[^\]\n]*\])*")
_CLOSE = re.compile(r"[}%#]\}")
_NAMING = (("params",), ("matrix", "params"), ("inputs",), ("component", "inputs"))


@dataclass(slots=True)
class Names:
    """What the templates of one op may name; `given` are names that it gets in another way, as hooks do."""

    ready: Ready
    level: Level
    edges: Edges
    report: Report
    given: tuple[str, ...] = ()
    _known: frozenset[str] | None = None
    _written: frozenset[str] | None = None

    @property
    def known(self) -> frozenset[str]:
        """All that may be named without a prefix: inputs, outputs, params, connections."""
        if self._known is None:
            body = self.ready.body
            own = own_names(body.declared, body.run) if body is not None else ()
            self._known = frozenset((*own, *passed_names(self.ready), *self.given))
        return self._known

    @property
    def written(self) -> frozenset[str]:
        """Names that stand in the file but could not be read: their own finding is enough."""
        if self._written is None:
            self._written = frozenset(_written(self.ready))
        return self._written

    def uses(self, name: str) -> bool:
        """Whether a template of the op's run section names a param."""
        run = self.ready.run
        return run is not None and any(name in used[:2] for text in templates_in(run.data) for used in _paths(text))

    def check_data(self, data: object, path: str) -> None:
        """Check every template in plain data."""
        for text in templates_in(data):
            self.check_text(text, path)

    def check_text(self, text: str, path: str) -> None:
        """Check one template."""
        self._check(text, path, bare=False)

    def check_condition(self, text: str, path: str) -> None:
        """Check a condition, which may be an expression without braces."""
        self._check(text, path, bare=True)

    def _check(self, text: str, path: str, *, bare: bool) -> None:
        try:
            template = compile_condition(text) if bare else compile_template(text)
        except TemplateError as error:
            place = self._place(text, *_meant(text, error.offset))
            self.report.add(error.rule, error.message, place, path)
            return
        for used in template.names:
            if self.report.full:
                return
            fault = self._fault(used, template, path)
            if fault is not None:
                place = self._place(text, *_said(template, used, fault.word))
                self.report.add(fault.rule, fault.message, place, path, fault.suggestion)

    def _place(self, text: str, offset: int, word: str) -> Place:
        return self.report.text_place(text, offset, word, self.ready.sources)

    def _fault(self, used: Path, template: Template, path: str) -> Fault | None:
        if is_known(used, self.known):
            return None
        head = str(used[0])
        if head in _READ:
            return _READ[head](self, used, template, path)
        if head in self.written:
            return None
        return _unknown(head, (*sorted(self.known), *ROOTS), template.expression_text(used))

    def _param(self, used: Path, template: Template, path: str) -> Fault | None:
        text = template.expression_text(used)
        if used[1] in self.known:
            return _unknown(str(used[2]), PARAM_FIELDS, text, f"params.{used[1]}.")
        written = str(used[1]) in self.written
        return None if written else _unknown(str(used[1]), sorted(self.known), text, "params.")

    def _global(self, used: Path, template: Template, path: str) -> Fault | None:
        return _unknown(str(used[1]), GLOBALS, template.expression_text(used), "globals.")

    def _dag(self, used: Path, template: Template, path: str) -> Fault | None:
        if self.level.dag is None:
            return Fault("template-unknown-name", "`dag` is known only to the ops of a dag.")
        return _as_template_fault(field_fault(_dotted(used[1:3]), "dag", self.level.dag)) if len(used) > 1 else None

    def _op(self, used: Path, template: Template, path: str) -> Fault | None:
        if len(used) < 2:
            return None
        name = str(used[1])
        index = self.level.indexes.get(name)
        if index is None:
            return _as_template_fault(unknown_op(name, self.level.indexes))
        if index not in self.edges.places:
            self.edges.imply(index, self._place(template.text, *_said(template, used)))
        self.edges.read(index)
        fault = field_fault(_dotted(used[2:4]), f"ops.{name}", self.level.ops[index]) if len(used) > 2 else None
        return _as_template_fault(fault)


def _said(template: Template, used: Path, word: str | None = None) -> tuple[int, str]:
    """Where a word of a template stands, else the name that it uses, and how it is written."""
    offset = template.offset_of(used, word)
    if word is not None and template.text.startswith(word, offset):
        return offset, word
    name = _NAME.match(template.text, offset)
    return offset, name.group() if name else ""


def _meant(text: str, offset: int) -> tuple[int, str]:
    """Where the expression at `offset` stands, after its braces or with them, and how it is written."""
    offset += len(text[offset:]) - len(text[offset:].lstrip())
    braces = text[offset : offset + 2] in ("{{", "{%", "{#")
    end = _CLOSE.search(text, offset)
    if end is None:
        return offset, text[offset:]
    return offset, text[offset : end.end() if braces else end.start()].rstrip()


def _paths(text: str) -> tuple[Path, ...]:
    try:
        return compile_template(text).names
    except TemplateError:
        return ()


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)


def _as_template_fault(fault: Fault | None) -> Fault | None:
    return None if fault is None else Fault("template-unknown-name", fault.message, fault.suggestion)


def _written(ready: Ready) -> Iterator[str]:
    for _, node in ready.sources:
        for path in _NAMING:
            inner = node.at(*path) if node is not None and node.get(str(path[0])) is not None else None
            if inner is not None and isinstance(inner.value, dict):
                yield from inner.value
            elif inner is not None and isinstance(inner.value, list):
                yield from (name for item in inner.value if type(name := item.at("name").value) is str)


def _unknown(name: str, known: Collection[str], text: str, prefix: str = "") -> Fault:
    """The fault of a name that nothing has. A word with dashes reads as a subtraction: it is one cause."""
    word = next((word for word in _DASHED.findall(text) if name in word.split("-")), name)
    if word in known and prefix in ("", "params."):
        right = f"params['{word}'].value"
        message = f"`{word}` reads as a subtraction here; write `{right}`."
        return Fault("template-unknown-name", message, right, word)
    guess = near(word, known)
    end = said(f"{prefix}{guess}" if guess else None, "declare an input or correct the name.")
    return Fault("template-unknown-name", f"Nothing is called `{prefix}{word}` here; {end}", guess, word)


_READ: Mapping[str, Callable[[Names, Path, Template, str], Fault | None]] = {
    "params": Names._param,
    "globals": Names._global,
    "dag": Names._dag,
    "ops": Names._op,
}
