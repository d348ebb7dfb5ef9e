"""Fields of ops: what `outputs.loss` after `ops.train` means, and which of them exist."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from reconciler.flows.model import IO, Json
from reconciler.plan.layers import Ready
from reconciler.plan.suggestions import near, said
from reconciler.plan.sweeps import swept_names
from reconciler.plan.vocabulary import GLOBALS

_HEADS = ("inputs", "outputs", "io", "artifacts", "globals")
_BRACES = re.compile(r"\s*\{\{\s*(.*?)\s*\}\}\s*", re.DOTALL)
_INLINE = re.compile(r"\s*\{\{\s*(?:ops\.(?P<op>[-\w]+)|(?P<dag>dag))\.(?P<field>[-\w]+(?:\.[-\w]+)*)\s*\}\}\s*")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a name or field cannot be read: the rule, a sentence, a near name, the word in the text that is meant."""

    rule: str
    message: str
    suggestion: str | None = None
    word: str | None = None


def unknown_op(name: str, known: Collection[str]) -> Fault:
    """The fault of an op that no sibling is."""
    guess = near(name, known)
    return Fault("op-unknown", f"There is no op `{name}` beside this one; {said(guess, 'correct the name.')}", guess)


def bare_field(value: Json) -> str | None:
    """The field that the `value` beside a `ref` names, without braces; None where it is no such text."""
    if isinstance(value, dict) and value and set(value) <= {"files", "dirs", "workers"}:
        return "artifacts"
    if not isinstance(value, str):
        return None
    braced = _BRACES.fullmatch(value)
    return braced.group(1) if braced else value.strip()


def inline_ref(value: Json) -> tuple[str, str] | None:
    """`("ops.a", "outputs.x")` for a value that is exactly `{{ ops.a.outputs.x }}`, `("dag", …)` for the dag's."""
    found = _INLINE.fullmatch(value) if isinstance(value, str) and "{{" in value else None
    if found is None:
        return None
    return (f"ops.{found['op']}" if found["op"] else "dag", found["field"])


def field_fault(field: str, owner: str, ready: Ready | None) -> Fault | None:
    """Why `field` of an op cannot be read, or None. `owner` is how the author names the op."""
    head, _, name = field.partition(".")
    if head not in _HEADS or (head != "artifacts" and "." in name):
        known = "`outputs.x`, `inputs.x`, `artifacts.x` or `globals.x`"
        return Fault("param-ref-invalid", f"Take {known} from `{owner}`, not `{field}`.", near(head, _HEADS))
    if head == "globals" and name and name not in GLOBALS:
        return _unknown(name, GLOBALS, f"There is no `globals.{name}`")
    if head in ("inputs", "outputs") and name and ready is not None and ready.component is not None:
        return _undeclared(head, name, owner, ready)
    return None


def passed_names(ready: Ready) -> list[str]:
    """The names of all that an op passes to its component: params, and what its matrix and joins give."""
    joined = [name for join in ready.operation.joins for name in join.params]
    return [*ready.operation.params, *joined, *swept_names(ready.operation.matrix)]


def _undeclared(head: str, name: str, owner: str, ready: Ready) -> Fault | None:
    assert ready.component is not None
    known = [io.name for io in (ready.component.outputs if head == "outputs" else ready.component.inputs)]
    if head == "inputs":
        known += passed_names(ready)
    return None if name in known else _unknown(name, known, f"`{owner}` declares no {head[:-1]} `{name}`")


def _unknown(name: str, known: list[str] | tuple[str, ...], start: str) -> Fault:
    guess = near(name, known)
    return Fault("output-unknown", f"{start}; {said(guess, 'correct the name.')}", guess)


def field_io(field: str, ready: Ready | None) -> IO | None:
    """The declared input or output that `field` reads, where there is one and it gives one value."""
    head, _, name = field.partition(".")
    if ready is None or ready.component is None or ready.operation.matrix is not None:
        return None
    declared = {"outputs": ready.component.outputs, "inputs": ready.component.inputs}.get(head, ())
    return next((io for io in declared if io.name == name), None)
