"""`headgate github`: making the GitHub App, and telling what is wrong between it and us."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from console.failures import Failure
from console.github_config import LOCAL, is_address
from console.github_needs import OPTIONAL
from console.options import COLOR, FORMAT
from reconciler.adapters.github_addresses import PUBLIC, api_address, web_address

if TYPE_CHECKING:
    from console.github_setup import SetUp, Wanted

_OWNER = re.compile(r"[A-Za-z0-9][\w-]{0,99}", re.ASCII)
_LONGEST_NAME = 34  # characters, GitHub's limit


@click.group()
def github() -> None:
    """Make the GitHub App of this service, and tell what is wrong between GitHub and it.

    \b
    headgate github setup --organization acme --public-url https://headgate.acme.example
    headgate github doctor --config headgate-server.yaml
    """


@github.command(epilog="Exit codes: 0 made, 2 wrong use, 3 GitHub is away or nobody agreed in time, 130 interrupted.")
@click.option("--organization", metavar="NAME", default="", help="Owner of the App; without it, the person signed in.")
@click.option("--name", metavar="NAME", help="Of the App, unique on GitHub; it can still be changed in the browser.")
@click.option("--public-url", metavar="URL", default="", help="Where GitHub reaches the service with webhooks.")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default="headgate-server.yaml",
    show_default=True,
    help="Server configuration: written if it is not there; secrets go into files beside it.",
)
@click.option("--api-url", metavar="URL", help="Of an Enterprise server: https://HOST/api/v3.")
@click.option("--web-url", metavar="URL", help="Of an Enterprise server, if its API does not tell it: https://HOST.")
@click.option(
    "--without",
    type=click.Choice(OPTIONAL),
    multiple=True,
    help="Permissions not to ask for: some Enterprise servers do not know all of them.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the page on 127.0.0.1; any free one.")
@click.option("--minutes", type=click.IntRange(1, 60), default=15, show_default=True, help="How long to wait.")
@FORMAT
def setup(
    organization: str,
    name: str | None,
    public_url: str,
    config: Path,
    api_url: str | None,
    web_url: str | None,
    without: tuple[str, ...],
    port: int,
    minutes: int,
    form: str,
) -> None:
    """Make a GitHub App with the permissions and events that are needed.

    \b
    headgate github setup --organization acme --public-url https://headgate.acme.example
    headgate github setup --api-url https://git.acme.example/api/v3 --port 8471

    A page on 127.0.0.1 leads to GitHub, where a person agrees. The App's private key and webhook secret go into new
    files that only you can read; the part `github` of the configuration is printed, and written if there is none yet.
    No browser is needed on this machine: the address is printed, and may be opened through ssh.
    """
    from console.github_setup import Wanted, set_up

    api, web = _addresses(api_url, web_url)
    name = name or f"headgate-{organization or secrets.token_hex(4)}"[:_LONGEST_NAME].rstrip("-")
    owner, reached = _owner(organization), _reached(public_url, web)
    wanted = Wanted(api, web, owner, _named(name), reached, config, port, minutes, without)
    _tell(wanted, set_up(wanted, lambda sentence: click.echo(sentence, err=True)), form)


@github.command(epilog="Exit codes: 0 fine, perhaps with warnings; 1 problems; 2 wrong use; 3 could not find out.")
@click.option("--config", "file", type=click.Path(path_type=Path, dir_okay=False), help="Server configuration.")
@FORMAT
@COLOR
def doctor(file: Path | None, form: str) -> int:
    """Tell which permission, event, secret or installation is missing, and what to do. Changes nothing.

    \b
    headgate github doctor --config headgate-server.yaml
    headgate github doctor --config headgate-server.yaml --format json

    Asks GitHub as the service does: whether it can be reached, whether the clocks agree, what the App or the token may
    do, which repositories it sees, and whether webhooks arrive. Give it the same variables as the service.
    """
    from console.config import load_config
    from console.doctor.github import examine_github
    from console.doctor.telling import tell
    from reconciler.adapters.system_clock import SystemClock

    config = load_config(file)
    if config.github is None:
        do = "Name the configuration with --config, or make an App with `headgate github setup`."
        raise Failure("github-missing", "No GitHub is configured.", do=do)
    return tell(examine_github(config.github, SystemClock(), config.page_url), form)


def _addresses(api_url: str | None, web_url: str | None) -> tuple[str, str]:
    """Of the API and of the pages: either tells the other."""
    for given in (api_url, web_url):
        if given is not None and not is_address(given):
            do = "Of an Enterprise server give --api-url https://HOST/api/v3."
            raise Failure("usage", "A forge's address begins with https:// and has no sign-in in it.", do=do)
    web = (web_url or web_address((api_url or PUBLIC).rstrip("/"))).rstrip("/")
    return (api_url or api_address(web)).rstrip("/"), web


def _owner(organization: str) -> str:
    if organization and not _OWNER.fullmatch(organization):
        raise Failure("usage", f"{organization!r} is no organization.", do="Give its name as in its address.")
    return organization


def _named(name: str) -> str:
    if len(name) > _LONGEST_NAME:
        raise Failure("usage", f"GitHub takes at most {_LONGEST_NAME} characters for an App's name.", do="Shorten it.")
    return name


def _reached(public_url: str, web: str) -> str:
    if not public_url:
        return ""
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise Failure("usage", f"{public_url!r} is no address.", do="Give --public-url as https://HOST.")
    if parts.hostname in LOCAL and urlsplit(web).hostname not in LOCAL:
        what = f"GitHub cannot reach {parts.hostname}: it sends webhooks from its own machines."
        do = "Give the address by which the service is known outside, or none: then GitHub is looked at once a minute."
        raise Failure("usage", what, do=do)
    return public_url.rstrip("/")


def _tell(wanted: Wanted, made: SetUp, form: str) -> None:
    """The part of the configuration is what was asked for; all else is said beside it."""
    app, steps = made.app, made.next_steps(wanted)
    files = [str(file) for file in made.files]
    if form == "json":
        shown = {"id": app.id, "slug": app.slug, "owner": app.owner, "page": app.page, "settings": app.settings}
        document = {"version": 1, "app": shown, "secretFiles": files, "configuration": made.part}
        written = str(wanted.config) if made.written else ""
        click.echo(json.dumps({**document, "written": written, "next": steps}, indent=2, ensure_ascii=False))
        return
    click.echo(f"The App {app.slug} was made: {app.settings}", err=True)
    click.echo(f"Its secrets are in {' and '.join(files)}. Keep them, and keep them out of repositories.", err=True)
    click.echo(f"{wanted.config} {'was written' if made.written else 'is there and was not touched'}:", err=True)
    click.echo(made.part, nl=False)
    click.echo("Next:", err=True)
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}", err=True)
