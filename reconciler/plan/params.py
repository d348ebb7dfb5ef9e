"""Params bound: where every input gets its value, whether it fits, and which edges that makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.flows.findings import Severity
from reconciler.flows.model import IO, Json, Param
from reconciler.flows.near import Guess
from reconciler.flows.nodes import Node
from reconciler.flows.params import ref_problem
from reconciler.flows.types import compatible, convert
from reconciler.plan.fields import Fault, bare_field, field_fault, field_io, inline_ref, passed_names, unknown_op
from reconciler.plan.layers import Ready
from reconciler.plan.names import Names
from reconciler.plan.report import Place, key_place
from reconciler.plan.suggestions import near, said
from reconciler.plan.sweeps import is_open
from reconciler.plan.templates import templates_in

Taken = tuple[str, Json, int | None, str]  # of a param: kind, value, op and field of its source
_NOWHERE: Taken = ("none", None, None, "")


@dataclass(frozen=True, slots=True)
class Bound:
    """Where an op's params get their values, the required inputs without one, and what cannot be resolved yet."""

    taken: Mapping[str, Taken]
    unbound: tuple[str, ...] = ()
    unsupported: str | None = None


def bind(ready: Ready, names: Names, given: tuple[str, ...] = (), *, required: bool = True) -> Bound:
    """Bind the params of one op.

    `given` are inputs that get a value in another way, as those of hooks do; required inputs without a value are
    errors unless `required` is false.
    """
    binding = _Binding(ready, names)
    taken = {name: binding.taken(name, param) for name, param in ready.operation.params.items()}
    unbound = _unbound(ready, given)
    unexplained = binding.undeclared(unbound)
    if required and unexplained:
        binding.missing(unexplained)
    return Bound(taken, unbound, binding.unsupported)


def param_place(ready: Ready, name: str) -> Place:
    """The key of a param in the file that passes it."""
    source = ready.source_of("params", name)
    return key_place(*ready.sources[0], "params") if source is None else key_place(*source, "params", name)


def param_value_place(ready: Ready, name: str, param: Param) -> Place:
    """The value of a param, else its key."""
    place = param_place(ready, name)
    return Place(place.file, param.node) if param.node is not None else place


def _misfit_place(ready: Ready, name: str, param: Param) -> Place:
    """What does not fit: the `value` of a param that is written in full, else all of it."""
    place = param_value_place(ready, name, param)
    value = param.node.get("value") if param.node is not None else None
    return place if value is None else Place(place.file, value)


def _unbound(ready: Ready, given: tuple[str, ...]) -> tuple[str, ...]:
    body, params = ready.body, ready.operation.params
    if body is None or not body.required or is_open(ready.operation.matrix):
        return ()
    open_names = [name for name in body.required if name not in params or _is_silent(params[name])]
    if not open_names:
        return ()
    bound = {*passed_names(ready)} - params.keys() | {*given}
    return tuple(name for name in open_names if name not in bound)


def _is_silent(param: Param) -> bool:
    return param.ref is None and param.value is None


def _is_under(node: Node | None, key: str) -> bool:
    return node is not None and isinstance(node.value, dict) and key in node.value


@dataclass(slots=True)
class _Binding:
    """The params of one op while they are bound."""

    ready: Ready
    names: Names
    unsupported: str | None = None

    def taken(self, name: str, param: Param) -> Taken:
        inline = inline_ref(param.value) if param.ref is None else None
        ref, field = inline or (param.ref, None)
        if ref is None:
            return self._literal(name, param)
        field = field or bare_field(param.value)
        if ref == "dag":
            return self._of_dag(name, param, field)
        if ref.startswith("ops."):
            return self._of_op(name, param, ref, field, implied=inline is not None)
        if ref.startswith("runs.") and ref_problem(ref) is None:
            self.unsupported = f"Param `{name}` reads another run (`{ref}`), which is not supported yet."
            self._say(name, param, Fault("kind-unsupported", self.unsupported))
            return _NOWHERE
        self.names.report.spoil()  # no such kind of reference: said where the file was read
        return _NOWHERE

    def undeclared(self, unbound: tuple[str, ...]) -> list[str]:
        """Report params that the component does not declare; what of `unbound` none of them was meant for."""
        body, meant = self.ready.body, set()
        if body is None:
            return []
        params = self.ready.operation.params.items()
        lost = [(name, param) for name, param in params if name not in body.declared and not param.context_only]
        for name, param in lost:
            guess = near(name, [other for other in unbound if other not in meant])
            if guess is not None and len(lost) == len(unbound) == 1:
                guess = Guess(guess, sure=True)  # the one value and the one input without a value
            meant.add(guess)
            self._undeclared(name, param, guess, body.declared)
        unexplained = [name for name in unbound if name not in meant]
        return self._unswept(unexplained) if unexplained else []

    def _unswept(self, unbound: list[str]) -> list[str]:
        """What of `unbound` no matrix is written for: one that could not be read was told of where it was."""
        _, node = self.ready.source_of("matrix") or ("", None)
        if node is None:
            return unbound
        matrix, read = node.at("matrix"), self.ready.operation.matrix
        left = [] if read is None else [name for name in unbound if not _is_under(matrix.get("params"), name)]
        if len(left) < len(unbound):
            self.names.report.spoil()
        return left

    def _undeclared(self, name: str, param: Param, guess: str | None, known: Mapping[str, IO]) -> None:
        strict = self.ready.operation.strict_params or param.context_only is False
        severity = Severity.ERROR if guess or strict else None
        guess = guess or near(name, known)
        end = said(guess, "declare an input of that name or remove the param.")
        message = f"The component declares no input `{name}`; {end}"
        path = f"{self.ready.path}.params.{name}"
        self.names.report.add(
            "param-undeclared", message, param_place(self.ready, name), path, guess, severity=severity
        )

    def missing(self, names: list[str]) -> None:
        """Report required inputs that got nothing."""
        file, node = self.ready.operation.file, self.ready.operation.node
        listed = ", ".join(f"`{name}`" for name in names)
        message = f"Pass {listed} under `params`: required and without a value."
        keys = ("params", "inputs", "name")
        key = next((key for key in keys if node is not None and node.get(key) is not None), "name")
        self.names.report.add("param-missing", message, key_place(file, node, key), self.ready.path)

    def _literal(self, name: str, param: Param) -> Taken:
        value, texts = param.value, templates_in(param.value)
        for text in texts:
            self.names.check_text(text, f"{self.ready.path}.params.{name}")
        io = self.ready.declared.get(name)
        if io is not None and param.has_value and not texts:
            try:
                value = convert(io, value)
            except ValueError as error:
                place = _misfit_place(self.ready, name, param)
                self.names.report.add("param-type", _sentence(error), place, f"{self.ready.path}.params.{name}")
        return ("value" if param.has_value else "none", value, None, "")

    def _of_dag(self, name: str, param: Param, field: str | None) -> Taken:
        dag = self.names.level.dag
        if dag is None:
            self._say(name, param, Fault("param-ref-invalid", "`ref: dag` is known only to the ops of a dag."))
        elif field is None or field.startswith("outputs"):
            self.names.report.spoil()  # nothing to read, or outputs of the dag: said where the file was read
        else:
            self._check_field(name, param, field, "dag", dag)
        return ("dag", None, None, field or "")

    def _of_op(self, name: str, param: Param, ref: str, field: str | None, *, implied: bool) -> Taken:
        index = self.names.level.indexes.get(ref.removeprefix("ops."))
        if index is None:
            self._say(name, param, unknown_op(ref.removeprefix("ops."), self.names.level.indexes))
            return _NOWHERE
        if implied:
            self.names.edges.imply(index, param_value_place(self.ready, name, param))
        else:
            self.names.edges.add(index, param_place(self.ready, name), reads=True)
        if field is None:
            self.names.report.spoil()  # nothing to read: said where the file was read
            return _NOWHERE
        self._check_field(name, param, field, ref, self.names.level.ops[index])
        files = param.value if isinstance(param.value, dict) else None
        return ("op", files, index, field)

    def _check_field(self, name: str, param: Param, field: str, owner: str, target: Ready) -> None:
        fault = field_fault(field, owner, target)
        give, take = field_io(field, target), self.ready.declared.get(name)
        if fault is None and give is not None and take is not None and not compatible(give, take):
            message = f"`{field}` of `{owner}` is {_typed(give)}, but `{name}` takes {_typed(take)}."
            fault = Fault("param-type", message)
        if fault is not None and fault.rule == "param-ref-invalid" and param.ref is not None:
            self.names.report.spoil()  # no such field of any op: said where the file was read
        elif fault is not None:
            self._say(name, param, fault)

    def _say(self, name: str, param: Param, fault: Fault) -> None:
        found = _misfit_place if fault.rule == "param-type" else param_value_place
        place = found(self.ready, name, param)
        path = f"{self.ready.path}.params.{name}"
        in_template = param.ref is None and fault.rule in _OF_NAMES
        rule = "template-unknown-name" if in_template else fault.rule
        self.names.report.add(rule, fault.message, place, path, fault.suggestion)


_OF_NAMES = frozenset(("op-unknown", "output-unknown"))  # of what a `ref` names; in a template it is one more name


def _typed(io: IO) -> str:
    kind = io.type or "any"
    return f"a list of {kind}" if io.is_list else kind


def _sentence(error: ValueError) -> str:
    text = str(error)
    return text if text.endswith((".", "?")) else f"{text}."
