"""Params of an op: from their sources, through templates and defaults, to values of the declared types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.engine.book import Book
from reconciler.engine.context import Context, artifacts_of, bare_context, full_context, op_values
from reconciler.engine.model import OpState
from reconciler.engine.reasons import MISSING_INPUT
from reconciler.engine.scopes import GraphScope, Node
from reconciler.flows.model import IO, Json
from reconciler.flows.types import convert
from reconciler.plan.hooks import HOOK_NAMES
from reconciler.plan.model import PlannedHook, Source
from reconciler.plan.pieces import TemplateError
from reconciler.plan.templates import evaluate_condition, render_data

_MATRIX = Source("matrix")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an op cannot start: a stable reason and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The values that could be found, and the first thing that is wrong with them."""

    params: Mapping[str, Json]
    problem: Problem | None = None


NO_PARAMS: Mapping[str, Json] = {}


def resolve(book: Book, node: Node, combination: Mapping[str, Json] | None = None) -> Resolved:
    """The op's params. `combination` are the values of a sweep's child; the rest was resolved with its sweep."""
    if combination is not None:
        swept = {**(node.home.owner.state.params or {}), **combination}
        return _declared(node, swept, {}, only=frozenset(combination))
    if not (node.op.inputs or node.op.sources or node.hook_of):
        return Resolved(NO_PARAMS)
    context = bare_context(book, node)
    given, missing = hook_params(node, context), {}
    try:
        defaults = {io.name: render_data(io.value, context) for io in node.op.inputs if io.has_value}
        for name, source in node.op.sources.items():
            value, why = _value(book, node, source, context)
            if why:
                missing[name] = why
            elif source.kind not in ("none", "matrix"):
                given[name] = value
    except TemplateError as error:
        return Resolved(given, Problem("ConfigError", f"A param cannot be computed: {error}"))
    return _declared(node, {**defaults, **given}, missing, None)


def hook_params(node: Node, context: Context) -> dict[str, Json]:
    """What a hook is given without asking: the facts of the op that it follows."""
    if node.hook_of is None or _planned_hook(node).disable_defaults:
        return {}
    return {name: context[name] for name in HOOK_NAMES}


def _planned_hook(node: Node) -> PlannedHook:
    assert node.hook_of is not None
    return node.hook_of.op.hooks[int(node.path.rpartition("!")[2])]


def _declared(node: Node, given: dict[str, Json], missing: Mapping[str, str], only: frozenset[str] | None) -> Resolved:
    params, problem = dict(given), None
    for io in node.op.inputs:
        if only is None or io.name in only:
            try:
                params[io.name] = convert(io, given.get(io.name))
            except ValueError as error:
                problem = problem or Problem("ConfigError", str(error))
        if _is_unbound(node, io, given):
            why = missing.get(io.name, "nothing gives it a value")
            problem = problem or Problem(MISSING_INPUT, f"Input `{io.name}` has no value: {why}.")
    return Resolved(params, problem)


def _is_unbound(node: Node, io: IO, given: Mapping[str, Json]) -> bool:
    if io.has_value or io.is_optional or given.get(io.name) is not None:
        return False
    is_swept = node.op.matrix is not None and node.op.sources.get(io.name, _MATRIX).kind == "matrix"
    return not is_swept  # its children will tell


def _value(book: Book, node: Node, source: Source, context: Context) -> tuple[Json, str]:
    """A value, or why there is none."""
    match source.kind:
        case "value":
            return render_data(source.value, context), ""
        case "op" if source.op is not None:
            scope = node.home
            assert isinstance(scope, GraphScope)
            path = scope.path_of(source.op)
            return _field(book, path, book.state(path), source.field)
        case "dag":
            return _dag_field(book, node.home.owner, source.field)
        case "join" if source.join is not None:
            return _column(node, source.join, source.field), ""
    return None, ""


def _field(book: Book, path: str, state: OpState, field: str) -> tuple[Json, str]:
    part, _, name = field.partition(".")
    match part:
        case "artifacts":
            found = artifact(artifacts_of(book, path, state), name)
        case "io":
            both = {**(state.params or {}), **(state.outputs or {})}
            found = both.get(name) if name else both
        case "globals":
            found = {**op_values(book, path, state), "finished_at": state.finished_at}.get(name)
        case _:
            values = op_values(book, path, state).get(part) or {}
            found = values.get(name) if name else values
    return (found, "") if found is not None else (None, f"op `{path}` ended {state.status} without {field}")


def artifact(base: Json, name: str) -> Json:
    """A place within an op's artifacts: `base` itself, or what `name` (`outputs`, `model.best`) says."""
    if isinstance(base, list):
        return [artifact(item, name) for item in base]
    if base is None or name in ("", "base"):
        return base
    return f"{base}/{name.replace('.', '/')}"


def _dag_field(book: Book, owner: Node, field: str) -> tuple[Json, str]:
    part, _, name = field.partition(".")
    if part not in ("inputs", "io"):
        return _field(book, owner.path, owner.state, field)
    params = owner.state.params or {}
    return (params.get(name) if name else dict(params)), ""


def _column(node: Node, join: int, field: str) -> Json:
    rows = (node.join_rows or ())[join]
    return [row.get(field) for row in rows]


def condition_holds(book: Book, node: Node, conditions: str, params: Mapping[str, Json]) -> tuple[bool, str]:
    """Whether conditions of the op hold, and what they were evaluated with. Raises TemplateError."""
    holds = evaluate_condition(conditions, full_context(book, node, params))
    used = {name: value for name, value in params.items() if name in conditions}
    values = ", ".join(f"{name} = {value!r}" for name, value in sorted(used.items()))
    return holds, f"{conditions} (with {values})" if values else conditions


def setting(book: Book, node: Node, value: Json) -> Json:
    """A setting of the op that may be a template (`maxRetries: "{{ params.n }}"`). Raises TemplateError."""
    return render_data(value, full_context(book, node)) if isinstance(value, str) else value


def number(book: Book, node: Node, name: str, value: Json) -> float | None:
    """A setting that is to be a number. Raises ValueError with a sentence."""
    try:
        found = setting(book, node, value)
        return None if found is None or found == "" else float(found)
    except (TemplateError, TypeError, ValueError):
        raise ValueError(f"`{name}` is to be a number, not {value!r}.") from None


def flag(book: Book, node: Node, value: Json) -> bool | None:
    """A setting that is to be true or false; None where nothing was said. Raises TemplateError."""
    if not isinstance(value, str):
        return None if value is None else bool(value)
    return evaluate_condition(value, full_context(book, node))
