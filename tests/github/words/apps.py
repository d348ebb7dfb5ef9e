"""What administrators do: register an App, install it, rotate its keys and secrets; tokens of people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.github.records import App, Installation, Permissions, Repository, Token
from tests.github.webhooks import Hook
from tests.github.words.repositories import RepositoryWords, Which

PERMISSIONS: Permissions = {
    "checks": "write",
    "contents": "read",
    "issues": "write",
    "members": "read",
    "merge_queues": "read",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "write",
}
EVENTS = [
    *("check_run", "check_suite", "issue_comment", "merge_group", "pull_request", "push", "repository"),
]


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """What its owner holds: the App's numbers and the private key that GitHub showed once."""

    app: App
    private_key: str

    @property
    def id(self) -> int:
        return self.app.id


@cache
def key_pair(number: int) -> tuple[str, str]:
    """A private key and its public half, as PEM; making one takes time, so worlds share them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, form)
    return private.decode(), public.decode()


class AppWords(RepositoryWords):
    """Part of the world; see tests/github/world.py."""

    def register_app(
        self,
        slug: str = "headgate",
        *,
        owner: str = "acme",
        permissions: Permissions | None = None,
        events: list[str] | None = None,
        callback: str = "",
    ) -> RegisteredApp:
        """Register an App with these permissions and events (by default those that Headgate asks for)."""
        with self.acting() as state:
            private, public = self._new_key()
            number = state.new_id()
            bot = state.account(f"{slug}[bot]", "Bot")
            granted = dict(PERMISSIONS if permissions is None else permissions)
            asked = list(EVENTS if events is None else events)
            app = App(
                number, slug, slug.title(), state.account(owner), bot, state.now(), granted, asked,
                client_id=f"Iv1.{number:016x}", client_secret=state.new_secret(""), callback=callback, keys=[public],
            )  # fmt: skip
            state.apps[number] = app
            return RegisteredApp(app, private)

    def install(self, app: RegisteredApp, account: str = "acme", *repositories: Which, by: str = "ann") -> Installation:
        """Install an App on an account: on all repositories, or on those that are named."""
        with self.acting() as state:
            chosen = {self.find(which).id for which in repositories} or None
            now = state.now()
            row = Installation(state.new_id(), app.app, state.account(account), dict(app.app.permissions), now, chosen)
            state.installations[row.id] = row
            self.events.installation("created", row, state.repositories_of(row), state.account(by))
            return row

    def uninstall(self, installation: Installation, *, by: str = "ann") -> None:
        """Remove an App; its tokens die at once."""
        with self.acting() as state:
            repositories = state.repositories_of(installation)
            del state.installations[installation.id]
            self.events.installation("deleted", installation, repositories, state.account(by))

    def re_install(self, app: RegisteredApp, installation: Installation, *, by: str = "ann") -> Installation:
        """Remove an App and install it again: another installation id."""
        chosen = [self.state.repositories[number] for number in installation.repositories or ()]
        self.uninstall(installation, by=by)
        return self.install(app, installation.account.login, *chosen, by=by)

    def suspend(self, installation: Installation, *, by: str = "ann") -> None:
        with self.acting() as state:
            repositories = state.repositories_of(installation)
            installation.suspended_at = state.now()
            self.events.installation("suspend", installation, repositories, state.account(by))

    def unsuspend(self, installation: Installation, *, by: str = "ann") -> None:
        with self.acting() as state:
            installation.suspended_at = None
            self.events.installation("unsuspend", installation, state.repositories_of(installation), state.account(by))

    def select(self, installation: Installation, *repositories: Which, by: str = "ann") -> None:
        """Change the repositories that an App is installed on."""
        with self.acting() as state:
            before = set(state.repositories_of(installation))
            installation.repositories = {self.find(which).id for which in repositories}
            after = set(state.repositories_of(installation))
            for added, removed in ((after - before, set[Repository]()), (set[Repository](), before - after)):
                if added or removed:
                    self.events.installation_repositories(installation, list(added), list(removed), state.account(by))

    def rotate_key(self, app: RegisteredApp, *, keep_old: bool = False) -> RegisteredApp:
        """A new private key; the old one is deleted unless it is kept."""
        with self.acting():
            private, public = self._new_key()
            app.app.keys[:] = [*(app.app.keys if keep_old else []), public]
            return RegisteredApp(app.app, private)

    def _new_key(self) -> tuple[str, str]:
        self.state.keys += 1
        return key_pair(self.state.keys)

    def revoke_tokens(self) -> None:
        """All tokens of installations die before their time."""
        with self.acting() as state:
            state.tokens = {value: row for value, row in state.tokens.items() if row.installation is None}

    def token(self, person: str = "ann", permissions: Permissions | None = None, *repositories: Which) -> str:
        """A fine-grained token of a person, for some repositories or all that the person can read."""
        default = {"contents": "read", "metadata": "read", "pull_requests": "write", "statuses": "write"}
        with self.acting() as state:
            chosen = frozenset(self.find(which).id for which in repositories) or None
            value = state.new_secret("github_pat_")
            state.tokens[value] = Token(value, permissions or default, chosen, person=state.account(person))
            return value

    def token_by(self, app: RegisteredApp, person: str = "ann") -> str:
        """A token of a person who has signed in with an App."""
        with self.acting() as state:
            value = state.new_secret("ghu_")
            state.tokens[value] = Token(
                value, dict(app.app.permissions), None, None, state.account(person), None, app.app
            )
            return value

    def deliver_to(
        self, address: str, *, secret: str, app: RegisteredApp | None = None, repository: Which = None
    ) -> Hook:
        """Give the App (by default the first one) its webhook; with `repository`, that repository one of its own."""
        with self.acting() as state:
            if repository is not None:
                row = self.find(repository)
                hook = Hook(state.new_id(), address, secret, ["*"], repository=row)
            else:
                owner = app.app if app else next(iter(state.apps.values()))
                hook = Hook(state.new_id(), address, secret, owner.events, app=owner)
            self.webhooks.hooks.append(hook)
            return hook
