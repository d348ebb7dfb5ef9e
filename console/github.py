"""The parts that speak with GitHub, made and joined for the service."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from console.github_config import GitHubConfig, SecretPlace
from reconciler.adapters.git_mirrors import Origin
from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_checks import GitHubChecks
from reconciler.adapters.github_conversations import GitHubConversations
from reconciler.adapters.github_credentials import AppCredentials, Credentials, OneToken
from reconciler.adapters.github_forge import GitHubForge
from reconciler.adapters.github_governor import Governor
from reconciler.adapters.github_http import Http
from reconciler.adapters.github_missed import GitHubMissed
from reconciler.adapters.github_names import github_repository, is_github
from reconciler.adapters.github_source import GitHubOrigin
from reconciler.adapters.github_statuses import GitHubStatuses
from reconciler.adapters.sql_store import SqlStore
from reconciler.ports import Clock, CommitChecks, Conversations, Source
from reconciler.records import RepositoryRow
from reconciler.steps.who_may import rules_at_head
from reconciler.store import Delivery
from webhooks.asgi import Request, Route
from webhooks.github import GitHubHook, github_routes, recovered
from webhooks.github_events import HOOK, may_ask
from webhooks.mailbox import Mailbox
from webhooks.repository_names import RepositoryNames

Proven = Callable[[Request], None]


@dataclass(frozen=True, slots=True)
class GitHubParts:
    """What the service needs of GitHub."""

    api: GitHubApi
    origin: Origin
    checks: CommitChecks
    forge: GitHubForge
    missed: GitHubMissed | None  # None without a secret: then nobody is listened to
    conversations: GitHubConversations
    routes: Sequence[Route]  # of webhooks; none without a secret to prove them by
    secrets: Sequence[Callable[[], str]]  # that nothing which is posted may hold


def github_parts(
    config: GitHubConfig,
    store: SqlStore,
    clock: Clock,
    locate: Callable[[str], str],
    mailbox: Mailbox,
    proven: Proven,
) -> GitHubParts:
    """Every part. `locate` gives the source of a repository by its name, `proven` hears of webhooks. Nothing is
    asked of GitHub yet.
    """
    api = GitHubApi(Http(config.api_url), _credentials(config, clock), Governor(store, clock), clock)
    checks = GitHubChecks(api, locate, clock) if config.app else GitHubStatuses(api, locate)
    names = RepositoryNames(store.repositories, _number_of)
    return GitHubParts(
        api,
        GitHubOrigin(api, locate, config.poll_seconds),
        checks,
        GitHubForge(api, config.repositories),
        _missed(config, api, store, names, clock),
        GitHubConversations(api, locate, clock),
        _routes(config, mailbox, names, proven),
        [partial(place.read, os.environ) for place in config.secrets],
    )


def may_act(conversations: Conversations, source: Source, repository: RepositoryRow, person: str) -> bool:
    """Whether a person may ask for things on pages: as with buttons of checks. Raises Waiting, Stalled."""
    is_known = bool(repository.settings_json)
    return is_known and rules_at_head(conversations, source, repository).may_command(person)


def _credentials(config: GitHubConfig, clock: Clock) -> Credentials:
    if config.private_key is not None:
        return AppCredentials(config.app, partial(config.private_key.read, os.environ), clock)
    assert config.token is not None
    return OneToken(partial(config.token.read, os.environ))


def _missed(
    config: GitHubConfig, api: GitHubApi, store: SqlStore, names: RepositoryNames, clock: Clock
) -> GitHubMissed | None:
    if not config.webhook_secrets:
        return None

    def meaning(guid: str, event: str, body: bytes, at: float) -> Delivery | None:
        return recovered(guid, event, body, at, names.looked_up, _app(config), clock.now())

    return GitHubMissed(api, store.repositories, may_ask, meaning, HOOK, clock)


def _routes(config: GitHubConfig, mailbox: Mailbox, names: RepositoryNames, proven: Proven) -> Sequence[Route]:
    secrets = [_bytes(place) for place in config.webhook_secrets]
    if not secrets:
        return ()
    return github_routes(GitHubHook(secrets, names.named, _app(config), proven), mailbox)


def _app(config: GitHubConfig) -> int | None:
    return int(config.app) if config.app else None


def _bytes(place: SecretPlace) -> bytes:
    return place.read(os.environ).encode()


def _number_of(source: str) -> int | None:
    return github_repository(source).id if is_github(source) else None
