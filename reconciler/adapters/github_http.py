"""Single calls to GitHub's REST API.

What one costs, when it may be made and what its answer means are not known here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from reconciler.adapters.github_addresses import PUBLIC
from reconciler.adapters.github_reasons import ADDRESS, AWAY, BAD_TOKEN
from reconciler.errors import Stalled, Waiting

if TYPE_CHECKING:  # loaded by the first call: only those pay for it who have GitHub
    from reconciler.adapters.github_connections import Connections, NoAnswer

API_VERSION = "2022-11-28"
TIMEOUT = 10  # s for a connection, and for each answer
_ELSEWHERE = (301, 307, 308)  # statuses of a redirect that leaves the request as it is
_FOLLOWED = 3  # redirects, each of which says that nothing was done
LAG = 15.0  # s after which GitHub's lists show what was made
_SOON = timedelta(seconds=LAG)
_MOVED = "GitHub sends to another address: correct apiUrl (https://api.github.com, or https://HOST/api/v3)."


class OutcomeUnknown(Waiting):
    """A write was sent, and no answer tells whether it was done: look before a second try, when lists surely tell."""


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
    """GitHub's API at one address, github.com's or an Enterprise server's. Thread-safe.

    Proxies are those of HTTPS_PROXY and NO_PROXY, authorities those of the machine or of REQUESTS_CA_BUNDLE.
    """

    def __init__(self, address: str = PUBLIC, timeout: int = TIMEOUT) -> None:
        self.address = address.rstrip("/")
        self.timeout = timeout
        self._connected: Connections | None = None
        self._connecting = threading.Lock()

    def ask(
        self, call: Call, authorization: Secret, each: Callable[[], AbstractContextManager[object]] = nullcontext
    ) -> Answer:
        """One answer, whatever its status, from where the call is sent on to. `each` is around each request.

        Raises Waiting where no answer came: of a write the outcome is unknown then.
        """
        for _ in range(_FOLLOWED + 1):
            with each():
                answer = self.once(call, authorization)
            if answer.status not in _ELSEWHERE or "location" not in answer.headers:
                break
            target = self._here(answer.headers["location"], self._address(call))
            call = replace(call, path=target, parameters={})
        return answer

    def once(self, call: Call, authorization: Secret) -> Answer:
        """The answer to one request, which may send on to another address."""
        from reconciler.adapters.github_connections import NoAnswer

        headers = _headers(call, authorization)
        body = None if call.body is None else json.dumps(dict(call.body)).encode()
        try:
            status, found, text = self._connections().send(call.verb, self._address(call), headers, body)
        except NoAnswer as none:
            raise _away(call, none) from None
        return Answer(status, found, _parsed(call, status, text))

    def close(self) -> None:
        """Close the connections."""
        if self._connected is not None:
            self._connected.close()

    def _address(self, call: Call) -> str:
        path = call.path + (f"?{urlencode(call.parameters)}" if call.parameters else "")
        return self.address + path if path.startswith("/") else self._here(path, self.address)

    def _here(self, found: str, beside: str) -> str:
        """The whole address that an answer names: never one that must not see the token."""
        try:
            address = urljoin(beside, found)
            if urlsplit(address)[:2] == urlsplit(self.address)[:2]:
                return address
        except ValueError:  # no address
            pass
        raise Stalled(ADDRESS, _MOVED)

    def _connections(self) -> Connections:
        from reconciler.adapters.github_connections import Connections

        with self._connecting:
            if self._connected is None:
                self._connected = Connections(self.address, self.timeout)
            return self._connected


def _headers(call: Call, authorization: Secret) -> Mapping[str, str]:
    headers = {
        "Accept": call.accept,
        "Accept-Encoding": "gzip",
        "User-Agent": "headgate",
        "X-GitHub-Api-Version": API_VERSION,
    }
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    if call.etag:
        headers["If-None-Match"] = call.etag
    if authorization != NOBODY:
        token = authorization.reveal()
        if not token.isascii() or not token.isprintable() or " " in token:
            raise Stalled(BAD_TOKEN, "The GitHub token holds characters that no token has; it is one line of text.")
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _parsed(call: Call, status: int, text: bytes) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        if status >= 400 or status in _ELSEWHERE:
            return None  # the page of a proxy, or of a server that is down
        what = f"GitHub answered something that is no JSON (HTTP {status}); is apiUrl right, or a proxy in between?"
        kind = OutcomeUnknown if call.writes else Waiting
        raise kind("GitHubAnswer", what, timedelta(minutes=1)) from None


_CERTIFICATE = {
    "certificate": "The certificate of GitHub is not trusted: name your own authority in REQUESTS_CA_BUNDLE.",
    "authorities": "REQUESTS_CA_BUNDLE names no file with certificates that can be read.",
}
_WHAT = {
    "proxy": "cannot be reached through the proxy that HTTPS_PROXY names",
    "late": "did not answer in time",
    "large": "sent more than an answer may have",
    "away": "cannot be reached",
}


def _away(call: Call, none: NoAnswer) -> Waiting:
    if none.why in _CERTIFICATE:
        return Waiting("GitHubCertificate", _CERTIFICATE[none.why], timedelta(minutes=1))
    what = _WHAT[none.why]
    if call.writes and none.sent:
        message = f"GitHub {what}; whether it did what was asked is looked up next time."
        return OutcomeUnknown("GitHubUnknown", message, _SOON)
    return Waiting(AWAY, f"GitHub {what}.", _SOON)
