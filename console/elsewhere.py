"""Hosts and hub repositories as they are now: what `headgate lock` fetches, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from console.locking import HubCommit
from reconciler.adapters.git_components import ComponentRepositories
from reconciler.adapters.https_components import fetch_all
from reconciler.checks.words import count
from reconciler.errors import ReconcileError
from reconciler.flows.remotes import HubSource, RemoteSettings


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetches what the settings of a repository allow; repositories go into `folder`, which the caller removes."""

    remote: RemoteSettings
    folder: Path

    def texts(self, urls: Sequence[str]) -> Mapping[str, bytes | ReconcileError]:
        """What addresses give, or why they give nothing."""
        click.echo(f"fetching {count(len(urls), 'text')} …", err=True)
        return fetch_all(urls, self.remote.refusal)

    def hub(self, name: str, source: HubSource, sha: str) -> HubCommit:
        """A hub at a commit, "" for what its revision means now. Raises Waiting, Stalled."""
        click.echo(f"fetching the hub {name} …", err=True)
        return ComponentRepositories(self.folder).commit(name, source.url, source.revision, sha)
