"""The page of an op's log: windows of plain lines, opened at the likely error, and the download of every byte."""

from __future__ import annotations

from typing import Any

from console.pages.ansi import html_of
from console.pages.answers import page
from console.pages.log_lines import LINES, LogLines, LogPage
from console.pages.log_search import search
from console.pages.reading import World, find_run, is_live
from console.pages.rendering import Html
from reconciler.checks.log_excerpt import likely_error, plain_lines
from reconciler.checks.words import count, quoted, when
from reconciler.engine.model import Status
from reconciler.records import PlaceRow, RunRow
from reconciler.steps.intents import LOG_LINES
from webhooks.asgi import HTTPException, Request, Response, StreamingResponse

_TEXT = 200  # characters that are searched for


def log_page(request: Request, world: World, lines: LogLines) -> Response:
    """`/runs/<id>/logs/<op>?from=<line>&attempt=<id>&search=<text>`.

    Without `from` the lines that hold the text, else the window of the likely error or of the end.
    """
    row, path, attempt, failed = _found(request, world)
    elsewhere = kept_elsewhere(world, attempt) if attempt else None
    if elsewhere is not None:
        values = {"row": row, "op": path, "attempt": attempt, "run_link": f"/runs/{row.id}?op={quoted(path)}"}
        return page(request, "log_elsewhere.html", values | _where(elsewhere, request))
    text = request.query_params.get("search", "")[:_TEXT]
    if text and attempt and "from" not in request.query_params:
        return page(request, "log_search.html", _found_lines(world, row, path, attempt, text))
    wanted = request.query_params.get("from", "")
    error = _error_line(world, lines, attempt) if attempt and failed else None
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 12 else error
    window = lines.page(attempt, number) if attempt else LogPage((), 1, 0, False)
    base = f"/runs/{row.id}/logs/{quoted(path)}"
    values = _values(row, path, attempt, window, base, error) | {"search": text, "pruned": _pruned(world, attempt)}
    return page(request, "log.html", values)


def _pruned(world: World, attempt: str) -> str:
    """When the log was pruned; empty where it was not."""
    known = world.records.attempt(attempt) if attempt else None
    return when(known.pruned_at) if known is not None and known.pruned_at is not None else ""


def kept_elsewhere(world: World, attempt: str) -> PlaceRow | None:
    """The place that keeps the log of an attempt, if that is not this one."""
    row = world.records.attempt(attempt)
    if not world.place or row is None or row.place in ("", world.place):
        return None
    return world.places.place(row.place) or PlaceRow(row.place, "", "", "")


def _where(place: PlaceRow, request: Request) -> dict[str, Any]:
    there = f"{place.address}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
    lost = "The place was given up, and its log with it." if place.given_up_at else ""
    return {"place": place.name, "link": there if place.address and not lost else "", "lost": lost}


def _values(row: RunRow, path: str, attempt: str, window: LogPage, base: str, error: int | None) -> dict[str, Any]:
    last = window.first + len(window.lines) - 1
    more = f"&attempt={quoted(attempt)}"
    return {
        "row": row,
        "op": path,
        "attempt": attempt,
        "live": is_live(row),
        "run_link": f"/runs/{row.id}?op={quoted(path)}",
        "first": f"{window.first:,}",
        "last": f"{last:,}",
        "total": f"{window.total:,}" if window.total else "",
        "rotated": window.rotated,
        "error": error if error is not None and window.first <= error <= last else 0,
        "lines": [
            {"number": window.first + index, "html": Html(html_of(text)), "error": window.first + index == error}
            for index, text in enumerate(window.lines)
        ],
        "earlier": f"{base}?from={max(1, window.first - LINES)}{more}" if window.first > 1 else "",
        "later": f"{base}?from={last + 1}{more}" if last < window.total else "",
        "end": f"{base}?from={window.total}{more}#L{window.total}",
        "download": f"{base}/download?attempt={quoted(attempt)}",
    }


def _found_lines(world: World, row: RunRow, path: str, attempt: str, text: str) -> dict[str, Any]:
    found = search(world.logs, attempt, text)
    base = f"/runs/{row.id}/logs/{quoted(path)}"
    return {
        "row": row,
        "op": path,
        "attempt": attempt,
        "run_link": f"/runs/{row.id}?op={quoted(path)}",
        "log": f"{base}?attempt={quoted(attempt)}",
        "search": text,
        "counted": count(found.total, "line"),
        "shown": len(found.lines) if found.total > len(found.lines) else 0,
        "whole": found.whole,
        "lines": [
            {
                "number": number,
                "link": f"{base}?from={number}&attempt={quoted(attempt)}&search={quoted(text)}#L{number}",
                "html": Html(html_of(line)),
            }
            for number, line in found.lines
        ],
    }


def _error_line(world: World, lines: LogLines, attempt: str) -> int | None:
    tail = plain_lines(world.logs.tail(attempt, LOG_LINES))
    at = likely_error(tail)
    return None if at is None else max(1, lines.page(attempt).total - len(tail) + at + 1)


def download(request: Request, world: World, lines: LogLines) -> Response:
    """The log as it was written, byte for byte."""
    _, path, attempt, _ = _found(request, world)
    if not attempt:
        raise HTTPException(404, f"{path} has not started, so there is no log.")
    if (elsewhere := kept_elsewhere(world, attempt)) is not None:
        raise HTTPException(404, f"The log is kept at {elsewhere.name}. {elsewhere.address}".rstrip())
    name = "".join(char if char.isalnum() else "-" for char in path) if path.isascii() else "op"
    headers = {"Content-Disposition": f'attachment; filename="{name}-{quoted(attempt)[:20]}.log"'}
    return StreamingResponse(lines.whole(attempt), headers=headers, media_type="application/octet-stream")


def _found(request: Request, world: World) -> tuple[RunRow, str, str, bool]:
    """The run, the op's path, the attempt asked for ("" = none yet) and whether it failed."""
    row = find_run(world, request.path_params["run"])
    path = request.path_params["op"]
    asked = request.query_params.get("attempt", "")
    if asked:
        attempt = world.records.attempt(asked)
        if attempt is None or attempt.op != path or attempt.run != row.id:
            raise HTTPException(
                404, f"{path} has no such attempt in this run. The op's part of the run's page lists them."
            )
        return row, path, attempt.id, attempt.status == Status.FAILED
    state = next((op.state for op in world.records.ops(row.id) if op.state.path == path), None)
    failed = state is not None and state.status is Status.FAILED
    return row, path, (state.attempt or "") if state else "", failed
