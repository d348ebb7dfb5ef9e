"""What GitHub could not deliver, by its own lists: of the App's webhook, or of those that repositories have.

https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_errors import MissingAllowed
from reconciler.adapters.github_names import GitHubRepository, github_repository, is_github
from reconciler.adapters.github_reasons import MISSING, PERMISSION
from reconciler.errors import ReconcileError
from reconciler.ports import Clock, Missed
from reconciler.records import RepositoryRow
from reconciler.store import Delivery

log = logging.getLogger(__name__)

OF_APP, OF_REPOSITORIES = 60.0, 300.0  # s between looks: one list, or some for each repository
CLOSED = 3600.0  # s until a repository whose webhooks we may not read is asked again
_APP = "/app/hook"
# Not of status `failure`: that is a code from 400 to 599, and what nobody answered may have none.
_EACH: Mapping[str, str | int] = {"per_page": 100}

Meaning = Callable[[str, str, bytes, float], Delivery | None]
"""What a delivery asks for: its id, event, body, and when it was tried."""


class GitHubMissed:
    """Implements `ports.MissedWebhooks`.

    `asks` says of an event and its action whether it may hold what a person asked for; `path` is where our webhooks are
    taken, as a repository has others too.
    """

    def __init__(
        self,
        api: GitHubApi,
        repositories: Callable[[], Sequence[RepositoryRow]],
        asks: Callable[[str, str], bool],
        meaning: Meaning,
        path: str,
        clock: Clock,
    ) -> None:
        self.look_again = OF_APP if api.credentials.app else OF_REPOSITORIES
        self._api = api
        self._repositories = repositories
        self._asks = asks
        self._meaning = meaning
        self._path = path
        self._clock = clock
        self._closed: dict[int, float] = {}  # repositories whose webhooks we may not read, until when; monotonic
        self._told: set[int] = set()

    def missed(self, within: float) -> Iterator[Sequence[Missed]]:
        served = [github_repository(row.source) for row in self._repositories() if is_github(row.source)]
        if self._api.credentials.app:
            numbers = {one.id for one in served}
            yield from self._failed(None, _APP, within, numbers)
        else:
            for repository in served:
                for hook in self._hooks(repository):
                    yield from self._failed(repository, hook, within, {repository.id})

    def read(self, missed: Missed) -> Delivery | None:
        repository, path = _placed(missed.place)
        found: Mapping[str, Any] | None = None
        with MissingAllowed():
            found = self._api.single(repository, path)
        payload = ((found or {}).get("request") or {}).get("payload")
        if found is None or not isinstance(payload, dict):
            return None
        return self._meaning(missed.id, str(found["event"]), json.dumps(payload).encode(), missed.at)

    def _failed(
        self, repository: GitHubRepository | None, hook: str, within: float, served: set[int]
    ) -> Iterator[Sequence[Missed]]:
        """The failed ones, a page at a time, until one is older."""
        since = float("inf")
        with MissingAllowed():  # it has no webhook
            for page in self._api.each_page(repository, f"{hook}/deliveries", _tried, _EACH):
                since = min(since, self._api.now_there() - within)  # known from the first answer on
                yield [
                    Missed(one.guid, one.at, f"{repository.source if repository else ''} {hook}/deliveries/{one.id}")
                    for one in page
                    if one.at >= since and self._asks(one.event, one.action)
                    if not one.repository or one.repository in served
                ]
                if any(one.at < since for one in page):
                    return

    def _hooks(self, repository: GitHubRepository) -> Sequence[str]:
        """Where a repository's webhooks to us are; none where we may not know."""
        if self._closed.get(repository.id, float("-inf")) > self._clock.monotonic():
            return ()
        try:
            every = [one for page in self._api.each_page(repository, "/hooks", _addresses, {}) for one in page]
        except ReconcileError as error:
            if error.reason not in (MISSING, PERMISSION):
                raise
            self._tell_of_closed(repository)
            return ()
        return [f"/hooks/{number}" for number, address in every if urlsplit(address).path.endswith(self._path)]

    def _tell_of_closed(self, repository: GitHubRepository) -> None:
        self._closed[repository.id] = self._clock.monotonic() + CLOSED
        if repository.id not in self._told:
            self._told.add(repository.id)
            log.warning(
                "The token may not read the webhooks of %s: comments whose webhook is lost are not recovered. "
                "Grant it webhooks: read to change that.",
                repository.name,
            )


def _placed(place: str) -> tuple[GitHubRepository | None, str]:
    source, _, path = place.partition(" ")
    return (github_repository(source) if source else None), path


@dataclass(frozen=True, slots=True)
class _Try:
    id: int  # of this try
    guid: str  # the same for each try
    at: float
    event: str
    action: str
    repository: int  # 0 = none


def _tried(page: Sequence[Mapping[str, Any]]) -> list[_Try]:
    """Those that have failed for good."""
    return [
        _Try(
            int(one["id"]),
            str(one["guid"]),
            datetime.fromisoformat(one["delivered_at"]).timestamp(),
            str(one["event"]),
            str(one.get("action") or ""),
            int(one.get("repository_id") or 0),
        )
        for one in page
        if not _is_pending(one) and not 200 <= int(one.get("status_code") or 0) < 400
    ]


def _is_pending(one: Mapping[str, Any]) -> bool:
    return str(one.get("status") or "").lower() == "pending" and not one.get("status_code")


def _addresses(page: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    return [(int(one["id"]), str((one.get("config") or {}).get("url") or "")) for one in page]
