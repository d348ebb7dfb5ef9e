"""Checks of repositories of several kinds: each goes where its repository is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from reconciler.adapters.github_names import is_github
from reconciler.checks.model import Check
from reconciler.ports import CheckTerms, CommitChecks
from reconciler.records import Lease


class ChecksBySource:
    """CommitChecks for repositories on this machine and for those on GitHub. `locate` gives a repository's source."""

    def __init__(self, locate: Callable[[str], str], local: CommitChecks, github: CommitChecks) -> None:
        self._locate = locate
        self._local = local
        self._github = github

    def terms(self, repository: str) -> CheckTerms:
        """What holds where the repository is."""
        return self._of(repository).terms(repository)

    def post(
        self, repository: str, sha: str, checks: Sequence[Check], lease: Lease, posted: Collection[str] = ()
    ) -> None:
        """Make the commit's checks equal to these, where the repository is."""
        self._of(repository).post(repository, sha, checks, lease, posted)

    def _of(self, repository: str) -> CommitChecks:
        return self._github if is_github(self._locate(repository)) else self._local
