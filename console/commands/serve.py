"""`headgate serve`: the service on local repositories, until it is told to end."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import click

from console.config import Config, checked_name, listen_address, load_config
from console.failures import Failure
from console.interrupts import told_to_end
from console.opening import opened


@click.command(epilog="Ends on SIGINT, SIGTERM and SIGHUP; ops go on and are adopted by the next start.")
@click.option("--config", "file", type=click.Path(path_type=Path, dir_okay=False), help="Server configuration.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where state is kept.")
@click.option("--listen", metavar="HOST:PORT", help="Address of the page and of ops that report in.")
@click.option("--repository", "-r", "repositories", multiple=True, metavar="[NAME=]PATH", help="A repository to serve.")
@click.option("--slots", type=click.IntRange(1), help="How many ops run at once; the number of CPUs by default.")
@click.option("--verbose", "-v", is_flag=True, help="Log every step.")
def serve(
    file: Path | None,
    data_dir: Path | None,
    listen: str | None,
    repositories: tuple[str, ...],
    slots: int | None,
    verbose: bool,
) -> None:
    """Serve repositories: validate proposals, run what is merged, report on commits.

    \b
    headgate serve --repository /srv/git/shop.git
    headgate serve --config headgate-server.yaml
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for package in ("reconciler", "webhooks", "console"):  # what libraries say below a warning helps nobody here
        logging.getLogger(package).setLevel(logging.DEBUG if verbose else logging.WARNING)
    config = _with_repositories(load_config(file, data_dir=data_dir, slots=slots), repositories)
    if listen:
        host, port = listen_address(listen)
        config = replace(config, host=host, port=port)
    _serve(config)


def _serve(config: Config) -> None:
    from console.ground import LOOK, Ground  # SQLAlchemy takes a while to load

    with told_to_end() as wait, opened(config) as service:
        names = ", ".join(sorted(row.name for row in service.store.repositories())) or _nothing_yet(config)
        click.echo(f"Serving {names} at {service.address} (state in {config.data_dir}).", err=True)
        ground = Ground(config)
        while not wait(LOOK):
            ground.check()
        service.presence.check()
        click.echo("Ending; ops go on and are adopted by the next start.", err=True)


def _nothing_yet(config: Config) -> str:
    return "what GitHub lets us serve" if config.github is not None else "no repository yet"


def _with_repositories(config: Config, given: tuple[str, ...]) -> Config:
    found = dict(config.repositories)
    for text in given:
        name, _, path = text.rpartition("=")
        folder = Path(path).expanduser()
        found[checked_name(name or folder.resolve().name.removesuffix(".git"))] = folder
    for name, folder in found.items():
        if not folder.is_dir():
            raise Failure("repository-missing", f"Repository {name}: {folder} is not a folder.", do="Give its path.")
    return replace(config, repositories=found)
