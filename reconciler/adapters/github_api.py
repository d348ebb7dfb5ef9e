"""GitHub's REST API as the adapters use it: governed, signed in, conditional, and with errors in our own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from reconciler.adapters.github_credentials import HOOKS, READ, REVIEW, AppCredentials, Credentials, Permissions
from reconciler.adapters.github_errors import refusal
from reconciler.adapters.github_governor import Governor, Rank
from reconciler.adapters.github_http import Answer, Call, Http, Secret
from reconciler.adapters.github_names import GitHubRepository
from reconciler.adapters.recent import Recent
from reconciler.errors import LeaseLost, Waiting
from reconciler.ports import Clock
from reconciler.records import Lease

Value = TypeVar("Value")

REMEMBERED = 2_000  # answers, as small as their readers make them
PAGES = 30  # of a list, a hundred entries each
MANY_PAGES = 300  # of one that is read from its new end until something is known
_NEXT = re.compile(r'<([^>]*)>;\s*rel="next"')


@dataclass(frozen=True, slots=True)
class _Page:
    etag: str
    value: Any
    next: str


class GitHubApi:
    """Calls for repositories. Thread-safe. Every method raises Waiting or Stalled, and LeaseLost past a lease's end."""

    def __init__(self, http: Http, credentials: Credentials, governor: Governor, clock: Clock) -> None:
        self.http = http
        self.credentials = credentials
        self._governor = governor
        self._clock = clock
        self._ahead = 0.0
        self._pages: Recent[tuple[int, str], _Page] = Recent(REMEMBERED)

    def now_there(self) -> float:
        """The time by GitHub's clock, as its last answer told it: what it dates is older or newer by that alone."""
        return self._clock.now() + self._ahead

    def get(
        self,
        repository: GitHubRepository,
        path: str,
        read: Callable[[Any], Value],
        parameters: Mapping[str, str | int] | None = None,
        permissions: Permissions = REVIEW,
        lease: Lease | None = None,
    ) -> Value:
        """What `read` makes of a GET below the repository; what did not change since the last time costs nothing.

        `path` is what follows `/repos/OWNER/NAME`; parts of it must be quoted already.
        """
        return self._page(repository, repository.path + path, read, parameters or {}, permissions, lease).value  # type: ignore[no-any-return]

    def elsewhere(
        self, repository: GitHubRepository, path: str, read: Callable[[Any], Value], permissions: Permissions
    ) -> Value:
        """What `read` makes of a GET anywhere, with the rights that we have for a repository."""
        return self._page(repository, path, read, {}, permissions, None).value  # type: ignore[no-any-return]

    def whereabouts(self, repository: GitHubRepository, read: Callable[[Any], Value]) -> Value:
        """What `read` makes of the repository itself, found by its number."""
        return self._page(repository, repository.lasting_path, read, {}, READ, None).value  # type: ignore[no-any-return]

    def pages(
        self,
        repository: GitHubRepository,
        path: str,
        read: Callable[[Any], list[Value]],
        parameters: Mapping[str, str | int] | None = None,
        permissions: Permissions = REVIEW,
        lease: Lease | None = None,
    ) -> list[Value]:
        """The entries of a list, all its pages; `read` makes them of one page."""
        values: list[Value] = []
        page = self._page(
            repository, repository.path + path, read, {"per_page": 100, **(parameters or {})}, permissions, lease
        )
        for _ in range(PAGES):
            values += page.value
            if not page.next:
                break
            page = self._page(repository, page.next, read, {}, permissions, lease)
        return values

    def each_page(
        self,
        repository: GitHubRepository | None,
        path: str,
        read: Callable[[Any], list[Value]],
        parameters: Mapping[str, str | int],
    ) -> Iterator[list[Value]]:
        """A long list page by page, each asked for when it is wanted, when nobody else needs the budget.

        Without a repository it is the App's own, and `path` is whole.
        """
        page = self._page(repository, _below(repository, path), read, parameters, HOOKS, None, Rank.OP)
        for _ in range(MANY_PAGES):
            yield page.value
            if not page.next:
                return
            page = self._page(repository, page.next, read, {}, HOOKS, None, Rank.OP)

    def single(self, repository: GitHubRepository | None, path: str) -> Any:
        """One entry of such a list, which is not asked for twice."""
        return self._asked(repository, Call("GET", _below(repository, path)), Rank.OP, HOOKS, None).data

    def send(
        self,
        repository: GitHubRepository,
        verb: str,
        path: str,
        body: Mapping[str, Any],
        rank: Rank = Rank.GATE,
        permissions: Permissions = REVIEW,
        lease: Lease | None = None,
    ) -> Any:
        """Write, and return the answer's data. After a Waiting the outcome may be unknown: look before a second try."""
        call = Call(verb, repository.path + path, body=body)
        return self._asked(repository, call, rank, permissions, lease).data

    def token(self, repository: GitHubRepository, permissions: Permissions) -> Secret:
        """A token for something that speaks to GitHub itself, as git does."""
        return self.credentials.token(repository, permissions, self.ask_as)

    def _page(
        self,
        repository: GitHubRepository | None,
        path: str,
        read: Callable[[Any], Any],
        parameters: Mapping[str, str | int],
        permissions: Permissions,
        lease: Lease | None,
        rank: Rank = Rank.GATE,
    ) -> _Page:
        name = (repository.id if repository else 0, f"{path}?{sorted(parameters.items())}")
        known = self._pages.get(name)
        call = Call("GET", path, parameters, etag=known.etag if known else "")
        answer = self._asked(repository, call, rank, permissions, lease)
        if answer.status == 304 and known is not None:
            return known
        found = _NEXT.search(answer.headers.get("link", ""))
        page = _Page(answer.headers.get("etag", ""), read(answer.data), found.group(1) if found else "")
        if page.etag:
            self._pages.put(name, page)
        return page

    def _asked(
        self,
        repository: GitHubRepository | None,
        call: Call,
        rank: Rank,
        permissions: Permissions,
        lease: Lease | None,
    ) -> Answer:
        """Once, and once more with a new token where GitHub does not take the one we had. None: as the App itself."""
        if repository is None:
            assert isinstance(self.credentials, AppCredentials)
            return _good(call, self.credentials.as_app(call, partial(self.ask_as, rank=rank)))
        for is_last in (False, True):
            token = self.credentials.token(repository, permissions, self.ask_as)
            account = self.credentials.account(repository, self.ask_as)
            answer = self._governed(account, call, token, rank, lease)
            if answer.status != 401 or is_last or not self.credentials.refused(repository, token, answer):
                break
        return _good(call, answer)

    def ask_as(self, account: str, call: Call, token: Secret, rank: Rank = Rank.GATE) -> Answer:
        """One governed call with a token at hand; raises for a status from 300 on, except for 304 and 401."""
        answer = self._governed(account, call, token, rank)
        return answer if answer.status == 401 else _good(call, answer)

    def _governed(self, account: str, call: Call, token: Secret, rank: Rank, lease: Lease | None = None) -> Answer:
        def let_through() -> AbstractContextManager[None]:
            self._check_lease(lease)
            return self._governor.let_through(account, call, rank)

        answer = self.http.ask(call, token, let_through)
        self._governor.heard(account, answer)
        if answer.date is not None:
            self._ahead = answer.date - self._clock.now()
        return answer

    def _check_lease(self, lease: Lease | None) -> None:
        left = lease.deadline - self._clock.monotonic() if lease is not None else float("inf")
        if left <= 0:
            raise LeaseLost
        if left <= self.http.timeout:
            raise Waiting("GitHubSlow", "GitHub takes its time; the rest follows at once.", timedelta(0))


def _below(repository: GitHubRepository | None, path: str) -> str:
    return repository.path + path if repository is not None else path


def _good(call: Call, answer: Answer) -> Answer:
    if answer.status < 300 or answer.status == 304:
        return answer
    raise refusal(call, answer, f"{call.verb} {call.path.partition('?')[0]}")
