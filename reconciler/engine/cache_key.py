"""What a result depends on, as one hash: two ops of the same key would do the same work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.engine.book import Book
from reconciler.engine.model import OpState
from reconciler.engine.scopes import GraphScope, Node, SweepScope
from reconciler.flows.model import Json
from reconciler.plan.encoding import digest
from reconciler.plan.model import HASH_VERSION
from reconciler.plan.templates import compile_template, templates_in

_SECTIONS = {
    "containers": ("container", "containers", "sidecars"),
    "init": ("init",),
    "connections": ("connections",),
}


def cache_key(book: Book, node: Node, params: Mapping[str, Json]) -> str:
    """The key of an op whose params are resolved: 64 hexadecimal digits.

    It covers the component with its templates unrendered (image, command, args, env, init, …), the code id, the
    params, the outputs of upstreams that it reads, the attempts whose artifacts it reads, and its joins' rows.
    """
    op = node.op
    return digest(
        {
            "version": HASH_VERSION,
            "kind": op.kind,
            "run": _sections(op.run, op.cache.sections),
            "code": book.plan.code,
            "params": dict(_params(book, node, params)),
            "outputs": sorted([io.name, io.type, io.is_list] for io in op.outputs),
            "reads": dict(_reads(book, node)),
            "joins": [[dict(row) for row in rows] for rows in node.join_rows or ()],
        }
    )


def _sections(run: Mapping[str, Json], wanted: tuple[str, ...] | None) -> Mapping[str, Json]:
    if wanted is None:
        return dict(run)
    kept = {name for section in wanted for name in _SECTIONS.get(section, ())}
    return {name: value for name, value in run.items() if name in kept}


def _params(book: Book, node: Node, params: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for name, value in params.items():
        if node.op.cache.io is not None and name not in node.op.cache.io:
            continue
        source = _source(node, name)
        if source is not None and source[1].partition(".")[0] == "artifacts":
            yield name, {"attempt": _attempts(book, *source), "field": source[1]}
        else:
            yield name, value


def _source(node: Node, name: str) -> tuple[str, str] | None:
    source, scope = node.op.sources.get(name), _dag_of(node)
    if source is None or source.op is None or scope is None:
        return None
    return scope.path_of(source.op), source.field


def _dag_of(node: Node) -> GraphScope | None:
    """The dag whose ops the op can read: a sweep's child reads what its sweep does."""
    scope = node.scope.owner.scope if isinstance(node.scope, SweepScope) else node.scope
    return scope if isinstance(scope, GraphScope) else None


def _reads(book: Book, node: Node) -> Iterator[tuple[str, Json]]:
    """What templates of the run section read of siblings directly."""
    scope = _dag_of(node)
    if scope is None:
        return
    for text in templates_in(dict(node.op.run)):
        for path in compile_template(text).names:
            if len(path) > 1 and path[0] == "ops" and path[1] in scope.names:
                state = book.state(scope.path_of(scope.names[str(path[1])]))
                yield ".".join(map(str, path)), _read(book, state, path[2:])


def _read(book: Book, state: OpState, path: tuple[str | int, ...]) -> Json:
    if path and path[0] == "artifacts":
        return _attempts(book, state.path, "")
    values: Json = {"outputs": dict(state.outputs or {}), "inputs": dict(state.params or {}), "status": state.status}
    for part in path:
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _attempts(book: Book, path: str, _field: str) -> Json:
    state = book.state(path)
    if state.sweep is None:
        return state.artifacts
    return [book.state(f"{path}[{index}]").artifacts for index in range(int(state.sweep.get("planned", 0)))]
