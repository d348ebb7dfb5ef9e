"""Whether people elsewhere can sign in to the pages."""

from __future__ import annotations

from console.doctor.model import Examined, fine, problem, unknown, warning
from console.github_config import SIGNED_IN, GitHubConfig
from console.signing_in import lacking, people_of
from reconciler.adapters.github_account import AppFacts
from reconciler.adapters.github_reasons import CLIENT, CODE
from reconciler.errors import ReconcileError

_CHECK = "github-sign-in"
_NO_CODE = "headgate-github-doctor"  # GitHub looks at the client secret first


def examine_sign_in(config: GitHubConfig, app: AppFacts, page_url: str) -> Examined:
    """What is missing for it, and whether GitHub takes what is there."""
    if not page_url and config.client_secret is None:
        said = "No public address is configured: pages are shown on the machine of the service alone."
        return fine(_CHECK, said, "pageUrl")
    if (lack := lacking(config, page_url)) is not None:
        what = f"Nobody can sign in to the pages, and checks link there: {lack.what}"
        return warning(_CHECK, what if page_url else lack.what, app.slug, f"{lack.do} {app.settings}")
    if app.client and config.client != app.client:
        do = f"Correct `clientId`: the App's is {app.client}."
        return problem(_CHECK, "The client ID that is configured is not the App's.", config.client, do)
    return _secret(config, app, page_url)


def _secret(config: GitHubConfig, app: AppFacts, page_url: str) -> Examined:
    try:
        people_of(config).signed_in(_NO_CODE, "", page_url + SIGNED_IN)
    except ReconcileError as error:
        if error.reason == CODE:
            said = f"People can sign in, if the App has the callback URL {page_url}{SIGNED_IN}."
            return fine(_CHECK, said, app.settings)
        if error.reason == CLIENT:
            what = "GitHub does not take the client secret: nobody can sign in."
            do = f"Generate a new one on the App's page, and put it where `clientSecret` says: {app.settings}"
            return problem(_CHECK, what, app.slug, do)
        return unknown(_CHECK, error.message, app.slug, "Ask again in a while.")
    return unknown(_CHECK, "What answers there is not GitHub.", app.slug, "Look at `apiUrl`.")
