"""JSON of people, organizations, Apps and installations."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.github.records import Account, App, Installation, Repository

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the API and the pages are, as the reader addresses them: bodies name no other host."""

    api: str
    web: str


def moment(seconds: float | None) -> str | None:
    """`2024-01-01T00:00:00Z`."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}{number}".encode()).decode()


def user(at: Addresses, account: Account) -> Json:
    url = f"{at.api}/users/{account.login}"
    lists = ("followers", "subscriptions", "repos", "received_events")
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("User", account.id),
        "avatar_url": f"{at.web}/avatars/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{at.web}/{account.login}",
        **{f"{name}_url": f"{url}/{name}" for name in lists},
        "organizations_url": f"{url}/orgs",
        "following_url": url + "/following{/other_user}",
        "gists_url": url + "/gists{/gist_id}",
        "starred_url": url + "/starred{/owner}{/repo}",
        "events_url": url + "/events{/privacy}",
        "type": account.kind,
        "site_admin": False,
    }


def app(at: Addresses, row: App) -> Json:
    return {
        "id": row.id,
        "slug": row.slug,
        "client_id": row.client_id,
        "node_id": node_id("Integration", row.id),
        "owner": user(at, row.owner),
        "name": row.name,
        "description": "",
        "external_url": "https://headgate.example",
        "html_url": f"{at.web}/apps/{row.slug}",
        "created_at": moment(row.created_at),
        "updated_at": moment(row.created_at),
        "permissions": row.permissions,
        "events": row.events,
    }


def installation(at: Addresses, row: Installation) -> Json:
    return {
        "id": row.id,
        "account": user(at, row.account),
        "repository_selection": selection(row),
        "access_tokens_url": f"{at.api}/app/installations/{row.id}/access_tokens",
        "repositories_url": f"{at.api}/installation/repositories",
        "html_url": f"{at.web}/organizations/{row.account.login}/settings/installations/{row.id}",
        "app_id": row.app.id,
        "client_id": row.app.client_id,
        "app_slug": row.app.slug,
        "target_id": row.account.id,
        "target_type": row.account.kind,
        "permissions": row.permissions,
        "events": row.app.events,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(at, row.account) if row.suspended_at else None,
        "suspended_at": moment(row.suspended_at),
    }


def selection(row: Installation) -> str:
    return "all" if row.repositories is None else "selected"


def association(repository: Repository, account: Account) -> str:
    """How a person stands to a repository, as comments and pull requests say it."""
    if account is repository.owner:
        return "OWNER"
    if account.login in repository.owner.members:
        return "MEMBER"
    return "COLLABORATOR" if account.login in repository.collaborators else "NONE"


ROLES = ("admin", "maintain", "write", "triage", "read")


def permission(repository: Repository, account: Account) -> str:
    """The role of a person in a repository: one of ROLES, or "none"."""
    if account is repository.owner:
        return "admin"
    return repository.collaborators.get(account.login, "none" if repository.private else "read")
