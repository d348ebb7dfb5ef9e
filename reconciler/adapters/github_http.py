"""Single calls to GitHub's REST API, and the signature of an App: the one home of PyGithub.

What a call costs, when it may be made and what its answer means are not known here. PyGithub's own throttle, retries,
token cache and log stay off: they sleep where a step must go on, repeat what must not be repeated, and tell tokens.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from reconciler.adapters.github_addresses import PUBLIC
from reconciler.adapters.github_reasons import ADDRESS, AWAY, BAD_TOKEN, KEY
from reconciler.errors import Stalled, Waiting

if TYPE_CHECKING:  # loaded by the first call: 34 MB and a third of a second that only those pay who have GitHub
    from github.Requester import Requester
    from requests import RequestException

API_VERSION = "2022-11-28"
TIMEOUT = 10  # s for a connection, and for each answer
_SOON = timedelta(seconds=15)  # more than GitHub's lists need to show what was just made
_MOVED = "GitHub sends to another address: correct apiUrl (https://api.github.com, or https://HOST/api/v3)."


class OutcomeUnknown(Waiting):
    """A write was sent, and no answer tells whether it was done: look before a second try."""


class Secret:
    """A token or key that is not shown when a value that holds it is."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


NOBODY = Secret("")  # for calls that need no one


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `parameters` go into the address, `body` is sent as JSON."""

    verb: str
    path: str
    parameters: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    etag: str = ""
    accept: str = "application/vnd.github+json"

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.verb not in ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `headers` by their names in lower case, `data` as JSON gives it (None: nothing)."""

    status: int
    headers: Mapping[str, str]
    data: Any = None

    @property
    def date(self) -> float | None:
        """The time by GitHub's clock, seconds since the epoch."""
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except ValueError:
            return None


class Http:
    """GitHub's API at one address, github.com's or an Enterprise server's. Thread-safe: each thread has a connection.

    Proxies and authorities are those of HTTPS_PROXY, NO_PROXY and REQUESTS_CA_BUNDLE.
    """

    def __init__(self, address: str = PUBLIC, timeout: int = TIMEOUT) -> None:
        self.address = address.rstrip("/")
        self.timeout = timeout
        self._own = threading.local()

    def ask(self, call: Call, authorization: Secret) -> Answer:
        """One answer, whatever its status. Raises Waiting where none came: of a write the outcome is unknown then."""
        from requests import RequestException

        headers = {"Accept": call.accept}
        headers |= {"Authorization": f"Bearer {authorization.reveal()}"} if authorization != NOBODY else {}
        headers |= {"If-None-Match": call.etag} if call.etag else {}
        try:
            status, found, text = self._connection().requestJson(
                call.verb, call.path, dict(call.parameters), headers, call.body and dict(call.body)
            )
        except RequestException as error:
            raise _away(call, error) from None
        except RuntimeError:  # a redirect to another host or scheme, which must not see the token
            raise Stalled(ADDRESS, _MOVED) from None
        return Answer(status, found, _parsed(call, status, text))

    def close(self) -> None:
        """Close this thread's connection."""
        if hasattr(self._own, "requester"):
            self._own.requester.close()
            del self._own.requester

    def _connection(self) -> Requester:
        if not hasattr(self._own, "requester"):
            from github import Github
            from github.Requester import Requester

            Requester.injectLogger(_SILENT)
            self._own.requester = Github(
                base_url=self.address,
                timeout=self.timeout,
                user_agent="headgate",
                retry=0,
                pool_size=1,
                seconds_between_requests=None,
                seconds_between_writes=None,
                lazy=True,
                api_version=API_VERSION,
            ).requester
        return self._own.requester  # type: ignore[no-any-return]


def signed(app: str, private_key: Secret, now: float) -> Secret:
    """The token with which an App speaks for itself, for nine minutes from `now` by GitHub's clock (RS256).

    Raises Stalled for a key that is none.
    """
    from github import Auth
    from jwt.exceptions import PyJWTError

    claims = {"iat": int(now) - 60, "exp": int(now) + 540, "iss": app}
    try:
        token = Auth.AppAuth.create_jwt_sign(private_key.reveal(), "RS256")(claims)
    except (PyJWTError, ValueError, TypeError):
        message = "The private key of the GitHub App cannot be read: it is a PEM file that begins with BEGIN."
        raise Stalled(KEY, message) from None
    return Secret(token if isinstance(token, str) else token.decode())


# PyGithub logs whole answers, those with new tokens too. No configuration of logging reaches a logger of our making.
_SILENT = logging.Logger("silent", logging.CRITICAL + 1)


def _parsed(call: Call, status: int, text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        if status >= 400:
            return None  # the page of a proxy, or of a server that is down
        what = f"GitHub answered something that is no JSON (HTTP {status}); is apiUrl right, or a proxy in between?"
        kind = OutcomeUnknown if call.writes else Waiting
        raise kind("GitHubAnswer", what, timedelta(minutes=1)) from None


def _away(call: Call, error: RequestException) -> Waiting | Stalled:
    """Words of our own: those of the library may tell addresses, headers and the password of a proxy."""
    from requests import exceptions

    if isinstance(error, exceptions.InvalidHeader):
        return Stalled(BAD_TOKEN, "The GitHub token holds characters that no token has; it is one line of text.")
    if isinstance(error, exceptions.SSLError):
        do = "name your own authority in REQUESTS_CA_BUNDLE if it has one."
        return Waiting("GitHubCertificate", f"The certificate of GitHub is not trusted: {do}", timedelta(minutes=1))
    if isinstance(error, exceptions.ProxyError):
        return Waiting(AWAY, "The proxy on the way to GitHub does not let us through.", _SOON)
    what = "did not answer in time" if isinstance(error, exceptions.Timeout) else "cannot be reached"
    if call.writes and not _was_never_sent(error):
        message = f"GitHub {what}; whether it did what was asked is looked up next time."
        return OutcomeUnknown("GitHubUnknown", message, _SOON)
    return Waiting(AWAY, f"GitHub {what}.", _SOON)


def _was_never_sent(error: RequestException) -> bool:
    """Whether not even a connection came about."""
    from requests import ConnectTimeout

    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, ConnectTimeout) or type(cause).__name__ == "NewConnectionError"
