"""A whole Headgate beside a GitHub of our own: real store, steps, Git and HTTP; only time stands still.

Nobody tells it of news here: it looks when `pass_time` lets it, as with every webhook lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from reconciler.adapters.git_source import GitSource
from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_checks import GitHubChecks
from reconciler.adapters.github_conversations import GitHubConversations
from reconciler.adapters.github_credentials import AppCredentials, Credentials
from reconciler.adapters.github_forge import GitHubForge
from reconciler.adapters.github_governor import Governor
from reconciler.adapters.github_http import Http
from reconciler.adapters.github_missed import GitHubMissed
from reconciler.adapters.github_names import github_repository
from reconciler.adapters.github_source import GitHubOrigin
from reconciler.keys import RepositoryKey
from reconciler.loop import Loop
from reconciler.ports import World
from reconciler.records import FlowRow, RepositoryRow, ReviewRow, RunRow, Wake
from reconciler.steps.wiring import steps_of
from reconciler.store import Delivery
from tests.documents import dag, exits
from tests.fakes import FakeClock, FakeExecutor, FakeLogs
from tests.github.records import CheckRun, Repository
from tests.github.world import FakeGitHub
from tests.stores import store_at
from webhooks.github import recovered
from webhooks.github_events import HOOK, may_ask
from webhooks.repository_names import RepositoryNames

POLL = 60.0
SHOP = "acme/shop"


def flow(ops: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """The text of a flow file with these ops."""
    return yaml.safe_dump(dag(ops or {"train": exits(0)}), sort_keys=False)


class ItsClock:
    """GitHub's clock: ours, and so many seconds ahead of it."""

    def __init__(self, ours: FakeClock) -> None:
        self.ours = ours
        self.ahead = 0.0

    def now(self) -> float:
        return self.ours.now() + self.ahead


class GitHubWorld:
    """`github` is where people do things; here is what Headgate makes of it."""

    def __init__(self, directory: Path) -> None:
        self.clock = FakeClock()
        self.its_clock = ItsClock(self.clock)
        self.github = FakeGitHub(directory / "github", self.its_clock)
        self.repository = self.github.repository(SHOP, {"flows/churn.yaml": flow()}, private=True)
        self.app = self.github.register_app()
        self.installation = self.github.install(self.app)
        self.store = store_at(directory / "headgate.db", self.clock)
        self.executor = FakeExecutor(self.clock)
        self.executor.report, self.executor.wake = self.store.observe, self.store.wake
        self.data = directory / "data"
        self.names = RepositoryNames(self.store.repositories, lambda source: github_repository(source).id)
        self.runs_here = True
        self.restart()

    def restart(self) -> None:
        """A new process: nothing in memory survives."""
        governor = Governor(self.store, self.clock)
        self.api = GitHubApi(Http(self.github.api_url), self.credentials(), governor, self.clock)
        self.checks = GitHubChecks(self.api, self.source_of, self.clock)
        origin = GitHubOrigin(self.api, self.source_of, POLL)
        self.source = GitSource(self.data, lambda name: "", origin_of=lambda name: origin)
        world = World(
            self.store,
            self.source,
            self.executor,
            self.checks,
            self.clock,
            FakeLogs(),
            forge=GitHubForge(self.api, ()),
            missed=GitHubMissed(self.api, self.store.repositories, may_ask, self.meaning, HOOK, self.clock),
            conversations=GitHubConversations(self.api, self.source_of, self.clock),
            may_run=lambda repository: self.runs_here,
        )
        self.loop = Loop(self.store, steps_of(world), self.clock, owner="test", workers=1)

    def meaning(self, guid: str, event: str, body: bytes, at: float) -> Delivery | None:
        """What a body that GitHub kept asks for."""
        app = int(self.api.credentials.app) if self.api.credentials.app else None
        return recovered(guid, event, body, at, self.names.looked_up, app, self.clock.now())

    def credentials(self) -> Credentials:
        return AppCredentials(str(self.app.id), lambda: self.app.private_key, self.clock)

    def source_of(self, name: str) -> str:
        row = self.store.repository(name)
        assert row is not None
        return row.source

    def close(self) -> None:
        self.store.close()
        self.github.close()

    # --- time ---------------------------------------------------------------------------------------------------------

    def connect(self, row: Repository | None = None) -> None:
        """Serve a repository from now on; its flows are known as they are."""
        found = row or self.repository
        self.store.add_repository(RepositoryRow(found.full_name, f"github:{found.id}:{found.full_name}"))
        self.settle()

    def tell(self, name: str = SHOP) -> None:
        """Something happened in a repository, as a webhook tells."""
        self.store.wake([Wake(RepositoryKey(name))])
        self.settle()

    def settle(self, seconds: float = 2.0) -> None:
        """Let everything that is due happen, and what follows from it within some seconds."""
        until = self.clock.time + seconds
        while True:
            while self.loop.turn() or self.executor.work():
                pass
            if self.clock.time >= until:
                return
            due = min((row.due_at for row in self.store.pending()), default=until)
            self.clock.time = min(until, max(due, self.clock.time))

    def pass_time(self, seconds: float = POLL * 1.3) -> None:
        """Nobody tells of anything for so long: by default until the next look at least."""
        self.settle(seconds)

    # --- what people see ----------------------------------------------------------------------------------------------

    def row(self, name: str = SHOP) -> RepositoryRow:
        found = self.store.repository(name)
        assert found is not None
        return found

    def reviews(self) -> dict[str, ReviewRow]:
        """Open proposals by their names."""
        return {row.proposal: row for row in self.store.reviews(SHOP)}

    def flows(self) -> dict[str, FlowRow]:
        return {row.name: row for row in self.store.flows(SHOP, scope="") if not row.retired}

    def runs(self, sha: str) -> list[RunRow]:
        return list(self.store.runs(sha=sha))

    def check(self, sha: str, name: str = "headgate") -> CheckRun:
        """As it is seen at GitHub."""
        return self.github.check(name, sha, repository=self.repository)

    def said(self) -> list[str]:
        """What went wrong in steps, by reason."""
        return [
            reason for (what, reason), number in self.loop.counts.items() if what in ("waiting", "stalled") and number
        ]

    def faults(self) -> int:
        return sum(number for (what, _), number in self.loop.counts.items() if what == "fault")
