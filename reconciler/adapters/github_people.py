"""People at GitHub: who somebody is, by the App's sign-in, and which repositories they can read.

A token of a person is asked for what that person sees, and for nothing else; it is kept in memory only.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlencode

from reconciler.adapters.github_addresses import PUBLIC, web_address
from reconciler.adapters.github_errors import MissingAllowed, refusal, understood
from reconciler.adapters.github_http import NOBODY, Answer, Call, Http, Secret
from reconciler.adapters.github_listing import entries
from reconciler.adapters.github_reasons import CLIENT, CODE, SIGN_IN
from reconciler.checks.words import clip, line
from reconciler.errors import Stalled, Waiting

log = logging.getLogger(__name__)

_OF_THE_APP = ("incorrect_client_credentials", "redirect_uri_mismatch")
AT_ONCE = 8  # sign-ins: whoever sends made-up codes must not keep others waiting
_WHAT = "the sign-in of a person"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in. `lasts`: seconds that the token is good for, None = until it is revoked."""

    login: str
    token: Secret
    lasts: float | None


class GitHubPeople:
    """Sign-in with one App. `read_secret` gives the client secret, from wherever it is kept."""

    def __init__(self, client: str, read_secret: Callable[[], str], api: str = PUBLIC) -> None:
        self._client = client
        self._read_secret = read_secret
        self._api = Http(api)
        self._web = Http(web_address(api))
        self._places = BoundedSemaphore(AT_ONCE)

    def address(self, state: str, verifier: str, back: str) -> str:
        """Where a person agrees. `back` is where GitHub leads then, with `state`; `verifier` stays with us (PKCE)."""
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {"client_id": self._client, "redirect_uri": back, "state": state}
        proof = {"code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{self._web.address}/login/oauth/authorize?{urlencode(asked | proof)}"

    def signed_in(self, code: str, verifier: str, back: str) -> Person:
        """Whose code it is; it is good once. Raises Waiting, Stalled; neither code nor token is in their words."""
        if not self._places.acquire(timeout=1.0):
            raise Waiting("GitHubBusy", "Many people sign in just now.", timedelta(seconds=2))
        try:
            return self._exchanged(code, verifier, back)
        finally:
            self._places.release()

    def _exchanged(self, code: str, verifier: str, back: str) -> Person:
        values = {"client_id": self._client, "client_secret": self.secret(), "code": code}
        body = {**values, "redirect_uri": back, "code_verifier": verifier}
        call = Call("POST", "/login/oauth/access_token", body=body, accept="application/json")
        answer = self._web.ask(call, NOBODY)
        if answer.status >= 300:
            raise refusal(call, answer, _WHAT)
        with understood():
            token, lasts = _token_of(answer.data)
            login = str(self._asked(Call("GET", "/user"), token).data["login"])
        return Person(login, token, lasts)

    def repositories(self, token: Secret) -> frozenset[int]:
        """Numbers of the repositories that the person has been let into.

        Raises Waiting, Stalled; SIGN_IN if the token is good no more.
        """
        with understood():
            every = self._listed("/user/installations", "installations", token)
            working = [int(one["id"]) for one in every if not one.get("suspended_at")]
            return frozenset().union(*(self._of_installation(number, token) for number in working))

    def _of_installation(self, number: int, token: Secret) -> frozenset[int]:
        with MissingAllowed():  # taken away since it was listed
            every = self._listed(f"/user/installations/{number}/repositories", "repositories", token)
            return frozenset(int(one["id"]) for one in every)
        return frozenset()

    def _listed(self, path: str, key: str, token: Secret) -> Iterator[Any]:
        return entries(lambda page: self._asked(Call("GET", path, page), token).data[key])

    def _asked(self, call: Call, token: Secret) -> Answer:
        answer = self._api.ask(call, token)
        if answer.status == 401:
            raise Stalled(SIGN_IN, "GitHub takes your sign-in no more.")
        if answer.status >= 300:
            raise refusal(call, answer, f"{call.verb} {call.path}")
        return answer

    def secret(self) -> str:
        """The client secret of the App. Raises Stalled."""
        try:
            found = self._read_secret().strip()
        except OSError:
            found = ""
        if not found:
            log.error("The client secret of the GitHub App is empty or cannot be read: nobody can sign in.")
            raise _not_of_this_app()
        return found


def _token_of(data: Any) -> tuple[Secret, float | None]:
    """The token and how long it lasts. Raises Stalled where GitHub gives none."""
    if "access_token" in data:
        lasts = data.get("expires_in")
        return Secret(str(data["access_token"])), None if lasts is None else float(lasts)
    error = clip(line(str(data["error"])), 100)
    if error in _OF_THE_APP:
        log.error("GitHub does not let people sign in (%s): compare clientId, clientSecret and pageUrl.", error)
        raise _not_of_this_app()
    raise Stalled(CODE, "GitHub does not take that sign-in: it is good once, and for ten minutes. Begin again.")


def _not_of_this_app() -> Stalled:
    what = "GitHub does not know this service as it is configured; its log and `headgate github doctor` tell more."
    return Stalled(CLIENT, what)
