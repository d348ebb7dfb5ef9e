"""The JSON API, version 1: runs and their ops for programs. Reads only; every list is bounded."""

from __future__ import annotations

from typing import Any

from console.pages.reading import PAGE, World, find_run, tell
from reconciler.checks import run_text
from reconciler.checks.ops import OpView
from reconciler.records import RunRow
from webhooks.asgi import JSONResponse, Request, Response


def runs(request: Request, world: World) -> Response:
    """`GET /api/v1/runs?flow=&sha=&repository=`: the newest runs."""
    flow, sha, repository = (request.query_params.get(key) or None for key in ("flow", "sha", "repository"))
    found = world.records.runs(flow, sha, repository, limit=PAGE)
    return JSONResponse({"version": 1, "runs": [_run(row) for row in found]})


def run(request: Request, world: World) -> Response:
    """`GET /api/v1/runs/<id>`: one run with its verdict in a sentence and how many ops stand where."""
    row = find_run(world, request.path_params["run"])
    story = tell(world, row).story
    counted = {status.value: number for status, number in sorted(story.tally.items()) if number}
    failed = [_op(view) for view in story.failed[:PAGE]]
    return JSONResponse(
        {"version": 1, "run": _run(row), "verdict": run_text.title(story), "ops": counted, "failed": failed}
    )


def ops(request: Request, world: World) -> Response:
    """`GET /api/v1/runs/<id>/ops?page=`: the ops of a run in order, a page at a time."""
    row = find_run(world, request.path_params["run"])
    views = tell(world, row).story.views
    asked = request.query_params.get("page", "1")
    number = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
    shown = views[(number - 1) * PAGE : number * PAGE]
    return JSONResponse({"version": 1, "ops": [_op(view) for view in shown], "page": number, "total": len(views)})


def _run(row: RunRow) -> dict[str, Any]:
    state = row.state
    return {
        "id": row.id,
        "flow": row.facts.flow,
        "flow_id": state.flow,
        "repository": row.repository,
        "commit": row.facts.commit,
        "status": state.status.value,
        "reason": state.reason,
        "message": state.message,
        "cause": row.cause,
        "created_at": state.created_at,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
    }


def _op(view: OpView) -> dict[str, Any]:
    state = view.state
    return {
        "path": view.path,
        "status": state.status.value,
        "reason": state.reason,
        "message": state.message,
        "attempt": state.attempt,
        "attempts": state.attempts,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
        "outputs": dict(state.outputs) if state.outputs is not None else None,
        "reused": state.cached_from,
    }
