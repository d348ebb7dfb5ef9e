"""Joins of an op as questions: queries with their templates rendered, and which values of each row are read."""

from __future__ import annotations

from reconciler.engine.book import Book
from reconciler.engine.context import Context, full_context
from reconciler.engine.decisions import JoinQuery
from reconciler.engine.resolve import resolve
from reconciler.engine.scopes import GraphScope, Node
from reconciler.flows.model import Json
from reconciler.plan.model import PlannedJoin
from reconciler.plan.queries import parse_query, parse_sort
from reconciler.plan.templates import compile_template, render, render_data

MAX_ROWS = 5000


def join_queries(book: Book, node: Node) -> tuple[JoinQuery, ...]:
    """The op's joins, ready to be asked. Raises ValueError (TemplateError among them) with a sentence."""
    node.join_rows = tuple(() for _ in node.op.joins)  # params that read them are empty while the queries are rendered
    try:
        context = full_context(book, node, resolve(book, node).params)
    finally:
        node.join_rows = None
    return tuple(_query(book, node, index, join, context) for index, join in enumerate(node.op.joins))


def _query(book: Book, node: Node, index: int, join: PlannedJoin, context: Context) -> JoinQuery:
    fields = sorted({source.field for source in node.op.sources.values() if source.join == index})
    sort = "" if join.sort is None else str(render(compile_template(join.sort), context))
    query = str(render(compile_template(join.query), context))
    parse_query(query)
    parse_sort(sort or None)
    return JoinQuery(
        query=query,
        sort=sort or None,
        limit=min(_count("limit", render_data(join.limit, context), MAX_ROWS), MAX_ROWS),
        offset=_count("offset", render_data(join.offset, context), 0),
        fields=tuple(fields),
        within=_within(node, join),
    )


def _count(name: str, value: Json, default: int) -> int:
    if value is None or value == "":
        return default
    try:
        found = int(value)
    except (TypeError, ValueError):
        raise ValueError(f"`joins.{name}` is to be a whole number, not {value!r}.") from None
    if found < 0:
        raise ValueError(f"`joins.{name}` is to be 0 or more, not {found}.")
    return found


def _within(node: Node, join: PlannedJoin) -> str | None:
    scope = node.scope
    return scope.path_of(join.op) if join.op is not None and isinstance(scope, GraphScope) else None
