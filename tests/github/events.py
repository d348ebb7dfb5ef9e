"""From what happened to the payloads of webhooks, made from the state like every other answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.github.git_hosting import ZERO
from tests.github.records import (
    Account,
    CheckRun,
    CheckSuite,
    Comment,
    Installation,
    PullRequest,
    QueueEntry,
    Repository,
)
from tests.github.shapes import accounts, checks, pulls, repositories
from tests.github.shapes.accounts import Addresses, Json, user

if TYPE_CHECKING:
    from tests.github.world import FakeGitHub

# The events there are, as the description names them.
DESCRIBED = (
    *("push", "create", "delete", "ping", "check-run-created", "check-run-completed", "check-run-rerequested"),
    *("check-run-requested-action", "check-suite-requested", "check-suite-rerequested", "issue-comment-created"),
    *("issue-comment-edited", "issue-comment-deleted", "merge-group-checks-requested", "merge-group-destroyed"),
    *("pull-request-opened", "pull-request-synchronize", "pull-request-edited", "pull-request-closed"),
    *("pull-request-reopened", "pull-request-enqueued", "pull-request-ready-for-review"),
    *("pull-request-converted-to-draft", "repository-created", "repository-renamed", "repository-transferred"),
    *("repository-archived", "repository-unarchived", "repository-deleted", "installation-created"),
    *("installation-deleted", "installation-suspend", "installation-unsuspend"),
    *("installation-repositories-added", "installation-repositories-removed"),
)
COMMITS = 20  # of a push; the payload holds no more


class Silence:
    """Where nobody listens, nothing is put into words."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Events:
    """One method for each kind of event."""

    def __init__(self, world: FakeGitHub) -> None:
        self.world = world

    @property
    def at(self) -> Addresses:
        return Addresses(self.world.api_url, self.world.url)

    def push(self, repo: Repository, ref: str, before: str, after: str, by: Account, forced: bool) -> None:
        shas = [] if after == ZERO else repo.git.shas(after, None if before == ZERO else before, COMMITS)
        commits = [self._commit(repo, sha) for sha in shas]
        page = f"{self.at.web}/{repo.full_name}"
        payload = {
            "ref": ref,
            "before": before,
            "after": after,
            "created": before == ZERO,
            "deleted": after == ZERO,
            "forced": forced,
            "base_ref": None,
            "compare": f"{page}/compare/{before[:12]}...{after[:12]}",
            "commits": commits[::-1],
            "head_commit": None if after == ZERO else self._commit(repo, after),
            "pusher": {"name": by.login, "email": f"{by.login}@people.example"},
        }
        self._send("push", payload, repo, by, in_push=True)
        kind = "tag" if ref.startswith("refs/tags/") else "branch"
        if ZERO in (before, after):
            words = {"ref": ref.split("/", 2)[2], "ref_type": kind, "pusher_type": "user"}
            made = {"master_branch": repo.default_branch, "description": None}
            self._send("create" if before == ZERO else "delete", words | (made if before == ZERO else {}), repo, by)

    def _commit(self, repo: Repository, sha: str) -> Json:
        parents = repo.git.described(sha).parents
        changed = repo.git.changed_files(parents[0], sha) if parents else []
        names = {"added": "added", "modified": "modified", "removed": "removed"}
        return {
            **repositories.simple_commit(repo, sha),
            "distinct": True,
            "url": f"{self.at.web}/{repo.full_name}/commit/{sha}",
            **{name: [file.path for file in changed if file.status == status] for name, status in names.items()},
        }

    def pull_request(self, action: str, pull: PullRequest, by: Account, **extra: Any) -> None:
        comments = len(self.world.state.comments_of(pull))
        shape = pulls.pull_request(self.at, pull, comments, None)
        payload = {"action": action, "number": pull.number, "pull_request": shape, **extra}
        self._send("pull_request", payload, pull.repository, by)

    def issue_comment(self, action: str, row: Comment, by: Account, **extra: Any) -> None:
        pull = pulls.pull_request_simple(self.at, row.pull)
        url = f"{repositories.address(self.at, row.pull.repository)}/issues/{row.pull.number}"
        same = (
            "id",
            "node_id",
            "number",
            "title",
            "state",
            "locked",
            "user",
            "body",
            "labels",
            "assignee",
            "assignees",
        )
        issue = {
            **{name: pull[name] for name in (*same, "milestone", "author_association", "active_lock_reason", "draft")},
            **{name: pull[name] for name in ("created_at", "updated_at", "closed_at", "html_url")},
            "url": url,
            "repository_url": repositories.address(self.at, row.pull.repository),
            "labels_url": url + "/labels{/name}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "comments": len(self.world.state.comments_of(row.pull)),
            "performed_via_github_app": None,
            "reactions": {**pulls.comment(self.at, row)["reactions"], "total_count": 0},
            "pull_request": {name: pull[name] for name in ("url", "html_url", "diff_url", "patch_url", "merged_at")},
        }
        payload = {"action": action, "issue": issue, "comment": pulls.comment(self.at, row), **extra}
        self._send("issue_comment", payload, row.pull.repository, by)

    def check_run(self, action: str, row: CheckRun, by: Account | None = None, **extra: Any) -> None:
        """`rerequested` and `requested_action` come to the App of the run alone."""
        repo, state = row.suite.repository, self.world.state
        near = state.pulls_with_head(repo, row.head_sha)
        suite = checks.check_suite(self.at, row.suite, [row], near)
        own = ("id", "node_id", "head_branch", "head_sha", "status", "conclusion", "url", "before", "after")
        shape = checks.check_run(self.at, row, near)
        shape["check_suite"] = {
            name: suite[name] for name in (*own, "pull_requests", "app", "created_at", "updated_at")
        }
        payload = {"action": action, "check_run": shape, **extra}
        self._send("check_run", payload, repo, by or row.suite.app.bot, to=row.suite.app)

    def check_suite(self, action: str, row: CheckSuite, by: Account) -> None:
        runs = [run for run in self.world.state.runs.values() if run.suite is row]
        near = self.world.state.pulls_with_head(row.repository, row.head_sha)
        suite = checks.check_suite(self.at, row, runs, near)
        payload = {"action": action, "check_suite": {name: suite[name] for name in suite if name != "repository"}}
        self._send("check_suite", payload, row.repository, by, to=row.app)

    def merge_group(self, action: str, repo: Repository, entry: QueueEntry, by: Account, **extra: Any) -> None:
        group = {
            "head_sha": entry.sha,
            "head_ref": entry.ref,
            "base_sha": entry.base_sha,
            "base_ref": f"refs/heads/{entry.pull.base_ref}",
            "head_commit": repositories.simple_commit(repo, entry.sha),
        }
        self._send("merge_group", {"action": action, "merge_group": group, **extra}, repo, by)

    def repository(self, action: str, repo: Repository, by: Account, **extra: Any) -> None:
        self._send("repository", {"action": action, **extra}, repo, by)

    def installation(self, action: str, row: Installation, repos: list[Repository], by: Account) -> None:
        payload = {
            "action": action,
            "installation": accounts.installation(self.at, row),
            "repositories": [_short(repo) for repo in repos],
            "requester": None,
            "sender": user(self.at, by),
        }
        self.world.webhooks.send("installation", payload, to=row.app)

    def installation_repositories(
        self, row: Installation, added: list[Repository], removed: list[Repository], by: Account
    ) -> None:
        payload = {
            "action": "added" if added else "removed",
            "installation": accounts.installation(self.at, row),
            "repository_selection": accounts.selection(row),
            "repositories_added": [_short(repo) for repo in added],
            "repositories_removed": [_short(repo) for repo in removed],
            "requester": None,
            "sender": user(self.at, by),
        }
        self.world.webhooks.send("installation_repositories", payload, to=row.app)

    def _send(
        self, event: str, payload: Json, repo: Repository, by: Account, *, to: Any = None, in_push: bool = False
    ) -> None:
        """To every hook of the repository, and to each App that is installed on it."""
        full = {**payload, "repository": self._repository(repo, in_push), "sender": user(self.at, by)}
        if repo.owner.kind == "Organization":
            full["organization"] = self.organization(repo.owner)
        for app in [to] if to else list(self.world.state.apps.values()):
            installation = self.world.state.installation_on(app, repo)
            if installation:
                short = {"id": installation.id, "node_id": accounts.node_id("Installation", installation.id)}
                self._to_app(event, {**full, "installation": short}, app, repo, owned=to is not None)
        if not to:
            self.world.webhooks.send_to_repository(event, full, repo)

    def _to_app(self, event: str, payload: Json, app: Any, repo: Repository, *, owned: bool) -> None:
        always = owned and payload.get("action") in ("rerequested", "requested_action")
        if always or event in app.events:
            self.world.webhooks.send(event, payload, to=app, repository=repo)

    def _repository(self, repo: Repository, in_push: bool) -> Json:
        shape = repositories.repository(self.at, repo)
        if in_push:  # the one event that has seconds here
            shape |= {"created_at": int(repo.created_at), "pushed_at": int(repo.pushed_at), "stargazers": 0}
            shape |= {"master_branch": repo.default_branch, "url": f"{self.at.web}/{repo.full_name}"}
        return {
            **shape,
            "topics": [],
            "is_template": False,
            "allow_forking": True,
            "web_commit_signoff_required": False,
        }

    def organization(self, owner: Account) -> Json:
        url = f"{self.at.api}/orgs/{owner.login}"
        lists = ("repos", "events", "hooks", "issues")
        return {
            "login": owner.login,
            "id": owner.id,
            "node_id": accounts.node_id("Organization", owner.id),
            "url": url,
            **{f"{name}_url": f"{url}/{name}" for name in lists},
            "members_url": url + "/members{/member}",
            "public_members_url": url + "/public_members{/member}",
            "avatar_url": f"{self.at.web}/avatars/{owner.id}",
            "description": "",
        }


def _short(repo: Repository) -> Json:
    return {
        "id": repo.id,
        "node_id": accounts.node_id("Repository", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
    }
