"""Checks as commit statuses, for whoever signs in with a token: the same words, shortened to what fits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.adapters.git_commands import checked_sha
from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_checks import RANKS
from reconciler.adapters.github_names import github_repository
from reconciler.checks.external_ids import shortened
from reconciler.checks.model import Check, Conclusion
from reconciler.checks.words import clip, line, unmarked
from reconciler.ports import CheckTerms
from reconciler.records import Lease

DESCRIPTION = 140  # characters
_TERMS = CheckTerms(op_budget=25, lasting=False, read_afar=True)

_STATES: Mapping[Conclusion, str] = {
    Conclusion.SUCCESS: "success",
    Conclusion.NEUTRAL: "success",
    Conclusion.SKIPPED: "success",
    Conclusion.FAILURE: "failure",
    Conclusion.TIMED_OUT: "failure",
    Conclusion.ACTION_REQUIRED: "failure",
    Conclusion.CANCELLED: "error",
}


@dataclass(frozen=True, slots=True)
class Status:
    """A commit status: the newest of its context is the one that counts."""

    context: str
    state: str
    description: str
    target_url: str

    @property
    def body(self) -> dict[str, str]:
        """What is sent."""
        fields = {"context": self.context, "state": self.state, "description": self.description}
        return fields | ({"target_url": self.target_url} if self.target_url else {})


class GitHubStatuses:
    """CommitChecks through the statuses API. Thread-safe. `locate` gives the source of a repository by its name."""

    def __init__(self, api: GitHubApi, locate: Callable[[str], str]) -> None:
        self._api = api
        self._locate = locate

    def terms(self, repository: str) -> CheckTerms:
        """Each check of an op is a write, and others can change what was written."""
        return _TERMS

    def post(
        self, repository: str, sha: str, checks: Sequence[Check], lease: Lease, posted: Collection[str] = ()
    ) -> None:
        """Make the newest status of each check say what it should. Raises Waiting, Stalled, LeaseLost."""
        where = github_repository(self._locate(repository))
        path = f"/commits/{checked_sha(sha)}/status"
        listed = self._api.pages(where, path, _statuses_in, lease=lease)
        there = {status.context.lower(): status for status in listed}
        for check in sorted(checks, key=lambda check: check.depth):
            wanted = status_of(check)
            if there.get(wanted.context.lower()) != wanted:
                self._api.send(where, "POST", f"/statuses/{sha}", wanted.body, RANKS[check.depth], lease=lease)


def status_of(check: Check) -> Status:
    """The check as a status: its title, and as much of its first sentence as fits."""
    state = "pending" if check.conclusion is None else _STATES[check.conclusion]
    first = unmarked(check.summary.partition("\n")[0])
    title = clip(line(check.title), DESCRIPTION)
    room = DESCRIPTION - len(title) - 2
    says_more = state in ("failure", "error") and first and room > 30
    description = f"{title}. {clip(line(first), room)}" if says_more else title
    return Status(shortened(line(check.name)), state, description, check.details_url)


def _statuses_in(page: Mapping[str, Any]) -> list[Status]:
    return [
        Status(str(one["context"]), str(one["state"]), str(one["description"] or ""), str(one["target_url"] or ""))
        for one in page["statuses"]
    ]
