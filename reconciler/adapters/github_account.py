"""What GitHub tells of who we are there: the App, its installations, its webhook and deliveries; or the token.

For a look by hand: nothing is kept, governed or changed. Whether what is told is as it should be is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from reconciler.adapters.github_credentials import AppCredentials
from reconciler.adapters.github_errors import MissingAllowed, refusal, understood
from reconciler.adapters.github_http import Answer, Call, Http, Secret
from reconciler.adapters.github_listing import PAGE, installations, repositories, token_to_list
from reconciler.adapters.github_manifests import settings_of
from reconciler.ports import Clock

MOST = 1_000  # entries of a list that are looked at


@dataclass(frozen=True, slots=True)
class AppFacts:
    """The App as its owner has set it up. `settings` is the page where that is done."""

    slug: str
    page: str
    settings: str
    permissions: Mapping[str, str]
    events: frozenset[str]
    client: str


@dataclass(frozen=True, slots=True)
class InstallationFacts:
    """One account that has the App. `permissions` are those that it has accepted."""

    id: int
    account: str
    page: str
    permissions: Mapping[str, str]
    suspended: bool


@dataclass(frozen=True, slots=True)
class HookFacts:
    """Where the App's webhooks go, "" = nowhere."""

    address: str
    signed: bool
    form: str  # "json" | "form"
    checks_certificate: bool


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """One sending of one webhook. A later sending of the same has the same `guid`."""

    guid: str
    at: float  # seconds since the epoch, by GitHub's clock
    event: str
    status: str
    code: int
    pending: bool

    @property
    def arrived(self) -> bool:
        """Whether the service took it."""
        return 200 <= self.code < 400


class GitHubAccount:
    """Asks GitHub at one address. Every method raises Waiting or Stalled.

    `ahead` is by how many seconds GitHub's clock was ahead of ours, None before the first answer; `left` how many
    requests of the hour are left, of how many.
    """

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self.ahead: float | None = None
        self.left: tuple[int, int] | None = None

    def app(self, credentials: AppCredentials) -> AppFacts:
        """The App itself."""
        data = credentials.as_app(Call("GET", "/app"), self._ask).data
        with understood():
            return _app(data)

    def installations(self, credentials: AppCredentials) -> list[InstallationFacts]:
        """All accounts that have the App."""
        with understood():
            return [_installation(one) for one in islice(installations(credentials, self._ask), MOST)]

    def repositories(self, credentials: AppCredentials, installation: int) -> list[str]:
        """The repositories that an installation lets the App see, by their names."""
        with understood():
            token = token_to_list(credentials, installation, self._ask)
            seen = islice(repositories(token, "token", self._ask), MOST)
            return [str(one["full_name"]) for one in seen]

    def hook(self, credentials: AppCredentials) -> HookFacts:
        """The App's webhook."""
        data: Any = {}
        with MissingAllowed():
            data = credentials.as_app(Call("GET", "/app/hook/config"), self._ask).data
        with understood():
            return _hook(data)

    def deliveries(self, credentials: AppCredentials) -> list[DeliveryFacts]:
        """The newest sendings of the last three days, newest first."""
        call = Call("GET", "/app/hook/deliveries", {"per_page": PAGE})
        data = credentials.as_app(call, self._ask).data
        with understood():
            return [_delivery(one) for one in data]

    def repository(self, token: Secret, name: str) -> tuple[str, bool]:
        """The default branch of a repository, and whether whoever the token is of may push to it."""
        data = self.as_token(token, f"/repos/{name}")
        with understood():
            return str(data["default_branch"]), bool((data.get("permissions") or {"push": True}).get("push"))

    def as_token(self, token: Secret, path: str, **parameters: str | int) -> Any:
        """What a token is told. Raises for every status from 300 on."""
        call = Call("GET", path, parameters)
        answer = self._ask("token", call, token)
        if answer.status == 401:
            raise refusal(call, answer, path)
        return answer.data

    def _ask(self, _account: str, call: Call, token: Secret) -> Answer:
        answer = self._http.ask(call, token)
        if answer.date is not None and self.ahead is None:
            self.ahead = answer.date - self._clock.now()
        left, limit = (answer.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "limit"))
        if left.isdecimal() and limit.isdecimal():
            self.left = int(left), int(limit)
        if answer.status < 300 or answer.status == 401:
            return answer
        raise refusal(call, answer, f"{call.verb} {call.path}")


def _app(data: Any) -> AppFacts:
    permissions, events = dict(data["permissions"]), frozenset(data["events"])
    client = str(data.get("client_id") or "")  # older Enterprise servers do not tell it
    return AppFacts(str(data["slug"]), str(data["html_url"]), settings_of(data), permissions, events, client)


def _hook(data: Any) -> HookFacts:
    is_checked = str(data.get("insecure_ssl", "0")) == "0"
    form = str(data.get("content_type") or "json")
    return HookFacts(str(data.get("url") or ""), bool(data.get("secret")), form, is_checked)


def _installation(data: Any) -> InstallationFacts:
    return InstallationFacts(
        int(data["id"]),
        str((data.get("account") or {}).get("login", "")),
        str(data["html_url"]),
        dict(data["permissions"]),
        bool(data.get("suspended_at")),
    )


def _delivery(data: Any) -> DeliveryFacts:
    at = datetime.fromisoformat(data["delivered_at"]).timestamp()
    status, code = str(data.get("status") or ""), int(data.get("status_code") or 0)
    return DeliveryFacts(str(data["guid"]), at, str(data["event"]), status, code, status == "pending" and not code)
