"""All that one GitHub knows, behind one lock. What is read and written here has no HTTP in it."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.github.clock import Clock
from tests.github.git_hosting import BareRepository
from tests.github.records import (
    Account,
    App,
    CheckRun,
    CheckSuite,
    Comment,
    Grant,
    Installation,
    PullRequest,
    Repository,
    Status,
    Token,
)

STALE = 14 * 24 * 3600  # seconds


@dataclass
class State:
    """The tables. Ids are counted up over all of them, so that no two things have the same one."""

    directory: Path
    clock: Clock
    lock: threading.RLock = field(default_factory=threading.RLock)
    accounts: dict[str, Account] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[int, Repository] = field(default_factory=dict)
    former_names: dict[str, int] = field(default_factory=dict)  # "owner/name" in lower case -> repository
    grants: dict[str, Grant] = field(default_factory=dict)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    comments: dict[int, Comment] = field(default_factory=dict)
    keys: int = 0  # made for Apps so far
    lag: float = 0.0  # seconds until lists show what was made
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1001))

    def new_id(self) -> int:
        return next(self._ids)

    def new_secret(self, prefix: str) -> str:
        """A credential that looks like GitHub's and is the same in every run."""
        return prefix + hashlib.sha256(f"{prefix}{self.new_id()}".encode()).hexdigest()[:36]

    def now(self) -> float:
        return self.clock.now()

    # --- accounts ---------------------------------------------------------------------------------------------

    def account(self, login: str, kind: str = "User") -> Account:
        """The account of this name, made where there is none."""
        if login.lower() not in self.accounts:
            self.accounts[login.lower()] = Account(self.new_id(), login, kind)  # type: ignore[arg-type]
        return self.accounts[login.lower()]

    # --- repositories -----------------------------------------------------------------------------------------

    def new_repository(self, full_name: str, parent: Repository | None = None) -> Repository:
        owner, name = full_name.split("/")
        number, now = self.new_id(), self.now()
        git = self.new_git(number)
        repository = Repository(number, self.account(owner), name, git, now, now, parent=parent)
        self.repositories[number] = repository
        self.former_names.pop(full_name.lower(), None)
        return repository

    def new_git(self, number: int) -> BareRepository:
        """The commits of a new repository."""
        return BareRepository(self.directory / f"{number}.git")

    def repository(self, full_name: str) -> Repository | None:
        """The repository that has this name now."""
        wanted = full_name.lower()
        return next((row for row in self.repositories.values() if row.full_name.lower() == wanted), None)

    def moved(self, full_name: str) -> Repository | None:
        """The repository that had this name once."""
        return self.repositories.get(self.former_names.get(full_name.lower(), 0))

    # --- Apps -------------------------------------------------------------------------------------------------

    def installation_on(self, app: App, repository: Repository) -> Installation | None:
        return next((row for row in self.installations.values() if row.app is app and covers(row, repository)), None)

    def repositories_of(self, installation: Installation) -> list[Repository]:
        return [row for row in self.repositories.values() if covers(installation, row)]

    def is_listed(self, made_at: float) -> bool:
        """Whether lists show by now what was made then; a clock that was set back in between hides nothing."""
        return not made_at <= self.now() < made_at + self.lag

    # --- checks -----------------------------------------------------------------------------------------------

    def suite(self, app: App, repository: Repository, sha: str, branch: str | None = None) -> CheckSuite:
        """The App's check suite of a commit, made where there is none."""
        for row in self.suites.values():
            if row.app is app and row.repository is repository and row.head_sha == sha:
                return row
        suite = CheckSuite(self.new_id(), app, repository, sha, branch or self.branch_of(repository, sha), self.now())
        self.suites[suite.id] = suite
        return suite

    def runs_of(self, repository: Repository, sha: str) -> list[CheckRun]:
        """The check runs of a commit in the order of their creation."""
        self.age()
        return [row for row in self.runs.values() if row.suite.repository is repository and row.suite.head_sha == sha]

    def age(self) -> None:
        """Check runs that nobody ended in two weeks are ended by GitHub."""
        for row in self.runs.values():
            if row.status != "completed" and self.now() - row.started_at > STALE:
                row.status, row.conclusion, row.completed_at = "completed", "stale", self.now()

    def statuses_of(self, repository: Repository, sha: str) -> list[Status]:
        """Newest first."""
        return [row for row in reversed(self.statuses) if row.repository is repository and row.sha == sha]

    def branch_of(self, repository: Repository, sha: str) -> str | None:
        heads = repository.git.refs("refs/heads/")
        return next((name.removeprefix("refs/heads/") for name, head in heads.items() if head == sha), None)

    def pulls_with_head(self, repository: Repository, sha: str) -> list[PullRequest]:
        """Open pull requests of the repository itself; those from forks are not told, as at GitHub."""
        pulls = repository.pulls.values()
        return [row for row in pulls if row.state == "open" and row.head_sha == sha and not row.from_fork]

    def comments_of(self, pull: PullRequest) -> list[Comment]:
        return [row for row in self.comments.values() if row.pull is pull]


def covers(installation: Installation, repository: Repository) -> bool:
    """Whether the installation has this repository."""
    if installation.account is not repository.owner or installation.suspended_at is not None:
        return False
    return installation.repositories is None or repository.id in installation.repositories
