"""Pull requests and the files they change."""

from __future__ import annotations

from tests.github.answers import Answer
from tests.github.records import PullRequest
from tests.github.routing import Call, route
from tests.github.shapes import pulls

FILES = 3000  # more of them GitHub does not list


@route("GET /repos/{owner}/{repo}/pulls")
def list_pulls(call: Call) -> Answer:
    repo, query = call.repository("pull_requests:read"), call.query
    rows = [row for row in repo.pulls.values() if query.get("state", "open") in (row.state, "all")]
    if "base" in query:
        rows = [row for row in rows if row.base_ref == query["base"]]
    if "head" in query:
        rows = [row for row in rows if row.head and f"{row.head.owner.login}:{row.head_ref}" == query["head"]]
    return call.page(
        _sorted(rows, query.get("sort", "created"), query.get("direction")), lambda row: _simple(call, row)
    )


def _sorted(rows: list[PullRequest], by: str, direction: str | None) -> list[PullRequest]:
    descending = (direction or ("desc" if by == "created" else "asc")) == "desc"
    moment = (
        (lambda row: (row.updated_at, row.number)) if by == "updated" else (lambda row: (row.created_at, row.number))
    )
    return sorted(rows, key=moment, reverse=descending)


def _simple(call: Call, row: PullRequest) -> dict[str, object]:
    return pulls.pull_request_simple(call.at, row)


@route("GET /repos/{owner}/{repo}/pulls/{pull_number}")
def get_pull(call: Call) -> Answer:
    row = call.pull("pull_requests:read")
    comments = len(call.world.state.comments_of(row))
    conflicts = row.repository.git.merged_tree(row.base_sha, row.head_sha) is None
    mergeable = None if row.state == "closed" else not conflicts
    return Answer(200, pulls.pull_request(call.at, row, comments, mergeable))


@route("GET /repos/{owner}/{repo}/pulls/{pull_number}/files")
def list_files(call: Call) -> Answer:
    row = call.pull("pull_requests:read")
    files = row.repository.git.changed_files(row.base_sha, row.head_sha)[:FILES]
    return call.page(files, lambda file: pulls.changed_file(call.at, row, file))
