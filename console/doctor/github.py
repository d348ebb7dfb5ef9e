"""GitHub and us: whether it can be reached, takes who we are, and lets us do what we need. Asks as the service does."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from console.doctor.github_app import judge_app, judge_installations, judge_repositories
from console.doctor.github_people import examine_sign_in
from console.doctor.github_token import examine_token
from console.doctor.github_webhooks import judge_deliveries, judge_hook
from console.doctor.model import Examined, fine, problem, unknown, warning
from console.github_config import GitHubConfig
from reconciler.adapters.github_account import AppFacts, GitHubAccount, InstallationFacts
from reconciler.adapters.github_credentials import AppCredentials
from reconciler.adapters.github_errors import MissingAllowed
from reconciler.adapters.github_http import Http
from reconciler.adapters.github_reasons import ADDRESS, BAD_TOKEN, KEY, LIMITED, PERMISSION, SIGN_IN
from reconciler.checks.words import count, duration
from reconciler.errors import ReconcileError, Stalled, Waiting
from reconciler.ports import Clock

_APART = 30.0  # s between two clocks that nobody notices
_FEW = 0.1  # of the hour's requests: somebody else uses them up
_NO_APP = "GitHubAppUnknown"
_PERSONAL = (BAD_TOKEN, PERMISSION, ADDRESS)  # reasons that only a person ends


def examine_github(config: GitHubConfig, clock: Clock, page_url: str = "") -> Iterator[Examined]:
    """Everything, causes before what follows from them. No value of a secret is ever told."""
    yield from _files(config)
    account = GitHubAccount(Http(config.api_url), clock)
    try:
        if config.private_key is None:
            yield from examine_token(config, account)
        else:
            credentials = AppCredentials(config.app, partial(config.private_key.read, os.environ), clock)
            yield from _examine_app(config, account, credentials, clock, page_url)
    except ReconcileError as error:
        yield _refused(config, error)
    yield from _clock(account)
    yield from _limit(account)


def _examine_app(
    config: GitHubConfig, account: GitHubAccount, credentials: AppCredentials, clock: Clock, page_url: str
) -> Iterator[Examined]:
    app = _app(account, credentials)
    yield fine("github-app", f"GitHub takes the private key of the App {app.slug} ({config.app}).", app.settings)
    yield from judge_app(app)
    yield examine_sign_in(config, app, page_url)
    installations = account.installations(credentials)
    yield from judge_installations(app, installations)
    yield from judge_repositories(config, app, _seen(account, credentials, installations))
    yield from _webhooks(config, app, account, credentials, clock)


def _app(account: GitHubAccount, credentials: AppCredentials) -> AppFacts:
    with MissingAllowed():
        return account.app(credentials)
    raise Stalled(_NO_APP, f"GitHub knows no App {credentials.app}.")


def _seen(
    account: GitHubAccount, credentials: AppCredentials, installations: Sequence[InstallationFacts]
) -> dict[str, Sequence[str] | None]:
    """By account: the repositories there; None where the installation lets nobody look."""
    return {one.account: None if one.suspended else account.repositories(credentials, one.id) for one in installations}


def _webhooks(
    config: GitHubConfig, app: AppFacts, account: GitHubAccount, credentials: AppCredentials, clock: Clock
) -> Iterator[Examined]:
    hook = account.hook(credentials)
    yield from judge_hook(config, app, hook)
    if hook.address:
        now = clock.now() + (account.ahead or 0.0)
        yield judge_deliveries(app, hook, account.deliveries(credentials), now)


def _refused(config: GitHubConfig, error: ReconcileError) -> Examined:
    """Why the rest could not be looked at."""
    key = str(config.private_key.file or config.private_key.env) if config.private_key else ""
    if error.reason == SIGN_IN:
        do = f"Correct `app.id`, or generate a private key on the App's page and put it into {key}."
        return problem("github-app", f"GitHub does not take the private key of the App {config.app}.", key, do)
    if error.reason == KEY:
        return problem("github-app", error.message, key, "Put the file there that GitHub gave for the App.")
    if error.reason == _NO_APP:
        do = "Correct `app.id`: the number under `App ID` on the App's page. Look at `apiUrl` too."
        return problem("github-app", error.message, config.api_url, do)
    if error.reason in _PERSONAL:
        return problem("github", error.message, config.api_url, "Mend that, then ask again.")
    if error.reason == LIMITED:
        return unknown("github-limit", error.message, config.api_url, "Ask again then.")
    if isinstance(error, Waiting):
        do = "Look at the network, HTTPS_PROXY and `apiUrl`; https://www.githubstatus.com tells of outages."
        return unknown("github-reach", error.message, config.api_url, do)
    return problem("github", error.message, config.api_url, "Look at `apiUrl`, and at what is granted.")


def _files(config: GitHubConfig) -> Iterator[Examined]:
    """Files of secrets that others can read."""
    open_to_others = [place.file for place in config.secrets if place.file is not None and _is_open(place.file)]
    for file in open_to_others:
        yield warning("github-secret", "Others on this machine can read a secret.", str(file), f"`chmod 600 {file}`.")
    if not open_to_others:
        yield fine("github-secret", f"{count(len(list(config.secrets)), 'secret is', 'secrets are')} there.")


def _is_open(file: Path) -> bool:
    try:
        return bool(stat.S_IMODE(file.stat().st_mode) & 0o077)
    except OSError:
        return False


def _clock(account: GitHubAccount) -> Iterator[Examined]:
    if account.ahead is None:
        return
    apart = abs(account.ahead)
    if apart < _APART:
        yield fine("github-clock", "The clock of this machine agrees with GitHub's.")
        return
    way = "behind" if account.ahead > 0 else "ahead of"
    what = f"The clock of this machine is {duration(apart)} {way} GitHub's."
    do = "Let it be kept right (NTP). Signing in follows GitHub's clock; schedules and times that are shown do not."
    yield warning("github-clock", what, do=do)


def _limit(account: GitHubAccount) -> Iterator[Examined]:
    if account.left is None:
        return
    left, limit = account.left
    told = f"{left:,} of {limit:,} requests of this hour are left."
    if left < limit * _FEW:
        yield warning("github-limit", told, do="See who else signs in with the same token or App.")
    else:
        yield fine("github-limit", told)
