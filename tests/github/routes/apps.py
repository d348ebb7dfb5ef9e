"""What an App asks about itself: its installations, tokens, repositories, webhook and budget."""

from __future__ import annotations

from typing import Any

from tests.github.answers import Answer, Refused, not_found
from tests.github.auth import LEVELS
from tests.github.records import App, Installation, Permissions, Repository, Token
from tests.github.routing import Call, route
from tests.github.shapes import accounts, repositories
from tests.github.state import State, covers

TOKEN_LIFE = 3600


def the_app(call: Call) -> App:
    """The App that calls by its JWT."""
    if not call.someone.app:
        raise Refused(401, "A JSON web token could not be decoded")
    return call.someone.app


def the_installation(call: Call) -> Installation:
    row = call.world.state.installations.get(int(call.parameters["installation_id"]))
    if row is None or row.app is not the_app(call):
        raise not_found()
    return row


@route("GET /app")
def get_app(call: Call) -> Answer:
    app = the_app(call)
    count = sum(row.app is app for row in call.world.state.installations.values())
    return Answer(200, {**accounts.app(call.at, app), "installations_count": count})


@route("GET /app/installations")
def list_installations(call: Call) -> Answer:
    app = the_app(call)
    rows = [row for row in call.world.state.installations.values() if row.app is app]
    return call.page(rows, lambda row: accounts.installation(call.at, row))


@route("GET /app/installations/{installation_id}")
def get_installation(call: Call) -> Answer:
    return Answer(200, accounts.installation(call.at, the_installation(call)))


@route("GET /repos/{owner}/{repo}/installation")
def installation_of_repository(call: Call) -> Answer:
    found = call.world.state.installation_on(the_app(call), call.repository())
    if found is None:
        raise not_found()
    return Answer(200, accounts.installation(call.at, found))


@route("POST /app/installations/{installation_id}/access_tokens")
def create_token(call: Call) -> Answer:
    row = the_installation(call)
    if row.suspended_at is not None:
        raise Refused(403, "This installation has been suspended")
    state = call.world.state
    chosen = _chosen(state, row, call.body)
    permissions = _narrowed(row, call.body.get("permissions"))
    value, expires_at = state.new_secret("ghs_"), state.now() + TOKEN_LIFE
    ids = None if chosen is None else frozenset(repo.id for repo in chosen)
    state.tokens[value] = Token(value, permissions, ids, installation=row, expires_at=expires_at)
    document: dict[str, Any] = {
        "token": value,
        "expires_at": accounts.moment(expires_at),
        "permissions": permissions,
        "repository_selection": accounts.selection(row) if chosen is None else "selected",
    }
    if chosen is not None:
        document["repositories"] = [repositories.repository(call.at, repo) for repo in chosen]
    return Answer(201, document)


def _chosen(state: State, row: Installation, body: dict[str, Any]) -> list[Repository] | None:
    """The repositories that a token is narrowed to; None: all of the installation."""
    names, ids = body.get("repositories"), body.get("repository_ids")
    if names is None and ids is None:
        return None
    wanted: set[Any] = {*(name.lower() for name in names or ()), *(ids or ())}
    found = [repo for repo in state.repositories_of(row) if {repo.id, repo.name.lower()} & wanted]
    if len(found) != len(wanted):
        raise Refused(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    return found


def _narrowed(row: Installation, asked: Permissions | None) -> Permissions:
    if asked is None:
        return dict(row.permissions)
    for name, level in asked.items():
        if LEVELS[level] > LEVELS.get(row.permissions.get(name, ""), 0):
            raise Refused(422, "The permissions requested are not granted to this installation.")
    return {"metadata": "read", **asked}


@route("DELETE /installation/token")
def revoke_token(call: Call) -> Answer:
    token = call.someone.token
    if token is None or token.installation is None:
        raise Refused(403, "Resource not accessible by personal access token")
    del call.world.state.tokens[token.value]
    return Answer(204)


@route("GET /installation/repositories")
def repositories_of_installation(call: Call) -> Answer:
    token = call.someone.token
    if token is None or token.installation is None:
        raise Refused(403, "Resource not accessible by personal access token")
    rows = [
        row
        for row in call.world.state.repositories.values()
        if covers(token.installation, row) and call.someone.sees(row)
    ]
    return call.page(rows, lambda row: repositories.repository(call.at, row), "repositories")


@route("GET /rate_limit")
def rate_limit(call: Call) -> Answer:
    core = call.world.limits.budget(call.actor_name)
    return Answer(200, {"resources": {"core": core, "search": core}, "rate": core})


@route("GET /meta")
def meta(call: Call) -> Answer:
    return Answer(200, {"verifiable_password_authentication": False})
