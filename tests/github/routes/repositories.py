"""Repositories, their refs and commits, and who may do what in them."""

from __future__ import annotations

from tests.github.answers import Answer, Refused, not_found
from tests.github.routing import Call, route
from tests.github.shapes import accounts, repositories


@route("GET /repos/{owner}/{repo}")
def get_repository(call: Call) -> Answer:
    return Answer(200, repositories.full_repository(call.at, call.repository()))


@route("GET /repos/{owner}/{repo}/git/ref/{ref}")
def get_ref(call: Call) -> Answer:
    repo, name = call.repository("contents:read"), f"refs/{call.parameters['ref']}"
    sha = repo.git.refs().get(name)
    if sha is None:
        raise not_found()
    return Answer(200, repositories.ref(call.at, repo, name, sha))


@route("GET /repos/{owner}/{repo}/git/matching-refs/{ref}")
def matching_refs(call: Call) -> Answer:
    repo = call.repository("contents:read")
    found = repo.git.refs(f"refs/{call.parameters['ref']}")
    return call.page(sorted(found.items()), lambda item: repositories.ref(call.at, repo, *item))


@route("GET /repos/{owner}/{repo}/branches")
def list_branches(call: Call) -> Answer:
    repo = call.repository("contents:read")
    url = repositories.address(call.at, repo)
    heads = repo.git.refs("refs/heads/")
    return call.page(
        sorted(heads.items()),
        lambda item: {
            "name": item[0].removeprefix("refs/heads/"),
            "commit": {"sha": item[1], "url": f"{url}/commits/{item[1]}"},
            "protected": False,
        },
    )


@route("GET /repos/{owner}/{repo}/branches/{branch}")
def get_branch(call: Call) -> Answer:
    repo, name = call.repository("contents:read"), call.parameters["branch"]
    sha = repo.git.refs("refs/heads/").get(f"refs/heads/{name}")
    if sha is None:
        raise Refused(404, "Branch not found")
    url = f"{repositories.address(call.at, repo)}/branches/{name}"
    return Answer(
        200,
        {
            "name": name,
            "commit": repositories.commit(call.at, repo, sha),
            "_links": {"self": url, "html": f"{call.web}/{repo.full_name}/tree/{name}"},
            "protected": False,
            "protection": {"enabled": False},
            "protection_url": f"{url}/protection",
        },
    )


@route("GET /repos/{owner}/{repo}/collaborators/{username}/permission")
def get_permission(call: Call) -> Answer:
    repo = call.repository("metadata:read")
    account = call.world.state.accounts.get(call.parameters["username"].lower())
    if account is None:
        raise not_found()
    role = accounts.permission(repo, account)
    reach = accounts.ROLES.index(role) if role in accounts.ROLES else len(accounts.ROLES)
    names = ("admin", "maintain", "push", "triage", "pull")
    granted = {name: place >= reach for place, name in enumerate(names)}
    person = {**accounts.user(call.at, account), "permissions": granted, "role_name": role}
    # The old field knows four words only.
    plain = {"maintain": "write", "triage": "read"}.get(role, role)
    return Answer(200, {"permission": plain, "role_name": role, "user": person})


@route("GET /orgs/{org}/teams/{team_slug}/memberships/{username}")
def get_membership(call: Call) -> Answer:
    call.needs("members:read")
    names = call.parameters
    organization = call.world.state.accounts.get(names["org"].lower())
    members = organization.teams.get(names["team_slug"], {}) if organization else {}
    if names["username"] not in members:
        raise not_found()
    url = f"{call.base}/orgs/{names['org']}/teams/{names['team_slug']}/memberships/{names['username']}"
    return Answer(200, {"url": url, "role": members[names["username"]], "state": "active"})


@route("GET /repos/{owner}/{repo}/commits/{ref}")
def get_commit(call: Call) -> Answer:
    repo = call.repository("contents:read")
    return Answer(200, repositories.commit(call.at, repo, call.commit(repo, call.parameters["ref"])))
