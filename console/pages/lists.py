"""The pages that list: repositories with their commits, a commit with its checks, a flow with its runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from console.pages.answers import page
from console.pages.reading import PAGE, World
from console.pages.worded import WordedChecks
from reconciler.records import CheckRow, RepositoryRow
from webhooks.asgi import HTTPException, Request, Response

_COMMITS, _FLOWS = 10, 50  # of a repository that the first page shows
_SHA = re.compile(r"[0-9a-f]{4,40}")


def home(request: Request, world: World, checks: WordedChecks) -> Response:
    """Every repository with its newest commits and its flows."""
    repositories = [_repository(world, checks, row) for row in world.records.repositories()[:PAGE]]
    local = world.records.runs(limit=20)
    return page(request, "home.html", {"repositories": repositories, "local": local})


def repository(request: Request, world: World, checks: WordedChecks) -> Response:
    """One repository with its newest commits and its flows."""
    row = world.records.repository(request.path_params["repository"])
    if row is None:
        raise HTTPException(404, "There is no such repository. The list of repositories names all that are watched.")
    local = world.records.runs(repository=row.name, limit=20)
    return page(request, "home.html", {"repositories": [_repository(world, checks, row)], "local": local})


def _repository(world: World, checks: WordedChecks, row: RepositoryRow) -> dict[str, Any]:
    flows = [flow for flow in world.records.flows(row.name, scope="") if not flow.retired]
    shas = world.records.commits_with_checks(row.name, _COMMITS)
    commits = [{"sha": sha, "checks": checks.shown(world.records.checks(row.name, sha)[:PAGE])} for sha in shas]
    return {"row": row, "commits": commits, "flows": flows[:_FLOWS], "more_flows": max(0, len(flows) - _FLOWS)}


def commit(request: Request, world: World, checks: WordedChecks) -> Response:
    """The checks of a commit, in every repository that has it, and the runs that it started."""
    wanted = request.path_params["sha"]
    if not _SHA.fullmatch(wanted):
        raise HTTPException(404, f"{wanted} is no commit: name it by 4 to 40 hexadecimal digits.")
    sha, rows = _commit(world, wanted)
    runs = world.records.runs(sha=sha, limit=PAGE)
    if not rows and not runs:
        raise HTTPException(404, f"Nothing is known of commit {wanted}. It may not have been looked at yet.")
    return page(request, "commit.html", {"sha": sha, "checks": checks.shown(rows[:PAGE]), "runs": runs})


def _commit(world: World, wanted: str) -> tuple[str, list[CheckRow]]:
    found: dict[str, list[CheckRow]] = {}
    for repository in world.records.repositories()[:PAGE]:
        shas = [wanted] if len(wanted) == 40 else world.records.commits_with_checks(repository.name, PAGE)
        for sha in shas:
            if sha.startswith(wanted):
                found.setdefault(sha, []).extend(world.records.checks(repository.name, sha))
    if len(found) > 1:
        raise HTTPException(404, f"More than one commit begins with {wanted}. Add some of its next digits.")
    return next(iter(found.items()), (wanted, []))


def flow(request: Request, world: World) -> Response:
    """A flow and its newest runs."""
    row = world.records.flow(request.path_params["flow"])
    if row is None:
        raise HTTPException(404, "There is no such flow. The list of repositories names all of them.")
    runs: Sequence[Any] = world.records.runs(flow=row.id, limit=PAGE)
    schedule = world.records.schedule(row.id)
    values = {"flow": row, "runs": runs, "more": len(runs) == PAGE, "schedule": schedule.next_at if schedule else None}
    return page(request, "flow.html", values)
