"""An op made ready for an executor: every template rendered, environment and init from its params."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.engine.book import Book
from reconciler.engine.context import full_context, next_attempt
from reconciler.engine.model import AttemptSpec
from reconciler.engine.resolve import number
from reconciler.engine.scopes import Node
from reconciler.flows.literals import shown
from reconciler.flows.model import IO, Json
from reconciler.plan.model import Source
from reconciler.plan.rendered import is_rendered
from reconciler.plan.templates import render_data

_NOTHING = Source("none")
_READ_BY_US = frozenset({"init", "connections", "ports"})  # of a run section
_AS_PATHS = frozenset({None, "path", "str", "s3", "gcs", "wasb", "uri", "any"})


def attempt_spec(book: Book, node: Node) -> AttemptSpec:
    """The spec of the op's next attempt. Raises TemplateError, ValueError (a sentence)."""
    op, facts, state = node.op, book.facts, node.state
    run = op.run if is_rendered(op.run) else render_data(op.run, full_context(book, node))
    attempt, following = next_attempt(book, node), state.attempts + 1
    spec = AttemptSpec(
        attempt, book.run.id, node.path, following, op.kind, facts.flow, facts.repository, facts.commit, run
    )
    spec.namespace, spec.queue = op.namespace or facts.namespace, op.queue
    if op.timeout is not None:
        spec.timeout = number(book, node, "timeout", op.timeout)
    if not _READ_BY_US.isdisjoint(run):
        spec.init, spec.connections = tuple(run.get("init") or ()), tuple(run.get("connections") or ())
        spec.ports = tuple(port for port in run.get("ports") or () if isinstance(port, int))
    if state.params:
        _give_params(spec, node, state.params)
    return spec


def _give_params(spec: AttemptSpec, node: Node, params: Mapping[str, Json]) -> None:
    io = {io.name: io for io in (*node.op.outputs, *node.op.inputs)}
    spec.params, spec.env = params, dict(_environment(node, params, io))
    spec.init = (*spec.init, *_inits(node, params, io))


def _environment(node: Node, params: Mapping[str, Json], io: Mapping[str, IO]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        variable = node.op.sources.get(name, _NOTHING).to_env or (io[name].to_env if name in io else None)
        if variable and value is not None:
            yield variable, shown(value)


def _inits(node: Node, params: Mapping[str, Json], io: Mapping[str, IO]) -> Iterator[Mapping[str, Json]]:
    for name, value in params.items():
        source, declared = node.op.sources.get(name, _NOTHING), io.get(name) or IO(name)
        wanted = declared.to_init if source.to_init is None else source.to_init
        connection = source.connection or declared.connection
        if wanted and (value is not None or connection):
            yield _init(declared.type, value, connection)


def _init(kind: str | None, value: Json, connection: str | None) -> Mapping[str, Json]:
    named: dict[str, Json] = {"connection": connection} if connection else {}
    if value is None:
        return named
    if kind in _AS_PATHS:
        return {**named, "paths": value if isinstance(value, list) else [value]}
    return {**named, str(kind): {"url": value} if kind == "git" and isinstance(value, str) else value}
