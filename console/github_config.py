"""How GitHub is configured: as an App or with a token, for which repositories, and where secrets are found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reconciler.adapters.github_addresses import PUBLIC
from reconciler.flows.composite import Built, Listing, Record
from reconciler.flows.findings import Finding, Span
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.rules import finding
from reconciler.flows.shapes import BAD, LENIENT_TEXT, PLAIN_FLAG, TEXT, Number

LOCAL = ("127.0.0.1", "localhost", "::1")
SIGNED_IN = "/signed-in"  # below pageUrl: where GitHub leads people back to
SHORTEST = 5.0  # s between looks
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w-]*/[\w.-]+", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CLIENT = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)
SECRET_PLACE = re.compile(r"\.github(?:$|\.app$|\.(?:app\.(?:privateKey|client\w*)|token|webhookSecrets)\b)")
_REFERENCE = "{env: NAME} or {file: PATH}"


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret is. It is read when it is needed, so that a new one is taken without a restart."""

    env: str = ""
    file: Path | None = None
    span: Span = field(default_factory=lambda: Span(0, 0, 0, 0), compare=False)

    def read(self, environment: Mapping[str, str]) -> str:
        """The secret, without the line's end; "" where it is not set. Raises OSError where its file cannot be read."""
        found = environment.get(self.env, "") if self.file is None else self.file.read_text("utf-8", "replace")
        return found.strip()

    def fault(self, environment: Mapping[str, str]) -> str:
        """Why there is no secret; "" if there is one."""
        try:
            found = self.read(environment)
        except OSError as error:
            return f"The file {self.file} cannot be read: {error.strerror}."
        if found:
            return ""
        return f"The file {self.file} is empty." if self.file else f"The environment variable {self.env} is not set."

    def below(self, base: Path) -> SecretPlace:
        """The same, its file relative to a folder."""
        return SecretPlace(self.env, base / self.file if self.file is not None else None, self.span)


@dataclass(frozen=True, slots=True)
class GitHubConfig:
    """All that an operator decides of GitHub. Either `app` with its `private_key`, or a `token`."""

    api_url: str = PUBLIC
    app: str = ""
    private_key: SecretPlace | None = None
    token: SecretPlace | None = None
    webhook_secrets: tuple[SecretPlace, ...] = ()  # none: nobody is listened to, GitHub is only looked at
    repositories: tuple[str, ...] = ()  # of an App: none = all that it is installed on
    run_locally: bool = False
    poll_seconds: float = 60.0
    client: str = ""  # the App's client ID and secret, with which people sign in; "" = nobody can
    client_secret: SecretPlace | None = None

    @property
    def secrets(self) -> Iterator[SecretPlace]:
        """Every place of a secret."""
        for place in (self.private_key, self.token, self.client_secret, *self.webhook_secrets):
            if place is not None:
                yield place


class _Secret:
    """A reference to a secret. What stands there instead is never repeated: it may be the secret."""

    def read(self, node: Node, path: str, report: Report) -> Any:
        """A SecretPlace whose file is as it was written."""
        if type(node.outline) is not dict:
            message = f"Put the secret elsewhere and name its place: {_REFERENCE}. Then replace it: it stood in a file."
            report.add("field-type", message, node.span, path)
            return BAD
        values = _PLACE.read(node, path, report)
        if values is BAD or len(values) != 1:
            if values is not BAD:
                report.add("field-conflict", f"Name one place of the secret: {_REFERENCE}.", node.span, path)
            return BAD
        if "env" in values and not _VARIABLE.fullmatch(values["env"]):
            message = "An environment variable's name has letters, digits and `_`; name it, not what it holds."
            report.add("value-not-allowed", message, node.span, path)
            return BAD
        file = Path(values["file"]).expanduser() if "file" in values else None
        return SecretPlace(values.get("env", ""), file, node.span)


class _Secrets:
    """A list of such references."""

    def read(self, node: Node, path: str, report: Report) -> Any:
        if type(node.outline) is list:
            return Listing(_Secret(), templated=False).read(node, path, report)
        report.add("field-type", f"Give a list of places of secrets: [{_REFERENCE}].", node.span, path)
        return BAD


def is_address(value: str) -> bool:
    """Whether a forge may be there: tokens go there, so nobody on the way must be able to read them."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    good = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
    return good and bool(parts.hostname) and not (parts.username or parts.password or parts.query or parts.fragment)


def _address(value: str, node: Node, path: str, report: Report) -> Any:
    if is_address(value):
        return value.rstrip("/")
    wanted = f"{PUBLIC}, or https://HOST/api/v3 of an Enterprise server"
    report.add("value-not-allowed", f"Give `apiUrl` the address of GitHub's API: {wanted}.", node.span, path)
    return BAD


def _app_id(value: str, node: Node, path: str, report: Report) -> Any:
    if value.isascii() and value.isdecimal():
        return value
    report.add("value-not-allowed", "Give the App ID, a number, and not the client ID.", node.span, path)
    return BAD


def _client(value: str, node: Node, path: str, report: Report) -> Any:
    if _CLIENT.fullmatch(value):
        return value
    report.add("value-not-allowed", "Give the client ID, as it stands on the App's page.", node.span, path)
    return BAD


def _app(values: Mapping[str, Any], node: Node, path: str, report: Report) -> Any:
    if node.says("clientId") == node.says("clientSecret"):
        return values
    message = "Give `app` both `clientId` and `clientSecret`, with which people sign in, or neither."
    report.add("field-missing", message, node.span, path)
    return BAD


def _name(value: str, node: Node, path: str, report: Report) -> Any:
    if _REPOSITORY.fullmatch(value):
        return value
    report.add("value-not-allowed", "Name a repository as `owner/name`.", node.span, path)
    return BAD


def _seconds(value: Any, node: Node, path: str, report: Report) -> Any:
    if float(value) >= SHORTEST:
        return float(value)
    message = f"Give `pollSeconds` at least {SHORTEST:.0f}: webhooks tell of news sooner."
    report.add("value-not-allowed", message, node.span, path)
    return BAD


def _whole(values: Mapping[str, Any], node: Node, path: str, report: Report) -> Any:
    """What belongs together, and what excludes each other."""
    if node.says("app") == node.says("token"):
        report.add("field-conflict", "Give `github` either `app` or `token`.", node.span, path)
        return BAD
    if node.says("token") and not node.says("repositories"):
        message = "Name the `repositories` that the token is to be used for."
        report.add("field-missing", message, node.span, path)
        return BAD
    if len(values.get("webhookSecrets", ())) > 2:
        message = "Give at most two `webhookSecrets`: the present one, and the one that replaces it."
        report.add("value-not-allowed", message, node.span, path)
        return BAD
    return values


_PLACE = Record({"env": TEXT, "file": TEXT}, templated=False)
SECRETS = _Secrets()
_APP = Built(
    Record(
        {
            "id": Built(LENIENT_TEXT, _app_id),
            "privateKey": _Secret(),
            "clientId": Built(TEXT, _client),
            "clientSecret": _Secret(),
        },
        required=("id", "privateKey"),
        templated=False,
    ),
    _app,
)
GITHUB = Built(
    Record(
        {
            "apiUrl": Built(TEXT, _address),
            "app": _APP,
            "token": _Secret(),
            "webhookSecrets": SECRETS,
            "repositories": Listing(Built(TEXT, _name), templated=False),
            "runLocally": PLAIN_FLAG,
            "pollSeconds": Built(Number(), _seconds),
        },
        templated=False,
    ),
    _whole,
)


def github_of(values: Mapping[str, Any] | None, base: Path) -> GitHubConfig | None:
    """What values that `GITHUB` read stand for; files are relative to `base`. None: GitHub is not configured."""
    if values is None:
        return None
    app = values.get("app", {})
    return GitHubConfig(
        values.get("apiUrl", PUBLIC),
        str(app.get("id", "")),
        _below(base, app.get("privateKey")),
        _below(base, values.get("token")),
        tuple(place.below(base) for place in values.get("webhookSecrets", ())),
        tuple(dict.fromkeys(values.get("repositories", ()))),
        values.get("runLocally", False),
        values.get("pollSeconds", 60.0),
        app.get("clientId", ""),
        _below(base, app.get("clientSecret")),
    )


def missing_secrets(config: GitHubConfig | None, environment: Mapping[str, str], file: str) -> tuple[Finding, ...]:
    """A finding for each secret that is not where it should be."""
    return missing(config.secrets if config is not None else (), environment, file, "config.github")


def missing(places: Iterable[SecretPlace], environment: Mapping[str, str], file: str, path: str) -> tuple[Finding, ...]:
    """A finding for each of these secrets that is not there."""
    faults = ((place, place.fault(environment)) for place in places)
    return tuple(finding("value-not-allowed", fault, file, place.span, path) for place, fault in faults if fault)


def _below(base: Path, place: SecretPlace | None) -> SecretPlace | None:
    return None if place is None else place.below(base)
