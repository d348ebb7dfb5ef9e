"""Which repositories GitHub lets us serve: those of the App's installations, or those that a token is for."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_credentials import AppCredentials
from reconciler.adapters.github_errors import MISSING
from reconciler.adapters.github_http import Call, Secret
from reconciler.adapters.github_names import GitHubRepository, github_repository, is_github
from reconciler.adapters.github_seen import facts_of
from reconciler.ports import Stalled
from reconciler.records import RepositoryRow

log = logging.getLogger(__name__)

PAGE = 100
_LISTING = {"metadata": "read"}


class GitHubForge:
    """The repositories of one GitHub. `wanted` are names of those to serve; none = all of the App's installations."""

    def __init__(self, api: GitHubApi, wanted: Iterable[str]) -> None:
        self._api = api
        self._wanted = {name.lower(): name for name in wanted}
        self._missed: frozenset[str] = frozenset()

    def unknown(self, known: Sequence[RepositoryRow]) -> Sequence[RepositoryRow]:
        """Repositories to serve that are none of these. Raises Waiting, Stalled."""
        numbers = {github_repository(row.source).id for row in known if is_github(row.source)}
        names = {row.name for row in known}
        found = list(self._offered())
        self._tell_of_missing({one.name.lower() for one in found} | {name.lower() for name in names})
        return [RepositoryRow(_free(one, names), one.source) for one in found if one.id not in numbers]

    def _offered(self) -> Iterator[GitHubRepository]:
        credentials = self._api.credentials
        if isinstance(credentials, AppCredentials):
            every = (one for at in self._installations(credentials) for one in self._of(credentials, at))
            yield from (one for one in every if not self._wanted or one.name.lower() in self._wanted)
        else:
            yield from (one for name in self._wanted.values() if (one := self._named(name)) is not None)

    def _named(self, name: str) -> GitHubRepository | None:
        try:
            return self._api.get(GitHubRepository(0, name), "", facts_of).repository
        except Stalled as error:
            if error.reason != MISSING:
                raise
            return None

    def _installations(self, credentials: AppCredentials) -> Iterator[int]:
        for page in _pages():
            answer = credentials.as_app(Call("GET", "/app/installations", page), self._api.ask_as)
            yield from (int(one["id"]) for one in answer.data if not one.get("suspended_at"))
            if len(answer.data) < PAGE:
                return

    def _of(self, credentials: AppCredentials, installation: int) -> Iterator[GitHubRepository]:
        token = self._token(credentials, installation)
        if token is None:
            return
        for page in _pages():
            call = Call("GET", "/installation/repositories", page)
            listed = self._api.ask_as(f"installation/{installation}", call, token).data.get("repositories", ())
            yield from (facts_of(one).repository for one in listed)
            if len(listed) < PAGE:
                return

    def _token(self, credentials: AppCredentials, installation: int) -> Secret | None:
        """None for an installation that was removed a moment ago."""
        call = Call("POST", f"/app/installations/{installation}/access_tokens", body={"permissions": _LISTING})
        try:
            return Secret(credentials.as_app(call, self._api.ask_as).data["token"])
        except Stalled as error:
            if error.reason != MISSING:
                raise
            return None

    def _tell_of_missing(self, there: set[str]) -> None:
        """Once: who wrote the configuration may have mistyped it, or has not granted access yet."""
        missed = frozenset(name for lower, name in self._wanted.items() if lower not in there)
        if missed - self._missed:
            log.warning(
                "GitHub shows us no repository %s: is it spelt so, and are we let in?", ", ".join(sorted(missed))
            )
        self._missed = missed


def _pages() -> Iterator[Mapping[str, Any]]:
    number = 1
    while True:
        yield {"per_page": PAGE, "page": number}
        number += 1


def _free(repository: GitHubRepository, names: set[str]) -> str:
    """A name for it here: its own, unless another repository that was renamed since has it."""
    return f"{repository.name}.{repository.id}" if repository.name in names else repository.name
