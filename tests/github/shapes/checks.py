"""JSON of check suites, check runs and commit statuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from tests.github.records import CheckRun, CheckSuite, PullRequest, Status
from tests.github.shapes.accounts import Addresses, Json, app, moment, node_id, user
from tests.github.shapes.repositories import address, simple_commit, simple_repository


def check_run(at: Addresses, row: CheckRun, pulls: Sequence[PullRequest]) -> Json:
    repo = row.suite.repository
    url = f"{address(at, repo)}/check-runs/{row.id}"
    page = f"{at.web}/{repo.full_name}/runs/{row.id}"
    return {
        "id": row.id,
        "node_id": node_id("CheckRun", row.id),
        "head_sha": row.suite.head_sha,
        "external_id": row.external_id,
        "url": url,
        "html_url": page,
        "details_url": row.details_url or page,
        "status": row.status,
        "conclusion": row.conclusion,
        "started_at": moment(row.started_at),
        "completed_at": moment(row.completed_at),
        "output": {
            "title": row.title,
            "summary": row.summary,
            "text": row.text,
            "annotations_count": len(row.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "name": row.name,
        "check_suite": {"id": row.suite.id},
        "app": app(at, row.suite.app),
        "pull_requests": [_pull(at, pull) for pull in pulls],
    }


def annotation(at: Addresses, row: CheckRun, item: dict[str, Any]) -> Json:
    repo = row.suite.repository
    names = ("start_column", "end_column", "title", "raw_details")
    return {
        **{name: item.get(name) for name in names},
        **{name: item[name] for name in ("path", "start_line", "end_line", "annotation_level", "message")},
        "blob_href": f"{at.web}/{repo.full_name}/blob/{row.suite.head_sha}/{quote(item['path'])}",
    }


def check_suite(at: Addresses, row: CheckSuite, runs: Sequence[CheckRun], pulls: Sequence[PullRequest]) -> Json:
    url = f"{address(at, row.repository)}/check-suites/{row.id}"
    return {
        "id": row.id,
        "node_id": node_id("CheckSuite", row.id),
        "head_branch": row.head_branch,
        "head_sha": row.head_sha,
        "status": suite_status(runs),
        "conclusion": suite_conclusion(runs),
        "url": url,
        "before": "0" * 40,
        "after": row.head_sha,
        "pull_requests": [_pull(at, pull) for pull in pulls],
        "app": app(at, row.app),
        "created_at": moment(row.created_at),
        "updated_at": moment(row.created_at),
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{url}/check-runs",
        "head_commit": simple_commit(row.repository, row.head_sha),
        "repository": simple_repository(at, row.repository),
        "rerequestable": True,
        "runs_rerequestable": True,
    }


def suite_status(runs: Sequence[CheckRun]) -> str:
    if not runs:
        return "queued"
    return "completed" if all(run.status == "completed" for run in runs) else "in_progress"


# The worst one speaks for the suite.
_WORST = ("failure", "timed_out", "cancelled", "action_required", "stale", "success", "neutral", "skipped")


def suite_conclusion(runs: Sequence[CheckRun]) -> str | None:
    if suite_status(runs) != "completed":
        return None
    return min((run.conclusion or "failure" for run in runs), key=_WORST.index)


def status(at: Addresses, row: Status) -> Json:
    """A commit status with its author."""
    return {**simple_status(at, row), "creator": user(at, row.creator)}


def simple_status(at: Addresses, row: Status) -> Json:
    return {
        "url": f"{address(at, row.repository)}/statuses/{row.sha}",
        "avatar_url": f"{at.web}/avatars/{row.creator.id}",
        "id": row.id,
        "node_id": node_id("StatusContext", row.id),
        "state": row.state,
        "description": row.description,
        "target_url": row.target_url,
        "context": row.context,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.created_at),
    }


def combined_status(at: Addresses, row_of: Sequence[Status], repo: Any, sha: str) -> Json:
    """The newest status of each context, and the one state that follows from them."""
    newest = {row.context: row for row in sorted(row_of, key=lambda row: row.id)}
    states = {row.state for row in newest.values()}
    verdict = (
        "failure" if states & {"failure", "error"} else "pending" if "pending" in states or not states else "success"
    )
    return {
        "state": verdict,
        "statuses": [simple_status(at, row) for row in newest.values()],
        "sha": sha,
        "total_count": len(newest),
        "repository": simple_repository(at, repo),
        "commit_url": f"{address(at, repo)}/commits/{sha}",
        "url": f"{address(at, repo)}/commits/{sha}/status",
    }


def _pull(at: Addresses, row: PullRequest) -> Json:
    def repo(which: Any) -> Json:
        return {"id": which.id, "url": address(at, which), "name": which.name}

    return {
        "id": row.id,
        "number": row.number,
        "url": f"{address(at, row.repository)}/pulls/{row.number}",
        "head": {"ref": row.head_ref, "sha": row.head_sha, "repo": repo(row.head)},
        "base": {"ref": row.base_ref, "sha": row.base_sha, "repo": repo(row.repository)},
    }
