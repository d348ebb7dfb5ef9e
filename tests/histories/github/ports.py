"""The ports of a process that works with GitHub, as the adapters make them, and what is noted of what they do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.adapters.github_checks import GitHubChecks
from reconciler.adapters.github_http import Answer, Http, Secret
from reconciler.adapters.github_http import Call as Request
from reconciler.adapters.github_source import GitHubOrigin
from reconciler.checks.model import Check
from reconciler.errors import LeaseLost
from reconciler.ports import CheckTerms, Refs
from reconciler.records import Lease
from tests.fakes import FakeChecks
from tests.histories.github.hosting import Commits, MemoryMirror
from tests.histories.github.hub import ADDRESS
from tests.histories.witnesses import Posted, noted

if TYPE_CHECKING:
    from tests.histories.github.world import GitHubHistoryWorld


class Connection(Http):
    """The way of a process to GitHub."""

    def __init__(self, world: GitHubHistoryWorld, process: str) -> None:
        super().__init__(ADDRESS)
        self._world = world
        self._process = process

    def once(self, call: Request, authorization: Secret) -> Answer:
        return self._world.ask_github(self._process, call, authorization)


class SourceAtGitHub:
    """The Source of a process: what is open is asked of GitHub, commits are at hand."""

    def __init__(self, origin: GitHubOrigin, mirror: MemoryMirror, commits: Commits) -> None:
        self._origin = origin
        self._mirror = mirror
        self._commits = commits

    def refs(self, repository: str) -> Refs:
        return self._origin.refs(repository, self._mirror)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._commits, name)


class PostedAtGitHub(FakeChecks):
    """What processes have posted, for the laws of every world."""

    def __init__(self, world: GitHubHistoryWorld) -> None:
        self.world = world
        self.posted: dict[str, dict[str, Check]] = {}
        self.history: list[Posted] = []

    @property
    def posts(self) -> int:
        """How much was written to GitHub, checks or not."""
        return len(self.world.github.requests.writes())

    @property
    def away(self) -> bool:
        return self.world.outage

    @away.setter
    def away(self, is_away: bool) -> None:
        """All of GitHub is."""
        self.world.outage = is_away


class WatchedPosting:
    """The real adapter of a process, and what it has said."""

    def __init__(self, real: GitHubChecks, world: GitHubHistoryWorld) -> None:
        self._real = real
        self._world = world

    def terms(self, repository: str) -> CheckTerms:
        return self._real.terms(repository)

    def post(
        self, repository: str, sha: str, checks: Sequence[Check], lease: Lease, posted: Collection[str] = ()
    ) -> None:
        world = self._world
        if world.clock.monotonic() >= lease.deadline:
            raise LeaseLost
        self._real.post(repository, sha, checks, lease, posted)
        world.checks.history += noted(world, sha, checks)
        stands = world.checks.posted.get(sha, {})  # what cannot be said again as it was is left
        world.checks.posted[sha] = {**stands, **{one.name: one for one in checks}}
