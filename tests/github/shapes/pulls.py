"""JSON of pull requests, their files and their comments."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from tests.github.git_hosting import ChangedFile
from tests.github.records import Comment, PullRequest, Reaction, Repository
from tests.github.shapes.accounts import Addresses, Json, app, association, moment, node_id, user
from tests.github.shapes.repositories import address, repository

REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket")


def _end(at: Addresses, row: Repository | None, ref: str, sha: str) -> Json:
    owner = row.owner.login if row else "unknown"
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(at, row.owner) if row else None,
        "repo": repository(at, row) if row else None,
    }


def pull_request_simple(at: Addresses, row: PullRequest) -> Json:
    """A pull request as lists give it."""
    url, page = f"{address(at, row.repository)}/pulls/{row.number}", _page(at, row)
    issue = f"{address(at, row.repository)}/issues/{row.number}"
    addresses = {
        "commits": f"{url}/commits",
        "review_comments": f"{url}/comments",
        "review_comment": f"{address(at, row.repository)}/pulls/comments{{/number}}",
        "comments": f"{issue}/comments",
        "statuses": f"{address(at, row.repository)}/statuses/{row.head_sha}",
    }
    links = {**addresses, "html": page, "issue": issue, "self": url}
    return {
        "url": url,
        "id": row.id,
        "node_id": node_id("PullRequest", row.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        **{f"{name}_url": target for name, target in addresses.items()},
        "number": row.number,
        "state": row.state,
        "locked": False,
        "title": row.title,
        "user": user(at, row.author),
        "body": row.body,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
        "closed_at": moment(row.closed_at),
        "merged_at": moment(row.merged_at),
        "merge_commit_sha": row.merge_commit_sha,
        "assignee": None,
        **{name: [] for name in ("assignees", "requested_reviewers", "requested_teams", "labels")},
        "milestone": None,
        "draft": row.draft,
        "head": _end(at, row.head, row.head_ref, row.head_sha),
        "base": _end(at, row.repository, row.base_ref, row.base_sha),
        "_links": {name: {"href": target} for name, target in links.items()},
        "author_association": association(row.repository, row.author),
        "auto_merge": None,
        "active_lock_reason": None,
    }


def pull_request(at: Addresses, row: PullRequest, comments: int, mergeable: bool | None) -> Json:
    """A pull request asked for by itself."""
    files = row.repository.git.changed_files(row.base_sha, row.head_sha)
    return {
        **pull_request_simple(at, row),
        "merged": row.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": {True: "clean", False: "dirty", None: "unknown"}[mergeable],
        "merged_by": user(at, row.merged_by) if row.merged_by else None,
        "comments": comments,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": row.repository.git.count(row.base_sha, row.head_sha),
        "additions": sum(file.additions for file in files),
        "deletions": sum(file.deletions for file in files),
        "changed_files": len(files),
    }


def changed_file(at: Addresses, row: PullRequest, file: ChangedFile) -> Json:
    path, page = quote(file.path), f"{at.web}/{row.repository.full_name}"
    return {
        "sha": file.blob,
        "filename": file.path,
        "status": file.status,
        "additions": file.additions,
        "deletions": file.deletions,
        "changes": file.additions + file.deletions,
        "blob_url": f"{page}/blob/{row.head_sha}/{path}",
        "raw_url": f"{page}/raw/{row.head_sha}/{path}",
        "contents_url": f"{address(at, row.repository)}/contents/{path}?ref={row.head_sha}",
        **({"previous_filename": file.previous} if file.previous else {}),
    }


def comment(at: Addresses, row: Comment) -> Json:
    repo = row.pull.repository
    url = f"{address(at, repo)}/issues/comments/{row.id}"
    return {
        "id": row.id,
        "node_id": node_id("IssueComment", row.id),
        "url": url,
        "html_url": f"{_page(at, row.pull)}#issuecomment-{row.id}",
        "issue_url": f"{address(at, repo)}/issues/{row.pull.number}",
        "user": user(at, row.author),
        "body": row.body,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
        "author_association": association(repo, row.author),
        "performed_via_github_app": app(at, row.app) if row.app else None,
        "reactions": _rollup(url, row.reactions),
    }


def reaction(at: Addresses, row: Reaction) -> Json:
    return {
        "id": row.id,
        "node_id": node_id("Reaction", row.id),
        "user": user(at, row.person),
        "content": row.content,
        "created_at": moment(row.created_at),
    }


def _rollup(url: str, reactions: Sequence[Reaction]) -> Json:
    counts = {name: sum(row.content == name for row in reactions) for name in REACTIONS}
    return {"url": f"{url}/reactions", "total_count": len(reactions), **counts}


def _page(at: Addresses, row: PullRequest) -> str:
    return f"{at.web}/{row.repository.full_name}/pull/{row.number}"
