"""Headgate's side of a GitHub of our own: a client with its store, and a lease that lasts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_checks import GitHubChecks
from reconciler.adapters.github_credentials import AppCredentials, OneToken
from reconciler.adapters.github_governor import Governor
from reconciler.adapters.github_http import Http
from reconciler.adapters.github_names import GitHubRepository, github_repository
from reconciler.adapters.github_statuses import GitHubStatuses
from reconciler.checks.model import Annotation, Check, Conclusion
from reconciler.keys import CheckKey
from reconciler.ports import Clock
from reconciler.records import Lease
from tests.github.world import FakeGitHub
from tests.reconciler.adapters.sql_world import GivenClock
from tests.stores import store_at

CREATE = "POST /repos/{owner}/{repo}/check-runs"
UPDATE = "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}"
LIST = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs"
NEW_TOKEN = "POST /app/installations/{installation_id}/access_tokens"
LOOKED_UP = "GET /repos/{owner}/{repo}/installation"
STATUS = "POST /repos/{owner}/{repo}/statuses/{sha}"

GATE = Check("headgate", "completed", "No flow is touched", "Nothing.", Conclusion.SUCCESS)
FLOW = Check("headgate/churn", "in_progress", "Running: 0 of 2 ops done", "Under way.", run="3f2a", started_at=1.7e9)
OP = Check("headgate/churn/train", "queued", "Queued", "Waits.", run="3f2a")


def note(line: int, level: str = "failure") -> Annotation:
    return Annotation("flows/churn.yaml", line, line, level, "param-undeclared", f"Line {line}.", 1, 5)


class Headgate:
    """One replica: everything of it is forgotten by `restart` but the store."""

    def __init__(self, github: FakeGitHub, directory: Path, clock: Clock, app: Any = None, **more: str):
        self.github, self.directory, self.clock = github, directory, clock
        self.timeout = 10
        self.app = app
        self.key = app.private_key if app else ""
        self.app_id = str(app.id) if app else ""
        self.access = more.get("token", "")
        self.address = more.get("address", github.api_url)
        found = github.find(None)
        self.source = f"github:{found.id}:{found.full_name}"
        self.store = store_at(directory / "headgate.db", clock)
        self._start()

    def _start(self) -> None:
        self.http = Http(self.address, self.timeout)
        token = OneToken(lambda: self.access)
        self.credentials = AppCredentials(self.app_id, lambda: self.key, self.clock) if self.app else token
        self.governor = Governor(self.store, self.clock)
        self.api = GitHubApi(self.http, self.credentials, self.governor, self.clock)
        if self.app:
            self.checks = GitHubChecks(self.api, lambda _: self.source, self.clock)
        else:
            self.checks = GitHubStatuses(self.api, lambda _: self.source)

    def restart(self, timeout: int | None = None) -> None:
        """End and start again; with a new time-out for its calls."""
        self.timeout = timeout or self.timeout
        self.http.close()
        self._start()

    @property
    def repository(self) -> GitHubRepository:
        return github_repository(self.source)

    def post(self, sha: str, *checks: Check, seconds: float = 1e6, posted: Collection[str] = ()) -> None:
        lease = Lease(CheckKey("acme/shop", sha), 1, 1, self.clock.monotonic() + seconds)
        self.checks.post("acme/shop", sha, checks, lease, posted)

    def close(self) -> None:
        self.http.close()
        self.store.close()


@contextmanager
def installed(directory: Path, clock: GivenClock | None = None) -> Iterator[tuple[FakeGitHub, Headgate, str]]:
    """A GitHub with a repository on which our App is installed, ourselves, and the commit at its head."""
    clock = clock or GivenClock()
    github = FakeGitHub(directory / "github", clock)
    github.repository("acme/shop", {"flows/churn.yaml": "kind: component\n"})
    app = github.register_app()
    github.install(app)
    headgate = Headgate(github, directory, clock, app)
    try:
        yield github, headgate, github.head()
    finally:
        headgate.close()
        github.close()


def worded(check: Check, words: str) -> Check:
    return replace(check, summary=words)
