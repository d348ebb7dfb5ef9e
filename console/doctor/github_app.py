"""What an App may do and hear, and where: against what is needed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from console.doctor.model import Examined, fine, problem, warning
from console.github_config import GitHubConfig
from console.github_needs import EVENTS, PERMISSIONS, grants
from reconciler.adapters.github_account import AppFacts, InstallationFacts
from reconciler.checks.words import count, listed


def judge_app(app: AppFacts) -> Iterator[Examined]:
    """Its permissions and events."""
    lacking = [name for name in PERMISSIONS if not grants(app.permissions, name)]
    for name in lacking:
        need = PERMISSIONS[name]
        has = app.permissions.get(name, "no access")
        what = f"The App lacks the permission {name}: {need.by} (it has {has}). {need.lost}"
        do = f"Grant it under `Permissions & events`, then accept it in each installation: {app.settings}/permissions"
        yield (problem if need.vital else warning)("github-permission", what, app.slug, do)
    if not lacking:
        yield fine("github-permission", "The App has every permission that is needed.")
    yield from _events(app)


def _events(app: AppFacts) -> Iterator[Examined]:
    """Those whose permission is there: another one cannot be subscribed to, and that was told."""
    missing = [name for name, need in EVENTS.items() if name not in app.events and need.by in app.permissions]
    for name in missing:
        need = EVENTS[name]
        do = f"Subscribe to it under `Permissions & events`: {app.settings}/permissions"
        what = f"The App does not hear of the event {name}. {need.lost}"
        yield (problem if need.vital else warning)("github-event", what, app.slug, do)
    if not missing:
        yield fine("github-event", "The App hears of every event that is needed.")


def judge_installations(app: AppFacts, installations: Sequence[InstallationFacts]) -> Iterator[Examined]:
    """Whether it is installed, works there, and was granted what it asks for."""
    if not installations:
        do = f"Install it on the repositories to serve: {app.page}/installations/new"
        yield problem("github-installation", "The App is not installed anywhere.", app.slug, do)
    for one in installations:
        yield _installation(app, one)


def _installation(app: AppFacts, one: InstallationFacts) -> Examined:
    if one.suspended:
        do = f"Unsuspend it: {one.page}"
        return problem("github-installation", f"The installation on {one.account} is suspended.", one.account, do)
    waiting = [name for name in PERMISSIONS if grants(app.permissions, name) and not grants(one.permissions, name)]
    if waiting:
        wanted = listed([f"{name}: {PERMISSIONS[name].by}" for name in waiting], len(waiting))
        what = f"{one.account} has not accepted what the App asks for by now: {wanted}. {PERMISSIONS[waiting[0]].lost}"
        found = problem if any(PERMISSIONS[name].vital for name in waiting) else warning
        return found("github-installation", what, one.account, f"Let its owner accept it: {one.page}")
    return fine("github-installation", f"The App is installed on {one.account}.", one.page)


def judge_repositories(
    config: GitHubConfig, app: AppFacts, seen: Mapping[str, Sequence[str] | None]
) -> Iterator[Examined]:
    """Whether the App sees the repositories that are to be served. `seen`: by account, None = suspended."""
    there = {name.lower() for names in seen.values() for name in names or ()}
    hidden = {account.lower() for account, names in seen.items() if names is None}
    missed = [name for name in config.repositories if name.lower() not in there and _owner(name) not in hidden]
    for name in missed:
        do = f"Correct its name in `repositories`, or add it to the installation: {app.page}/installations/new"
        yield problem("github-repository", f"GitHub shows the App no repository {name}.", name, do)
    found = [name for name in config.repositories or sorted(there) if name.lower() in there]
    if not found and not missed and seen and not hidden:
        do = f"Choose repositories for the installation: {app.page}/installations/new"
        yield warning("github-repository", "The App sees no repository.", app.slug, do)
    elif found:
        yield fine("github-repository", f"{count(len(found), 'repository', 'repositories')} to serve: {listed(found)}.")


def _owner(name: str) -> str:
    return name.lower().partition("/")[0]
