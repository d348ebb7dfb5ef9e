"""What a token may do in the repositories that it is for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from urllib.parse import quote, urlsplit

from console.doctor.model import Examined, Level, fine, problem, warning
from console.github_config import GitHubConfig
from reconciler.adapters.github_account import GitHubAccount
from reconciler.adapters.github_http import Secret
from reconciler.adapters.github_reasons import MISSING, PERMISSION, SIGN_IN
from reconciler.checks.words import listed
from reconciler.errors import ReconcileError, Stalled
from webhooks.github_events import HOOK

_LOOKS = {"pull_requests: read": "/pulls", "statuses: write": "/commits/{branch}/status"}


def examine_token(config: GitHubConfig, account: GitHubAccount) -> Iterator[Examined]:
    """Each repository. Raises Waiting, Stalled where GitHub cannot be asked at all."""
    assert config.token is not None
    token = Secret(config.token.read(os.environ))
    place = str(config.token.file or config.token.env)
    seen = []
    for name in config.repositories:
        try:
            found = _repository(account, token, name)
            seen += [name] if found.level is Level.OK else []
            yield found
        except ReconcileError as error:
            if error.reason == SIGN_IN:
                do = "Make a new one: it was revoked, has run out, or was not copied as a whole."
                yield problem("github-token", "GitHub does not take the token.", place, do)
                return
            yield _refused(name, place, error)
    yield from _hooks(config, account, token, seen)


def _repository(account: GitHubAccount, token: Secret, name: str) -> Examined:
    branch, may_push = account.repository(token, name)
    for look in _LOOKS.values():
        path = look.format(branch=quote(branch, safe=""))
        with suppress(Stalled):  # there is no commit yet
            account.as_token(token, f"/repos/{name}{path}", per_page=1)
    if not may_push:
        what = f"Whoever the token is of may not push to {name}, so nothing can be said on its commits."
        return problem("github-permission", what, name, "Give that account the role Write there.")
    return fine("github-repository", f"The token sees {name}.", name)


def _refused(name: str, place: str, error: ReconcileError) -> Examined:
    if error.reason == MISSING:
        do = "Correct its name in `repositories`, or let the token be for it."
        return problem("github-repository", f"GitHub shows the token no repository {name}.", name, do)
    if error.reason == PERMISSION:
        do = f"Grant the token contents: read, {', '.join(_LOOKS)}."
        return problem("github-permission", f"The token lacks a permission for {name}: {error.message}", place, do)
    raise error


def _hooks(config: GitHubConfig, account: GitHubAccount, token: Secret, seen: Sequence[str]) -> Iterator[Examined]:
    if not config.webhook_secrets:
        said = f"No webhook secret is configured: GitHub is looked at each {config.poll_seconds:.0f} s."
        yield fine("github-webhook", said)
        return
    said = "Whether webhooks arrive is told in each repository: Settings, Webhooks, Recent Deliveries."
    yield fine("github-webhook", said)
    hooks = {name: _addresses(account, token, name) for name in seen}
    without = [name for name, found in hooks.items() if found is not None and not any(map(_leads_here, found))]
    if without:
        what = f"No webhook of {listed(without)} leads to {HOOK}: comments that one of an organization loses stay lost."
        do = "Add one in Settings, Webhooks, of the repository; without any, news is seen at the next look only."
        yield warning("github-webhook", what, without[0], do)
    closed = [name for name, found in hooks.items() if found is None]
    if closed:
        what = f"The token may not read the webhooks of {listed(closed)}: comments whose webhook is lost stay lost."
        do = "Grant it webhooks: read to have them recovered, or let people repeat what is not answered."
        yield warning("github-permission", what, closed[0], do)


def _addresses(account: GitHubAccount, token: Secret, name: str) -> list[str] | None:
    """Where webhooks of a repository lead; None where the token may not know."""
    try:
        found = account.as_token(token, f"/repos/{name}/hooks", per_page=100)
    except ReconcileError as error:
        if error.reason in (MISSING, PERMISSION):
            return None
        raise
    return [str((one.get("config") or {}).get("url") or "") for one in found]


def _leads_here(address: str) -> bool:
    return urlsplit(address).path.endswith(HOOK)
