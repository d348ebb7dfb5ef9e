"""Who we are for GitHub: an App with a token for each repository, or one token for all. Kept in memory only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from reconciler.adapters.github_errors import UNTIL_A_PERSON_ACTS, MissingAllowed
from reconciler.adapters.github_http import Answer, Call, Secret
from reconciler.adapters.github_names import GitHubRepository
from reconciler.adapters.github_reasons import BAD_TOKEN, MISSING, PERMISSION, REFUSED, SIGN_IN
from reconciler.adapters.github_signature import signed
from reconciler.errors import ReconcileError, Stalled, Waiting
from reconciler.ports import Clock

Permissions = Mapping[str, str]

# What the product does, and no more. Who may see members of teams is asked for where it is needed.
REVIEW: Permissions = {"checks": "write", "contents": "read", "issues": "write", "pull_requests": "write"}
READ: Permissions = {"contents": "read"}
HOOKS: Permissions = {"repository_hooks": "read"}  # of a token; an App reads those of its own webhook without

_EARLY = 300.0  # s before its end that a token is replaced
_JWT_LASTS = 480.0  # s of the nine minutes that the App's own token is good for
_APP = "app"

Ask = Callable[[str, Call, Secret], Answer]
"""Makes a call for an account, governed; raises for a status from 300 on, except for 401."""


class Credentials(Protocol):
    """Tokens for calls."""

    app: str  # id of the App, "" = there is none

    def account(self, repository: GitHubRepository, ask: Ask) -> str:
        """Whose limits a call for the repository counts against."""
        ...

    def token(self, repository: GitHubRepository, permissions: Permissions, ask: Ask) -> Secret:
        """A token that is good for some minutes at least."""
        ...

    def refused(self, repository: GitHubRepository, token: Secret, answer: Answer) -> bool:
        """GitHub did not take a token; True if another try with a new one makes sense."""
        ...

    def forget(self, repository: GitHubRepository) -> None:
        """What gave access to it may have been taken away, or given anew by another owner."""
        ...


class OneToken:
    """A token for everything: of a person or a machine account. `read` gives it, from wherever it is kept."""

    app = ""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    def account(self, repository: GitHubRepository, ask: Ask) -> str:
        return "token"

    def token(self, repository: GitHubRepository, permissions: Permissions, ask: Ask) -> Secret:
        return _read_secret(self._read, "token")

    def refused(self, repository: GitHubRepository, token: Secret, answer: Answer) -> bool:
        return _read_secret(self._read, "token") != token  # it was replaced meanwhile

    def forget(self, repository: GitHubRepository) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Kept:
    token: Secret
    until: float  # monotonic


class AppCredentials:
    """A GitHub App. `read_key` gives its private key, so that a new key is taken without a restart. Thread-safe.

    Time is GitHub's: a machine whose clock is minutes off signs in after its first answer.
    """

    def __init__(self, app: str, read_key: Callable[[], str], clock: Clock) -> None:
        self.app = app
        self._read_key = read_key
        self._clock = clock
        self._ahead = 0.0  # s that GitHub's clock is ahead of ours
        self._own: _Kept | None = None
        self._installations: dict[int, int] = {}
        self._kept: dict[tuple[int, frozenset[tuple[str, str]]], _Kept] = {}
        self._refreshing: dict[object, Lock] = {}  # one refresh of a token at a time
        self._lock = Lock()

    def account(self, repository: GitHubRepository, ask: Ask) -> str:
        return f"installation/{self._installation(repository, ask)}"

    def token(self, repository: GitHubRepository, permissions: Permissions, ask: Ask) -> Secret:
        name = (repository.id, frozenset(permissions.items()))
        with self._one_at_a_time(name):
            kept = self._kept.get(name)
            if kept is None or kept.until <= self._clock.monotonic():
                kept = self._kept[name] = self._new_token(repository, permissions, ask)
        return kept.token

    def refused(self, repository: GitHubRepository, token: Secret, answer: Answer) -> bool:
        with self._lock:
            self._kept = {name: kept for name, kept in self._kept.items() if kept.token != token}
        return True

    def forget(self, repository: GitHubRepository) -> None:
        with self._lock:
            self._installations.pop(repository.id, None)
            self._kept = {name: kept for name, kept in self._kept.items() if name[0] != repository.id}

    def as_app(self, call: Call, ask: Ask) -> Answer:
        """A call in the App's own name; once more where the clock, or the key, was another one."""
        answer = ask(_APP, call, self._signature())
        self._learn(answer)
        if answer.status == 401:
            self._own = None
            answer = ask(_APP, call, self._signature())
            self._learn(answer)
        if answer.status == 401:
            do = "check the App's id and its private key."
            raise Waiting(SIGN_IN, f"GitHub does not know the App {self.app}: {do}", UNTIL_A_PERSON_ACTS)
        return answer

    def _signature(self) -> Secret:
        own = self._own
        if own is None or own.until <= self._clock.monotonic():
            key = _read_secret(self._read_key, "private key")
            token = signed(self.app, key, self._clock.now() + self._ahead)
            own = self._own = _Kept(token, self._clock.monotonic() + _JWT_LASTS)
        return own.token

    def _learn(self, answer: Answer) -> None:
        if answer.date is not None:
            self._ahead = answer.date - self._clock.now()

    def _installation(self, repository: GitHubRepository, ask: Ask) -> int:
        known = self._installations.get(repository.id)
        if known is not None:
            return known
        with self._one_at_a_time(repository.id):
            if repository.id not in self._installations:
                self._installations[repository.id] = self._found(repository, ask)
            return self._installations[repository.id]

    def _found(self, repository: GitHubRepository, ask: Ask) -> int:
        with MissingAllowed():
            return int(self.as_app(Call("GET", f"{repository.lasting_path}/installation"), ask).data["id"])
        message = f"The GitHub App is not installed on {repository.name}: install it there, or take it off the list."
        raise Waiting("GitHubNotInstalled", message, UNTIL_A_PERSON_ACTS)

    def _new_token(self, repository: GitHubRepository, permissions: Permissions, ask: Ask) -> _Kept:
        was_known = repository.id in self._installations
        try:
            return self._asked_for(repository, permissions, ask)
        except Stalled as error:
            if not was_known or error.reason not in (MISSING, REFUSED):
                raise _lacking(repository, permissions, error) from None
        self.forget(repository)  # installed anew, or transferred, it has another number
        return self._new_token(repository, permissions, ask)

    def _asked_for(self, repository: GitHubRepository, permissions: Permissions, ask: Ask) -> _Kept:
        path = f"/app/installations/{self._installation(repository, ask)}/access_tokens"
        body = {"repository_ids": [repository.id], "permissions": dict(permissions)}
        answer = self.as_app(Call("POST", path, body=body), ask)
        ends = datetime.fromisoformat(answer.data["expires_at"]).timestamp()
        lasts = ends - (self._clock.now() + self._ahead) - _EARLY
        return _Kept(Secret(answer.data["token"]), self._clock.monotonic() + max(lasts, 1.0))

    def _one_at_a_time(self, name: object) -> Lock:
        with self._lock:
            return self._refreshing.setdefault(name, Lock())


def _lacking(repository: GitHubRepository, permissions: Permissions, error: Stalled) -> ReconcileError:
    if error.reason != REFUSED:
        return error
    wanted = ", ".join(f"{name}: {level}" for name, level in permissions.items())
    message = f"The GitHub App lacks permissions for {repository.name}: grant it {wanted}."
    return Waiting(PERMISSION, message, UNTIL_A_PERSON_ACTS)


def _read_secret(read: Callable[[], str], what: str) -> Secret:
    try:
        text = read().strip()
    except OSError:
        text = ""
    if not text:
        raise Waiting(BAD_TOKEN, f"The {what} for GitHub is empty or cannot be read.", timedelta(minutes=1))
    return Secret(text)
