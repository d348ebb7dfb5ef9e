"""The world of histories with GitHub: the adapters are real, GitHub is the fake one, its Git is in memory.

Each process has its own connection, credentials, mirror and memory; what goes wrong is drawn at each request.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reconciler.adapters import github_governor, github_signature
from reconciler.adapters.git_commands import GitFailed
from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_checks import GitHubChecks
from reconciler.adapters.github_conversations import GitHubConversations
from reconciler.adapters.github_credentials import AppCredentials
from reconciler.adapters.github_forge import GitHubForge
from reconciler.adapters.github_governor import Governor
from reconciler.adapters.github_http import Answer, Secret
from reconciler.adapters.github_http import Call as Request
from reconciler.adapters.github_missed import GitHubMissed
from reconciler.adapters.github_names import github_repository
from reconciler.adapters.github_source import GitHubOrigin
from reconciler.checks.replies import MARK
from reconciler.keys import ForgeKey, MissedKey
from reconciler.records import RepositoryRow, Wake
from reconciler.store import Delivery
from tests.fakes import FakeChecks, FakeClock, FakeSource
from tests.github.answers import Refused
from tests.github.auth import authenticate
from tests.github.records import CheckRun, Comment, Installation, PullRequest
from tests.histories.faults import Call, Fault
from tests.histories.github.faults import AT_GITHUB
from tests.histories.github.hosting import Commits, MemoryMirror, MemoryRepository
from tests.histories.github.hub import HOOK, Hub
from tests.histories.github.ports import Connection, PostedAtGitHub, SourceAtGitHub, WatchedPosting
from tests.histories.github.referee import Referee
from tests.histories.moves import BRANCHES
from tests.histories.world import POLL, HistoryWorld
from tests.world import REPOSITORY, _changed, dag, exits
from webhooks.github import recovered
from webhooks.github_events import FORGE, may_ask
from webhooks.github_events import HOOK as PATH
from webhooks.repository_names import RepositoryNames
from webhooks.signatures import is_signed

SHOP = "acme/shop"
SECRET = b"sesame"
TIGHT = {"POINTS": 200, "WRITES": 12}  # of a minute: limits that a history meets


@cache
def _key(pem: str) -> Any:
    """Read once, as that takes 60 ms: it is proven to be prime."""
    return load_pem_private_key(pem.encode(), None)


def _signature(private_key: Secret, text: str) -> bytes:
    """As reconciler/adapters/github_signer.py makes it."""
    return _key(private_key.reveal()).sign(text.encode(), PKCS1v15(), SHA256())  # type: ignore[no-any-return]


@cache
def _locks() -> tempfile.TemporaryDirectory[str]:
    """Where mirrors have their locks; goes with the process."""
    return tempfile.TemporaryDirectory(prefix="headgate-histories-")


class ItsClock:
    """GitHub's clock: whoever sets ours moves it not, and it may be some minutes off."""

    def __init__(self, ours: FakeClock) -> None:
        self.ours = ours
        self.ahead = 0.0

    def now(self) -> float:
        return self.ours.monotonic() + self.ahead


class GitHubHistoryWorld(HistoryWorld):
    """`github` is where people do things."""

    source: Commits  # type: ignore[assignment]
    checks: PostedAtGitHub  # type: ignore[assignment]

    def __init__(self, seed: int, tight: bool = False) -> None:
        self.tight = tight
        self.pulls: dict[str, PullRequest] = {}  # by branch: the newest
        self.jumps = 0  # of the machine's clock
        self.leaps = False  # it was set forward: who counts by it spends too early
        self.deaf = False  # the service does not answer webhooks
        self.meddled: set[str] = set()  # commits at whose checks others were
        self.mirrors: dict[str, MemoryMirror] = {}
        self.outage = False  # nothing of GitHub answers
        self.spent_by_others = False
        super().__init__(seed)
        self.names = RepositoryNames(self.store.repositories, lambda source: github_repository(source).id)
        self.github.deliver_to(HOOK, secret=SECRET.decode())

    def more_faults(self) -> Mapping[str, Sequence[Fault]]:
        return {"github": AT_GITHUB}

    def new_source(self) -> FakeSource:
        """Everything at GitHub begins with its commits."""
        commits = Commits()
        self.its_clock = ItsClock(self.clock)
        self.referee = Referee(self)
        self.github = Hub(commits, self.its_clock, self.take)
        self.repo = self.github.repository(SHOP, {"README.md": "# shop\n"}, private=True)
        assert isinstance(self.repo.git, MemoryRepository)
        self.repo.git.watched()
        self.app = self.github.register_app()
        self.github.install(self.app)
        self.github.allow("ann")
        if self.tight:
            limits = self.github.limits
            limits.points_per_minute, limits.content_per_minute = TIGHT["POINTS"], TIGHT["WRITES"]
        return commits

    def new_checks(self) -> FakeChecks:
        return PostedAtGitHub(self)

    @contextmanager
    def playing(self) -> Iterator[None]:
        """While it is played: the product knows the limits that GitHub has here, and signs without a new process."""
        tight = [(github_governor, name, value) for name, value in TIGHT.items() if self.tight]
        changes = [*tight, (github_signature, "_signature", _signature)]
        known = [(module, name, getattr(module, name)) for module, name, _ in changes]
        for module, name, value in changes:
            setattr(module, name, value)
        try:
            yield
        finally:
            for module, name, value in known:
                setattr(module, name, value)

    def behind(self, process: str) -> dict[str, Any]:
        credentials = AppCredentials(str(self.app.id), lambda: self.app.private_key, self.clock)
        governor = Governor(self.store, self.clock)
        api = GitHubApi(Connection(self, process), credentials, governor, self.clock)
        origin = GitHubOrigin(api, self.source_of, POLL, Random(process))
        return super().behind(process) | {
            "source": SourceAtGitHub(origin, self.mirror(process), self.source),
            "checks": WatchedPosting(GitHubChecks(api, self.source_of, self.clock), self),
            "conversations": GitHubConversations(api, self.source_of, self.clock),
            "forge": GitHubForge(api, ()),
            "missed": self._missed(api),
        }

    def _missed(self, api: GitHubApi) -> GitHubMissed:
        """A look at it every minute would be most of what happens."""
        missed = GitHubMissed(api, self.store.repositories, may_ask, self.meaning, PATH, self.clock)
        missed.look_again = POLL
        return missed

    def mirror(self, process: str) -> MemoryMirror:
        """That of a machine: a process that is started anew finds it as it was."""
        machine = process.partition("-")[0]
        if machine not in self.mirrors:
            has = self.source.parents.__contains__
            self.mirrors[machine] = MemoryMirror(Path(_locks().name) / machine, serve=self.serve_git, has=has)
        return self.mirrors[machine]

    def source_of(self, name: str) -> str:
        row = self.store.repository(name)
        assert row is not None
        return row.source

    # --- what GitHub is asked and tells -------------------------------------------------------------------------------

    def ask_github(self, process: str, request: Request, authorization: Secret) -> Answer:
        """A request of a process, at which anything may go wrong."""
        sent = self.referee.sets_out(process)
        actor = self.actor_of(authorization)

        def act(request: Request, authorization: Secret) -> Answer:
            if self.outage:
                return Answer(503, {"content-type": "text/html"})
            wrong = self.referee.arrives(sent, request, actor)
            answer, _ = self.github.ask(request, authorization)
            self.referee.done(sent, request, answer, wrong)
            return answer

        fault = self.plan.fault_of("github", request.verb)
        if fault is None or self.held_up:
            answer = act(request, authorization)
        else:
            answer = fault(Call("github", request.verb, act, (request, authorization), self, self.random))
        self.referee.heard(request, actor, answer)
        return answer

    def actor_of(self, authorization: Secret) -> str:
        """As GitHub counts what is spent."""
        try:
            actor = authenticate(self.github.state, f"Bearer {authorization.reveal()}")
        except Refused:
            return "nobody"
        return actor.name if actor else "nobody"

    def serve_git(self, address: str, token: str) -> Mapping[str, str]:
        """What a fetch finds. Raises GitFailed."""
        if self.outage or self.source.away:
            words = f"fatal: unable to access '{address}/': The requested URL returned error: 503"
            raise GitFailed(128, words)
        return self.github.fetched(address, token)

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """What the service answers to a webhook."""
        if self.deaf:
            return 502
        assert is_signed(body, headers["x-hub-signature-256"], [SECRET])
        delivery = self.meaning(headers["x-github-delivery"], headers["x-github-event"], body, self.clock.now())
        if delivery is None:
            return 204
        self.hear(delivery)
        return 202

    def meaning(self, guid: str, event: str, body: bytes, at: float) -> Delivery | None:
        """What a webhook asks for."""
        return recovered(guid, event, body, at, self.names.looked_up, self.app.id, self.clock.now())

    @property
    def mail(self) -> str:
        return self._mail

    @mail.setter
    def mail(self, way: str) -> None:
        """What is told from outside comes so; that of GitHub as well."""
        self._mail = way
        if not hasattr(self, "github"):  # while it is being made
            return
        hooks = self.github.webhooks
        hooks.normal()
        if way == "held" and hooks.held is None:
            hooks.hold()
        if way == "lost":
            hooks.drop() if self.random.random() < 0.5 else hooks.lose()

    def deliver(self) -> None:
        """In any order, and some of it twice."""
        super().deliver()
        hooks = self.github.webhooks
        held = hooks.held or []
        hooks.held = [*held, *(row for row in held if self.random.random() < 0.3)]
        hooks.release(self.random)
        if self.mail == "held":
            hooks.hold()

    def jump(self, seconds: float) -> None:
        super().jump(seconds)
        self.jumps += 1
        self.leaps |= seconds > 0

    def set_its_clock(self, ahead: float) -> None:
        """GitHub's clock is so many seconds ahead of ours from now on: what it counts by it, it counts anew."""
        self.its_clock.ahead = ahead
        self.jumps += 1
        self.leaps = True

    # --- what people do -----------------------------------------------------------------------------------------------

    def connect(self, **files: Mapping[str, Any] | str | None) -> str:
        sha = self._commit("main", files)
        self.store.add_repository(RepositoryRow(REPOSITORY, f"github:{self.repo.id}:{self.repo.full_name}"))
        self.store.wake([Wake(ForgeKey(FORGE)), Wake(MissedKey(FORGE))])
        self.settle()
        for branch in BRANCHES:
            self.propose(branch, churn=dag({branch: exits(0)}))
        return sha

    def push(self, **files: Mapping[str, Any] | str | None) -> str:
        return self._commit("main", files)

    def _commit(self, branch: str, files: Mapping[str, Mapping[str, Any] | str | None]) -> str:
        self.files = _changed(self.files, files)
        return self.github.push(self._changes(branch, self.files), branch)

    def _changes(self, branch: str, wanted: Mapping[str, bytes]) -> dict[str, bytes | None]:
        heads = self.source.branches
        there = self.source.trees[heads.get(branch) or heads["main"]]
        return {**dict.fromkeys(there.keys() - wanted.keys()), **wanted}

    def move_back(self, sha: str) -> None:
        self.files = dict(self.source.trees[sha])
        self.github.reset("main", sha)

    def propose(self, branch: str, **files: Mapping[str, Any] | str | None) -> str:
        heads, pull = self.source.branches, self.pulls.get(branch)
        tree = _changed(self.source.trees[heads.get(branch) or heads["main"]], files)
        changes = self._changes(branch, tree)
        if pull is not None and pull.state == "open":
            return self.github.push_to(pull, changes)
        self.pulls[branch] = self.github.open_pull_request(changes, branch=branch)
        return self.pulls[branch].head_sha

    def accept(self, branch: str) -> str:
        pull = self.pulls[branch]
        if pull.state != "open":
            return ""
        sha = self.github.merge(pull)
        self.files = dict(self.source.trees[sha])
        self.github.delete_branch(branch)
        return sha

    def close_proposal(self, branch: str) -> None:
        pull = self.pulls.get(branch)
        if pull is not None and pull.state == "open" and self.random.random() < 0.5:
            self.github.close_pull_request(pull)
        else:
            self.github.delete_branch(branch)

    def comment(self, branch: str, body: str, by: str = "ann", **_: bool) -> str:
        self.may_be_held |= body.startswith("/hold")
        return f"comment:{self.repo.id}:{self.github.comment(self.pulls[branch], body, by=by).id}"

    def let_in(self) -> None:
        """Whoever owns the repository installs the App, if it is not."""
        if not any(row.account is self.repo.owner for row in self.installations()):
            self.github.install(self.app, self.repo.owner.login)

    def installations(self) -> list[Installation]:
        """All of them."""
        return list(self.github.state.installations.values())

    # --- what is seen -------------------------------------------------------------------------------------------------

    def runs_at(self, sha: str) -> list[CheckRun]:
        """Our check runs on a commit, oldest first."""
        rows = self.github.state.runs_of(self.repo, sha)
        return sorted((row for row in rows if row.suite.app is self.app.app), key=lambda row: row.id)

    def ours_on(self, number: int) -> list[Comment]:
        """Our comments on a pull request, oldest first."""
        rows = self.github.comments(self.repo.pulls[number])
        return [row for row in rows if row.app is self.app.app and row.body.startswith(MARK)]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """But what was spent of the limits: looks cost something."""
        return {name: rows for name, rows in super().rows().items() if name not in ("accounts", "spending")}
