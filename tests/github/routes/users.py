"""What a person's token tells of the person, and an App that was made from a manifest."""

from __future__ import annotations

from typing import Any

from tests.github.answers import Answer, Refused, not_found
from tests.github.auth import was_let_in
from tests.github.records import Account, App, Installation, Repository
from tests.github.routing import Call, route
from tests.github.shapes import accounts, repositories


def the_person(call: Call) -> Account:
    if call.someone.person is None:
        raise Refused(403, "Resource not accessible by integration")
    return call.someone.person


def the_app(call: Call) -> App:
    """By which the person signed in; other tokens of people tell nothing of installations."""
    if call.someone.token is None or call.someone.token.app is None:
        raise Refused(403, "You must authenticate with an access token authorized to a GitHub App")
    return call.someone.token.app


@route("GET /user")
def get_user(call: Call) -> Answer:
    person = the_person(call)
    unknown = ("name", "company", "blog", "location", "email", "hireable", "bio")
    counts = ("public_repos", "public_gists", "followers", "following")
    document = {**accounts.user(call.at, person), "user_view_type": "public"}
    document |= dict.fromkeys(unknown) | dict.fromkeys(counts, 0)
    return Answer(200, document | dict.fromkeys(("created_at", "updated_at"), accounts.moment(0)))


@route("GET /user/installations")
def installations_of_user(call: Call) -> Answer:
    """Of the App by which the person signed in, those with a repository that the person was let into."""
    person, state, app = the_person(call), call.world.state, the_app(call)
    rows = [
        row
        for row in state.installations.values()
        if row.app is app and any(was_let_in(repo, person) for repo in state.repositories_of(row))
    ]
    return call.page(rows, lambda row: accounts.installation(call.at, row), "installations")


@route("GET /user/installations/{installation_id}/repositories")
def repositories_of_user(call: Call) -> Answer:
    person, state = the_person(call), call.world.state
    row: Installation | None = state.installations.get(int(call.parameters["installation_id"]))
    if row is None or row.app is not the_app(call):
        raise not_found()
    rows = [repo for repo in state.repositories_of(row) if was_let_in(repo, person)]
    return call.page(rows, lambda repo: _seen_by(call, repo, person), "repositories")


def _seen_by(call: Call, repository: Repository, person: Account) -> dict[str, Any]:
    role = accounts.ROLES.index(accounts.permission(repository, person))
    may = {level: role <= index for index, level in enumerate(("admin", "maintain", "push", "triage", "pull"))}
    return {**repositories.repository(call.at, repository), "permissions": may}


@route("POST /app-manifests/{code}/conversions")
def convert_manifest(call: Call) -> Answer:
    """Once, within an hour; the only time that GitHub tells the secrets."""
    state = call.world.state
    grant = state.grants.pop(call.parameters["code"], None)
    if grant is None or not grant.private_key or grant.expires_at < state.now():
        raise not_found()
    hook = next((row for row in call.world.webhooks.hooks if row.app is grant.app), None)
    secrets = {
        "client_id": grant.app.client_id,
        "client_secret": grant.app.client_secret,
        "webhook_secret": hook.secret if hook else None,
        "pem": grant.private_key,
    }
    return Answer(201, {**accounts.app(call.at, grant.app), **secrets})
