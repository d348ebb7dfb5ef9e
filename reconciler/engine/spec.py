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
_AS_PATHS = frozenset({None, "path", "str", "s3", "gcs", "wasb", "uri", "any"})


def attempt_spec(book: Book, node: Node) -> AttemptSpec:
    """The spec of the op's next attempt. Raises TemplateError, ValueError (a sentence)."""
    op, facts, params, following = node.op, book.facts, node.state.params or {}, node.state.attempts + 1
    run = op.run if is_rendered(op.run) else render_data(op.run, full_context(book, node))
    io = {io.name: io for io in (*op.outputs, *op.inputs)} if params else {}
    inits, ports = _inits(node, params, io) if params else (), run.get("ports")
    return AttemptSpec(
        attempt=next_attempt(book, node),
        run=book.run.id,
        op=node.path,
        number=following,
        kind=op.kind,
        flow=facts.flow,
        repository=facts.repository,
        commit=facts.commit,
        run_section=run,
        env=dict(_environment(node, params, io)) if params else {},
        params=params,
        init=(*(run.get("init") or ()), *inits),
        connections=tuple(run.get("connections") or ()),
        ports=tuple(port for port in ports if isinstance(port, int)) if ports else (),
        timeout=None if op.timeout is None else number(book, node, "timeout", op.timeout),
        namespace=op.namespace or facts.namespace,
        queue=op.queue,
    )


def _environment(node: Node, params: Mapping[str, Json], io: Mapping[str, IO]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        variable = node.op.sources.get(name, _NOTHING).to_env or (io[name].to_env if name in io else None)
        if variable and value is not None:
            yield variable, shown(value)


def _inits(node: Node, params: Mapping[str, Json], io: Mapping[str, IO]) -> Iterator[Mapping[str, Json]]:
    for name, value in params.items():
        source, declared = node.op.sources.get(name, _NOTHING), io.get(name, IO(name))
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
