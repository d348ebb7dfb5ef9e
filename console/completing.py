"""Completion of flows, runs and ops in a shell: what the store knows, and nothing where there is no store."""

from __future__ import annotations

from collections.abc import Iterable

import click

from console.failures import Failure

_MOST = 50


def complete_run(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Ids of the newest runs."""
    return _matching(_runs(context), begun)


def complete_flow(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Names of flows."""
    return _matching(_flows(context), begun)


def complete_op(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Paths of the ops of the run that was named before."""
    return _matching(_ops(context), begun)


def complete_subject(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Runs and flows."""
    return _matching([*_flows(context), *_runs(context)], begun)


def _runs(context: click.Context) -> list[str]:
    from console.reading import reading

    try:
        with reading(context.params) as store:
            return ["@last", *(row.id for row in store.runs(limit=_MOST))]
    except Failure:
        return []


def _flows(context: click.Context) -> list[str]:
    from console.reading import reading

    try:
        with reading(context.params) as store:
            return sorted({row.name for row in store.flows() if not row.retired})
    except Failure:
        return []


def _ops(context: click.Context) -> list[str]:
    from console.naming import find_run
    from console.reading import reading
    from reconciler.checks.ops import views
    from reconciler.steps.plans import plan_of

    try:
        with reading(context.params) as store:
            row = find_run(store, str(context.params.get("run") or context.params.get("subject") or "@last"))
            return [view.path for view in views(plan_of(store, row), [op.state for op in store.ops(row.id)])]
    except Failure:
        return []


def _matching(words: Iterable[str], begun: str) -> list[str]:
    return [word for word in words if word.startswith(begun)]
