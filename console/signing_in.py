"""Whether people elsewhere can sign in to the pages, by what is configured; and if not, what is missing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from console.config import Config
from console.github_config import LOCAL, GitHubConfig
from console.pages.sessions import Sessions
from console.pages.sign_in import SignIn
from reconciler.adapters.github_people import GitHubPeople
from reconciler.ports import Clock
from reconciler.store import Sessions as Kept


@dataclass(frozen=True, slots=True)
class Lacking:
    """What has to be configured first."""

    what: str
    do: str


def sign_in_of(config: Config, kept: Kept, clock: Clock) -> SignIn | Lacking:
    """The sign-in, or why there is none. Nothing is asked of GitHub yet."""
    assert config.github is not None
    if (found := lacking(config.github, config.page_url)) is not None:
        return found
    return SignIn(Sessions(people_of(config.github), kept, clock), config.page_url)


def lacking(config: GitHubConfig, page_url: str) -> Lacking | None:
    """What keeps people from signing in."""
    if config.private_key is None:
        return Lacking("People sign in with a GitHub App, and a token is configured.", "Make an App, and configure it.")
    if config.client_secret is None:
        do = "Generate a client secret on the App's page, and name `clientId` and `clientSecret` in `github.app`."
        return Lacking("No client secret of the App is configured.", do)
    if not page_url:
        return Lacking(
            "No public address is configured.", "Give `pageUrl` the address by which people reach the pages."
        )
    parts = urlsplit(page_url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL):
        return None
    return Lacking(
        "`pageUrl` does not begin with https://.", "Put a proxy with TLS before the service, and correct it."
    )


def people_of(config: GitHubConfig) -> GitHubPeople:
    """Who asks GitHub who somebody is. There is a client secret."""
    assert config.client_secret is not None
    return GitHubPeople(config.client, partial(config.client_secret.read, os.environ), config.api_url)


def closed(lack: Lacking, port: int) -> str:
    """What people elsewhere are told while nobody can sign in."""
    tunnel = f"`ssh -L {port}:127.0.0.1:{port} HOST` leads from there to http://127.0.0.1:{port}"
    return (
        f"Nobody can sign in here: {lack.what} {lack.do} Pages are shown on the service's own machine alone; {tunnel}."
    )
