"""Making a GitHub App: a person agrees in a browser, the App's secrets go into files that only their owner can read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from urllib.parse import quote

from console.failures import AWAY, USAGE, Failure
from console.github_doorway import Doorway
from console.github_needs import manifest
from reconciler.adapters.github_addresses import PUBLIC
from reconciler.adapters.github_http import Http, Secret
from reconciler.adapters.github_manifests import MadeApp, made_app
from reconciler.checks.words import count, duration
from reconciler.errors import Stalled, Waiting

KEY, SECRET, CLIENT = "github-app.pem", "github-webhook.secret", "github-client.secret"  # beside the configuration


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person decides about a new App. `public_url` is where GitHub reaches the service, "" = it does not."""

    api_url: str
    web_url: str
    organization: str
    name: str
    public_url: str
    config: Path
    port: int = 0
    minutes: int = 15
    without: tuple[str, ...] = ()  # permissions that are not asked for

    @property
    def form(self) -> str:
        """Where the forge takes manifests."""
        owner = f"/organizations/{quote(self.organization, safe='')}" if self.organization else ""
        return f"{self.web_url}{owner}/settings/apps/new"


@dataclass(frozen=True, slots=True)
class SetUp:
    """What was made: the App, the files, and its part of the configuration. `written`: it is in its file."""

    app: MadeApp
    files: Sequence[Path]
    part: str
    written: bool

    def next_steps(self, wanted: Wanted) -> Sequence[str]:
        """What is left to a person, in its order."""
        config = wanted.config
        yourself = () if self.written else (f"Add what was printed to {config}.",)
        return (
            *yourself,
            f"Install the App on the repositories to serve: {self.app.page}/installations/new",
            f"Start the service: headgate serve --config {config}",
            f"See that all is well: headgate github doctor --config {config}",
            "Require the check `headgate` for the default branch of each repository: Settings, Rules, Rulesets, "
            "Require status checks to pass.",
        )


def set_up(wanted: Wanted, tell: Callable[[str], None]) -> SetUp:
    """Lead a person through it. Raises Failure; before the App is made nothing was written then."""
    check_places(wanted.config)
    doorway = Doorway(wanted.port)
    homepage = wanted.public_url or wanted.web_url
    asked = manifest(wanted.name, doorway.back, homepage, wanted.public_url, wanted.without)
    with doorway.opened(wanted.form, asked) as code:
        for sentence in _how_to_begin(wanted, doorway):
            tell(sentence)
        app = _exchanged(wanted, code(wanted.minutes * 60.0), tell)
    return _kept(wanted, app)


def check_places(config: Path) -> None:
    """Whether the files can be made, before anybody is sent anywhere. Raises Failure."""
    place = config.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        what = f"{place} is no directory that can be written."
        raise Failure("io", what, do="Name a configuration elsewhere with --config.", exit_code=USAGE)
    for file in (place / KEY, place / CLIENT, place / SECRET):
        if os.path.lexists(file):
            what = f"{file} is there, and a secret is never overwritten."
            do = f"Move it away if its App is gone; else name a configuration in another directory than {place}."
            raise Failure("file-exists", what, do=do, exit_code=USAGE)


def _how_to_begin(wanted: Wanted, doorway: Doorway) -> Sequence[str]:
    told = [
        f"Open this address in a browser and agree there: {doorway.start}",
        f"From another machine lead it here first: ssh -L {doorway.port}:127.0.0.1:{doorway.port} {gethostname()}",
    ]
    if not wanted.public_url:
        told.append("Without --public-url the App gets no webhook: GitHub is looked at once a minute.")
    return [*told, f"Waiting for {count(wanted.minutes, 'minute')}. Until you agree nothing is made; Ctrl-C ends it."]


def _exchanged(wanted: Wanted, code: str, tell: Callable[[str], None]) -> MadeApp:
    def pause(seconds: float) -> None:
        tell(f"GitHub made the App and does not tell its key yet; the next try is in {duration(seconds)}.")
        time.sleep(seconds)

    try:
        return made_app(Http(wanted.api_url), code, pause)
    except (Waiting, Stalled) as error:
        do = (
            f"The App may have been made: look at {wanted.form.removesuffix('/new')}. Delete it there and begin again, "
            "or generate a private key for it and write the configuration by hand."
        )
        raise Failure("github", error.message, do=do, exit_code=AWAY) from None


def _kept(wanted: Wanted, app: MadeApp) -> SetUp:
    place = wanted.config.parent
    secrets = {KEY: app.private_key, SECRET: app.webhook_secret}
    secrets |= {CLIENT: app.client_secret} if wanted.public_url else {}  # else nobody is led back from signing in
    given = {place / name: secret for name, secret in secrets.items() if secret.reveal()}
    part = _part(wanted, app)
    try:
        for file, secret in given.items():
            _write(file, secret)
        written = _write_new(wanted.config, part)
    except OSError as error:
        do = f"Mend that, then generate a private key and set a webhook secret by hand: {app.settings}"
        what = f"The App {app.slug} was made, but {error.filename or place}: {error.strerror}."
        raise Failure("io", what, do=do, exit_code=AWAY) from None
    return SetUp(app, list(given), part, written)


def _part(wanted: Wanted, app: MadeApp) -> str:
    address = "" if wanted.api_url == PUBLIC else f"  apiUrl: {wanted.api_url}\n"
    secret = f"  webhookSecrets:\n  - {{file: {SECRET}}}\n" if app.webhook_secret.reveal() else ""
    if not wanted.public_url:
        return f"github:\n{address}  app: {{id: {app.id}, privateKey: {{file: {KEY}}}}}\n{secret}"
    known = f"    id: {app.id}\n    privateKey: {{file: {KEY}}}\n"
    people = f"    clientId: {app.client}\n    clientSecret: {{file: {CLIENT}}}\n"
    return f"pageUrl: {wanted.public_url}\ngithub:\n{address}  app:\n{known}{people}{secret}"


def _write(file: Path, secret: Secret) -> None:
    """A new file for its owner alone, whole or not at all; what is there already, if only a link, stays."""
    _create(file, secret.reveal().rstrip("\n") + "\n", 0o600)


def _write_new(file: Path, text: str) -> bool:
    """The configuration, unless there is one: its comments and order are its owner's."""
    with suppress(FileExistsError):
        _create(file, text, 0o644)
        return True
    return False


def _create(file: Path, text: str, mode: int) -> None:
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        file.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(file)) from None
