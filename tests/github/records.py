"""What GitHub keeps: plain rows, which only the words of the world and the routes change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from tests.github.git_hosting import BareRepository

Permissions = dict[str, str]  # "checks" -> "read" | "write"


@dataclass(slots=True, eq=False)
class Account:
    """A person, an organization, or the bot of an App."""

    id: int
    login: str
    kind: Literal["User", "Organization", "Bot"] = "User"
    teams: dict[str, dict[str, str]] = field(default_factory=dict)  # slug -> login -> "member" | "maintainer"
    members: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class App:
    """A registered App with its public keys and its one webhook."""

    id: int
    slug: str
    name: str
    owner: Account
    bot: Account
    created_at: float
    permissions: Permissions
    events: list[str]
    client_id: str
    client_secret: str = ""
    callback: str = ""  # where sign-in leads back to
    keys: list[str] = field(default_factory=list)  # PEM, public halves


@dataclass(slots=True, eq=False)
class Installation:
    """An App on an account: on some of its repositories, or on all (`repositories` is None)."""

    id: int
    app: App
    account: Account
    permissions: Permissions
    created_at: float
    repositories: set[int] | None = None
    suspended_at: float | None = None


@dataclass(slots=True, eq=False)
class Token:
    """A credential: of an installation (one hour, narrowed) or of a person (until revoked)."""

    value: str
    permissions: Permissions
    repositories: frozenset[int] | None
    installation: Installation | None = None
    person: Account | None = None
    expires_at: float | None = None
    app: App | None = None  # by which the person signed in


@dataclass(slots=True, eq=False)
class Grant:
    """A code that a browser carries back: for a token of a person, or for the secrets of a new App."""

    app: App
    expires_at: float
    person: Account | None = None
    challenge: str = ""
    private_key: str = ""


@dataclass(slots=True, eq=False)
class Repository:
    """A repository; its id stays when it is renamed or transferred."""

    id: int
    owner: Account
    name: str
    git: BareRepository
    created_at: float
    pushed_at: float
    private: bool = False
    archived: bool = False
    default_branch: str = "main"
    parent: Repository | None = None
    required: list[str] = field(default_factory=list)  # names of checks without which nothing is merged
    collaborators: dict[str, str] = field(default_factory=dict)  # login -> admin | maintain | write | triage | read
    numbers: int = 0
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    queue: list[QueueEntry] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"


@dataclass(slots=True, eq=False)
class PullRequest:
    """A pull request; `head` is None when the fork it came from was deleted."""

    id: int
    number: int
    repository: Repository
    title: str
    body: str | None
    author: Account
    head: Repository | None
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    created_at: float
    updated_at: float
    draft: bool = False
    state: Literal["open", "closed"] = "open"
    closed_at: float | None = None
    merged_at: float | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None

    @property
    def from_fork(self) -> bool:
        return self.head is not self.repository


@dataclass(slots=True, eq=False)
class QueueEntry:
    """A pull request in the merge queue, tested together with what is before it, on a ref of its own."""

    pull: PullRequest
    ref: str
    sha: str
    base_sha: str


@dataclass(slots=True, eq=False)
class CheckSuite:
    """The checks of one App on one commit."""

    id: int
    app: App
    repository: Repository
    head_sha: str
    head_branch: str | None
    created_at: float


@dataclass(slots=True, eq=False)
class CheckRun:
    """One check; only the App that created it may change it."""

    id: int
    suite: CheckSuite
    name: str
    status: str
    started_at: float
    conclusion: str | None = None
    completed_at: float | None = None
    external_id: str = ""
    details_url: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, str]] = field(default_factory=list)
    updates: int = 0
    made_at: float = 0.0

    @property
    def head_sha(self) -> str:
        return self.suite.head_sha


@dataclass(slots=True, eq=False)
class Status:
    """A commit status; never changed, the newest of a context counts."""

    id: int
    repository: Repository
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: Account
    created_at: float


@dataclass(slots=True, eq=False)
class Comment:
    """A comment on a pull request."""

    id: int
    pull: PullRequest
    author: Account
    body: str
    created_at: float
    updated_at: float
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Reaction:
    """One emoji of one person on a comment."""

    id: int
    person: Account
    content: str
    created_at: float
