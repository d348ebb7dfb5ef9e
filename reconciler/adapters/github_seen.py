"""What GitHub tells of a repository and its open pull requests: no more is kept of its answers than is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.adapters.git_commands import is_branch_name, is_sha
from reconciler.adapters.github_names import GitHubRepository
from reconciler.checks.words import clip, line

QUEUE = "gh-readonly-queue/"
"""Where the branches of a merge queue are: `gh-readonly-queue/main/pr-12-SHA`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A repository as it is now."""

    repository: GitHubRepository
    default_branch: str
    archived: bool


@dataclass(frozen=True, slots=True)
class Pull:
    """An open pull request."""

    number: int
    head: str  # sha
    base: str  # branch
    title: str

    @property
    def name(self) -> str:
        """As a proposal."""
        return f"pull/{self.number}"


@dataclass(frozen=True, slots=True)
class PageOfPulls:
    """One page of the list, and what it tells of the repository itself."""

    pulls: tuple[Pull, ...]
    facts: Facts | None  # None: it is empty


def facts_of(data: Mapping[str, Any]) -> Facts:
    """A repository as GitHub's API gives it."""
    repository = GitHubRepository(int(data["id"]), str(data["full_name"]))
    return Facts(repository, str(data["default_branch"]), bool(data.get("archived")))


def pulls_of(data: Sequence[Mapping[str, Any]]) -> list[PageOfPulls]:
    """A page of `GET /repos/{owner}/{repo}/pulls`. Pull requests between names that git does not allow are left out."""
    pulls = (_pull(one) for one in data)
    facts = facts_of(data[0]["base"]["repo"]) if data else None
    return [PageOfPulls(tuple(one for one in pulls if is_sha(one.head) and is_branch_name(one.base)), facts)]


def _pull(data: Mapping[str, Any]) -> Pull:
    title = clip(line(str(data.get("title") or "")), 200)
    return Pull(int(data["number"]), str(data["head"]["sha"]), str(data["base"]["ref"]), title)


def base_of_entry(branch: str) -> str:
    """The branch that an entry of the merge queue wants into; "" for other branches."""
    base, found, _ = branch.removeprefix(QUEUE).rpartition("/pr-")
    return base if found and branch.startswith(QUEUE) else ""
