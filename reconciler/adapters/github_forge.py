"""Which repositories GitHub lets us serve: those of the App's installations, or those that a token is for."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_credentials import AppCredentials
from reconciler.adapters.github_errors import MissingAllowed
from reconciler.adapters.github_http import Secret
from reconciler.adapters.github_listing import installations, repositories, token_to_list
from reconciler.adapters.github_names import GitHubRepository, github_repository, is_github
from reconciler.adapters.github_seen import facts_of
from reconciler.records import RepositoryRow

log = logging.getLogger(__name__)


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
            working = (one for one in installations(credentials, self._api.ask_as) if not one.get("suspended_at"))
            every = (one for at in working for one in self._of(credentials, int(at["id"])))
            yield from (one for one in every if not self._wanted or one.name.lower() in self._wanted)
        else:
            yield from (one for name in self._wanted.values() if (one := self._named(name)) is not None)

    def _named(self, name: str) -> GitHubRepository | None:
        with MissingAllowed():
            return self._api.get(GitHubRepository(0, name), "", facts_of).repository
        return None

    def _of(self, credentials: AppCredentials, installation: int) -> Iterator[GitHubRepository]:
        """None of an installation that was removed a moment ago."""
        token: Secret | None = None
        with MissingAllowed():
            token = token_to_list(credentials, installation, self._api.ask_as)
        if token is not None:
            seen = repositories(token, f"installation/{installation}", self._api.ask_as)
            yield from (facts_of(one).repository for one in seen)

    def _tell_of_missing(self, there: set[str]) -> None:
        """Once: who wrote the configuration may have mistyped it, or has not granted access yet."""
        missed = frozenset(name for lower, name in self._wanted.items() if lower not in there)
        if missed - self._missed:
            log.warning(
                "GitHub shows us no repository %s: is it spelt so, and are we let in?", ", ".join(sorted(missed))
            )
        self._missed = missed


def _free(repository: GitHubRepository, names: set[str]) -> str:
    """A name for it here: its own, unless another repository that was renamed since has it."""
    return f"{repository.name}.{repository.id}" if repository.name in names else repository.name
