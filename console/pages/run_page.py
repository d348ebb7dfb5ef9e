"""The page of a run: the verdict and its reasons first, then one of the views over the same ops."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from console.pages.answers import page
from console.pages.reading import PAGE, ToldRun, World, attempts_of, find_run, is_live, metrics_of, op_state, tell
from console.pages.rendering import Html
from reconciler.checks import graph_svg, run_text
from reconciler.checks.causes import container
from reconciler.checks.comparing import compared
from reconciler.checks.evidence import Story
from reconciler.checks.glyphs import look
from reconciler.checks.ops import OpView, planned
from reconciler.checks.timeline_svg import timeline
from reconciler.checks.words import ROWS, clip, count, quoted
from reconciler.engine.model import FINAL, GOOD, OpState, Status
from reconciler.engine.reasons import AWAITING_APPROVAL, TAKEN_OVER
from reconciler.plan.model import PlannedOp
from reconciler.records import RunRow
from reconciler.steps.starting import run_id
from webhooks.asgi import Request, Response

_VIEWS = ("graph", "table", "timeline", "why")
_FAILURES = 5  # told in full; the table has all
_ALL_BOXES = 5_000  # drawn when asked for
_JSON = 64_000  # characters of inputs or outputs that are shown
_RELOAD = 5  # seconds
_SAME = "an earlier run had the same inputs, code and image"


def run_page(request: Request, world: World) -> Response:
    """`/runs/<id>?view=table|graph|timeline|why&op=<path>&page=<n>`."""
    told = tell(world, find_run(world, request.path_params["run"]))
    query = request.query_params
    view = query.get("view", "graph") if query.get("view", "graph") in _VIEWS else "graph"
    links = Links(told.row.id, view, {key: query[key] for key in ("op", "all") if query.get(key)})
    values = {
        **_head(told, links),
        **_numbers(told.story),
        "lost": world.records.lost(told.story.evidence.ops),
        **_asked(world, told.row, query.get("asked", "")),
        "view": view,
        "op": _op(world, told, query["op"], links) if query.get("op") else None,
        **_VIEW[view](world, told, links, query),
    }
    live = is_live(told.row)
    return page(request, "run.html", values, refresh=_RELOAD if live and query.get("refresh") else 0)


class Links:
    """Addresses of the same page in another state."""

    def __init__(self, run: str, view: str, kept: Mapping[str, str]) -> None:
        self._run = run
        self._state = {"view": view, **kept}

    def to(self, anchor: str = "", **changed: str | int | None) -> str:
        """The address with some of its state changed; None leaves it out."""
        state = {**self._state, **changed}
        query = urlencode({key: value for key, value in state.items() if value is not None})
        return f"/runs/{self._run}?{query}{anchor}"

    def op(self, path: str) -> str:
        """The address with an op chosen."""
        return self.to("#op", op=path)

    def log(self, path: str) -> str:
        """The address of an op's log."""
        return f"/runs/{self._run}/logs/{quoted(path)}"


def _head(told: ToldRun, links: Links) -> dict[str, Any]:
    story = told.story
    tabs = {name: links.to(view=name) for name in _VIEWS}
    tabs |= {"all": links.to(all=1), "refresh": links.to(refresh=_RELOAD), "calm": links.to()}
    return {
        "row": told.row,
        "verdict": run_text.title(story),
        "failures": [_failure(story, view, links) for view in story.failed[:_FAILURES]],
        "more_failures": max(0, len(story.failed) - _FAILURES),
        "live": is_live(told.row),
        "can_resume": told.row.state.status not in GOOD,
        "plan_hash": told.plan.hash[:12],
        "post": f"/runs/{told.row.id}",
        "tabs": tabs,
        "commands": run_text.commands(story),
    }


def _numbers(story: Story) -> dict[str, Any]:
    found = compared(story.evidence)
    return {
        "numbers": found[:ROWS],
        "more_numbers": max(0, len(found) - ROWS),
        "changed": any(one.before is not None and one.now != one.before for one in found),
        "good": story.evidence.last_good_run,
    }


def _failure(story: Story, view: OpView, links: Links) -> dict[str, Any]:
    cause = story.cause(view)
    shown = story.excerpts.get(view.path)
    lines = shown.lines if shown else ()
    return {
        "path": view.path,
        "link": links.op(view.path),
        "what": cause.what,
        "do": cause.do,
        "place": _place(view.planned),
        "excerpt": [{"text": text, "error": index == (shown and shown.error)} for index, text in enumerate(lines)],
        "log": links.log(view.path),
    }


def _place(op: PlannedOp | None) -> str:
    return f"{op.file}:{op.line}" if op is not None and op.file and op.line else ""


def _asked(world: World, row: RunRow, request: str) -> dict[str, Any]:
    """What became of a request that a form made."""
    asked = world.records.request(request) if request else None
    if asked is None or asked.target != row.id:
        return {"asked": "", "new_run": ""}
    answer = asked.answer or f"Asked to {asked.verb}; it is done within moments. Reload to see what came of it."
    started = run_id(row.state.flow, f"request:{asked.id}") if asked.verb in ("restart", "copy") else ""
    return {"asked": answer, "new_run": started if started and world.records.run(started) else ""}


def _graph(world: World, told: ToldRun, links: Links, query: Mapping[str, str]) -> dict[str, Any]:
    graph, story = told.plan.graph, told.story
    most = _ALL_BOXES if query.get("all") else graph_svg.BOXES
    drawn = graph_svg.Drawn(
        {view.path: view for view in story.views},
        graph_svg.sweeps(story.views),
        selected=query.get("op", ""),
        link=links.op,
        most=most,
    )
    number = graph_svg.boxes(graph)
    drawing = graph_svg.svg(graph, drawn, title=f"Ops of {told.row.facts.flow}")
    return {"drawing": Html(drawing), "boxes": f"{number:,}", "hidden_boxes": number > most}


def _table(world: World, told: ToldRun, links: Links, query: Mapping[str, str]) -> dict[str, Any]:
    views = told.story.views
    pages = max(1, -(-len(views) // PAGE))
    number = min(max(_number(query.get("page", "1")), 1), pages)
    start = (number - 1) * PAGE
    shown = views[start : start + PAGE]
    return {
        "counted": _counted(told.story),
        "ops": [_line(told.story, view, links) for view in shown],
        "range": f"{start + 1:,} to {start + len(shown):,} of {count(len(views), 'op')}" if shown else "",
        "earlier": links.to(page=number - 1) if number > 1 else "",
        "later": links.to(page=number + 1) if number < pages else "",
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _counted(story: Story) -> str:
    order = {status: index for index, status in enumerate(Status)}
    numbers = sorted(story.tally.items(), key=lambda item: order[item[0]])
    return ", ".join(f"{number:,} {look(status).word}" for status, number in numbers if number)


def _line(story: Story, view: OpView, links: Links) -> dict[str, Any]:
    state = view.state
    ended_badly = state.status in FINAL - {Status.SUCCEEDED}
    why = story.cause(view).what if ended_badly else (state.message or state.reason)
    return {
        "path": view.path,
        "depth": min(view.depth, 3),
        "link": links.op(view.path),
        "status": state.status,
        "why": "reused an earlier result" if state.cached_from else clip(why, 300),
        "took": run_text.took(view),
        "attempts": state.attempts or "",
    }


def _why(world: World, told: ToldRun, links: Links, query: Mapping[str, str]) -> dict[str, Any]:
    events = world.records.events(told.row.id, limit=PAGE)
    return {"reasons": _reasons(told), "events": events, "more_events": len(events) == PAGE}


def _reasons(told: ToldRun) -> list[str]:
    story, row = told.story, told.row
    said = [f"The run was started because: {row.cause}."] if row.cause else []
    for view in story.leaves:
        state = view.state
        if len(said) >= PAGE:
            break
        if state.status in FINAL - {Status.SUCCEEDED}:
            said.append(f"`{view.path.replace('`', '')}` {story.cause(view).what}")
        elif state.cached_from:
            taken = state.reason == TAKEN_OVER
            why = "its result was taken over from the run before" if taken else _SAME
            said.append(f"`{view.path.replace('`', '')}` did not run: {why}.")
        elif state.message and state.status not in FINAL:
            said.append(f"`{view.path.replace('`', '')}` is {look(state.status).word}: {state.message}")
    return said or ["Nothing stands out: no op failed, was skipped or waits for anything."]


def _timeline(world: World, told: ToldRun, links: Links, query: Mapping[str, str]) -> dict[str, Any]:
    return {"drawing": Html(timeline(told.plan.graph, told.story.views, world.clock.now(), links.op))}


_VIEW = {"graph": _graph, "table": _table, "timeline": _timeline, "why": _why}


def _op(world: World, told: ToldRun, path: str, links: Links) -> dict[str, Any]:
    state = op_state(told, path)
    op = planned(told.plan, path)
    view = OpView(path, op, state)
    ended_badly = state.status in FINAL - {Status.SUCCEEDED}
    image = container(op).get("image")
    return {
        "state": state,
        "cause": told.story.cause(view) if ended_badly else None,
        "place": _place(op),
        "image": image if isinstance(image, str) else "",
        "attempts": attempts_of(world, told.row, path),
        "metrics": metrics_of(world, state.attempt),
        "params": _json(state.params),
        "outputs": _json(state.outputs),
        "log": links.log(path),
        "awaits": _awaits(state, op),
        "open": state.status not in FINAL,
    }


def _awaits(state: OpState, op: PlannedOp | None) -> bool:
    return state.reason == AWAITING_APPROVAL and state.status not in FINAL


def _json(values: Mapping[str, Any] | Sequence[Any] | None) -> str:
    return clip(json.dumps(values, indent=2, ensure_ascii=False, default=dict), _JSON) if values else ""
