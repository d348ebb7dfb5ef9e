"""How a GitHub repository is written down as the source of a RepositoryRow: `github:<numeric id>:<owner/name>`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.errors import Stalled

# Owners of managed users carry an underscore.
_SOURCE = re.compile(r"github:([1-9][0-9]{0,18}):([A-Za-z0-9][\w-]{0,99}/(?!\.{1,2}$)[\w.-]{1,100})", re.ASCII)


@dataclass(frozen=True, slots=True)
class GitHubRepository:
    """A repository by its number, which stays, and by its present name, which may change."""

    id: int
    name: str  # owner/name

    @property
    def path(self) -> str:
        """The beginning of its addresses."""
        return f"/repos/{self.name}"

    @property
    def lasting_path(self) -> str:
        """The same, whatever its name is by now: where GitHub itself leads from a name of earlier days."""
        return f"/repositories/{self.id}"

    @property
    def source(self) -> str:
        """As a RepositoryRow keeps it."""
        return f"github:{self.id}:{self.name}"


def is_github(source: str) -> bool:
    """Whether the source of a RepositoryRow is on GitHub."""
    return source.startswith("github:")


def github_repository(source: str) -> GitHubRepository:
    """The repository that a source names. Raises Stalled for a source of another form."""
    found = _SOURCE.fullmatch(source)
    if found is None:
        raise Stalled("GitHubSource", f"{source!r} is no source of a GitHub repository (github:NUMBER:OWNER/NAME).")
    return GitHubRepository(int(found.group(1)), found.group(2))
