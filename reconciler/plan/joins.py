"""Joins judged: whether their queries and sorts can be read. Those with templates are known only when the op runs."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.plan.layers import Ready
from reconciler.plan.queries import QueryError, parse_query, parse_sort
from reconciler.plan.report import Report
from reconciler.plan.templates import templates_in


def check_joins(ready: Ready, report: Report) -> None:
    """Report every query and sort that could find nothing but an error."""
    for join in ready.operation.joins:
        _check(ready, "query", join.query, parse_query, report)
        _check(ready, "sort", join.sort or "", parse_sort, report)


def _check(ready: Ready, field: str, text: str, parse: Callable[[str], object], report: Report) -> None:
    if templates_in(text):
        return
    try:
        parse(text)
    except QueryError as error:
        place = report.text_place(text, text.find(error.part), ready.sources)
        report.add("query-invalid", str(error), place, f"{ready.path}.joins.{field}", error.suggestion)
