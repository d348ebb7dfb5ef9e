"""Joins judged: whether their queries and sorts can be read. Those with templates are known only when the op runs."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.flows.findings import Severity
from reconciler.plan.layers import Ready
from reconciler.plan.queries import QueryError, parse_query, parse_sort
from reconciler.plan.report import Report
from reconciler.plan.templates import templates_in


def check_joins(ready: Ready, report: Report) -> str | None:
    """Report every query and sort that cannot be read; the sentence that says why a run cannot start with it.

    A word that is near to a field is a mistake; others may mean something to Polyaxon.
    """
    found = None
    for join in ready.operation.joins:
        found = found or _check(ready, "query", join.query, parse_query, report)
        found = found or _check(ready, "sort", join.sort or "", parse_sort, report)
    return found


def _check(ready: Ready, field: str, text: str, parse: Callable[[str], object], report: Report) -> str | None:
    if templates_in(text):
        return None
    try:
        parse(text)
    except QueryError as error:
        place = report.text_place(text, text.find(error.part), error.part, ready.sources)
        severity = None if error.suggestion else Severity.WARNING
        path = f"{ready.path}.joins.{field}"
        report.add("query-invalid", str(error), place, path, error.suggestion, severity=severity)
        return str(error)
    return None
