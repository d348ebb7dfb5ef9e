"""Repositories on GitHub as an Origin of mirrors: the API tells what is open, git brings the commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import floor
from random import Random

from reconciler.adapters.git_commands import Git
from reconciler.adapters.git_https import NotThere, TokenRefused, Wish, fetch
from reconciler.adapters.git_mirrors import locked
from reconciler.adapters.git_refs import Listing, listed, listing
from reconciler.adapters.github_addresses import web_address
from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_credentials import READ
from reconciler.adapters.github_errors import UNTIL_A_PERSON_ACTS, MissingAllowed
from reconciler.adapters.github_http import Answer
from reconciler.adapters.github_names import GitHubRepository, github_repository
from reconciler.adapters.github_reasons import PERMISSION
from reconciler.adapters.github_seen import QUEUE, Facts, PageOfPulls, Pull, base_of_entry, facts_of, pulls_of
from reconciler.errors import Stalled, Waiting
from reconciler.ports import Proposal, Refs

_PULLS = "refs/headgate/pull/"
_SPREAD = 0.2  # of the time between looks, so that many repositories are not looked at at once
_GONE = timedelta(minutes=10)
_PASSES = 3  # over a list of several pages, which moves while it is read


@dataclass(frozen=True, slots=True)
class _Seen:
    facts: Facts
    pulls: tuple[Pull, ...]


class NoOrigin:
    """For repositories on GitHub that are known from times when it was configured."""

    def refs(self, repository: str, mirror: Git) -> Refs:
        """Raises Waiting."""
        message = f"{repository} is on GitHub, and the server's configuration has no `github` any more."
        raise Waiting("GitHubNotConfigured", f"{message} Its flows and their history stay as they are.", _GONE)


class GitHubOrigin:
    """What is open in a repository and what its branches are. Thread-safe.

    `locate` gives the source of a repository by its name; `poll_seconds` are between looks when nobody tells of news,
    spread by `random`, so that not all repositories are looked at at once.
    """

    def __init__(
        self, api: GitHubApi, locate: Callable[[str], str], poll_seconds: float, random: Random | None = None
    ) -> None:
        self._api = api
        self._locate = locate
        self._poll_seconds = poll_seconds
        self._random = random or Random()  # noqa: S311 - spreads looks, hides nothing
        self._web = web_address(api.http.address)

    def refs(self, repository: str, mirror: Git) -> Refs:
        """Ask for the open pull requests, fetch what is new, and tell what is there now. Raises Waiting."""
        seen = self._asked(github_repository(self._locate(repository)))
        seen_at = floor(self._api.now_there())  # comments are dated in whole seconds
        with locked(mirror.directory):
            found = self._fetched(mirror, seen)
        facts = seen.facts
        return Refs(
            facts.default_branch,
            found.branches.get(facts.default_branch, ""),
            tuple(_proposals(seen, found.branches)),
            {},
            found.ignored,
            facts.repository.source,
            self._poll_seconds * self._random.uniform(1 - _SPREAD, 1 + _SPREAD),
            seen_at,
        )

    # --- what GitHub tells --------------------------------------------------------------------------------------------

    def _asked(self, known: GitHubRepository) -> _Seen:
        """What GitHub refuses today it may allow tomorrow, and tells nobody then."""
        try:
            return self._seen(known)
        except Stalled as error:
            raise Waiting(error.reason, error.message, timedelta(minutes=1)) from error

    def _seen(self, known: GitHubRepository) -> _Seen:
        """By the name that was known last, and by its number where another repository, or none, has that name."""
        seen: _Seen | None = None
        with MissingAllowed():
            seen = self._seen_at(known)
        if seen is None or seen.facts.repository.id != known.id:
            return self._seen_at(self._found(known))
        return seen

    def _seen_at(self, at: GitHubRepository) -> _Seen:
        pulls, facts = self._pulls(at)
        facts = facts or self._api.get(at, "", facts_of)
        return _Seen(facts, () if facts.archived else pulls)  # nothing can be merged into an archived one

    def _pulls(self, at: GitHubRepository) -> tuple[tuple[Pull, ...], Facts | None]:
        """Every open pull request: one that is closed while pages are read would hide another."""
        seen: list[PageOfPulls] = []
        for _ in range(_PASSES):
            before, seen = seen, self._api.pages(at, "/pulls", pulls_of, {"state": "open"})
            if len(seen) <= 1 or seen == before:
                break
        return tuple(one for page in seen for one in page.pulls), seen[0].facts if seen else None

    def _found(self, known: GitHubRepository) -> GitHubRepository:
        """Where the repository is now; another owner may have given us access to it. Raises Waiting."""
        for _ in range(2):
            with MissingAllowed():
                return self._api.whereabouts(known, facts_of).repository
            self._api.credentials.forget(known)
        message = f"GitHub shows {known.name} to us no more: it was deleted, or access to it was taken away."
        raise Waiting("GitHubRepositoryGone", f"{message} Its flows and their history stay as they are.", _GONE)

    # --- what git brings ----------------------------------------------------------------------------------------------

    def _fetched(self, mirror: Git, seen: _Seen) -> Listing:
        present = _pulls_in(mirror)
        wanted = {_PULLS + str(pull.number): pull.head for pull in seen.pulls}
        new = {ref: sha for ref, sha in wanted.items() if present.get(ref) != sha}
        branches = frozenset({seen.facts.default_branch, *(pull.base for pull in seen.pulls)})
        wish = self._fetch(mirror, seen.facts.repository, Wish(branches, QUEUE, new))
        found = listing(listed(mirror, "refs/heads"))
        stale = {name for name in found.branches if name not in wish.branches and not name.startswith(QUEUE)}
        _forget(mirror, [*(ref for ref in present if ref not in wanted), *(f"refs/heads/{name}" for name in stale)])
        return replace(found, branches={name: sha for name, sha in found.branches.items() if name not in stale})

    def _fetch(self, mirror: Git, repository: GitHubRepository, wish: Wish) -> Wish:
        address = f"{self._web}/{repository.name}.git"
        for _ in range(2):
            token = self._api.token(repository, READ)
            try:
                return fetch(mirror, address, token, wish)
            except TokenRefused:
                self._api.credentials.refused(repository, token, Answer(401, {}))
            except NotThere:
                message = f"Git does not find {repository.name} on GitHub: it is about to move, or may not be read."
                raise Waiting("GitHubMoved", message, timedelta(seconds=30)) from None
        message = f"GitHub does not accept our credentials for the code of {repository.name}: grant contents: read."
        raise Waiting(PERMISSION, message, UNTIL_A_PERSON_ACTS)


def _proposals(seen: _Seen, branches: Mapping[str, str]) -> Iterator[Proposal]:
    """Pull requests into branches that are there, and entries of the merge queue, each the result of a merge."""
    default = seen.facts.default_branch
    for pull in seen.pulls:
        if pull.base in branches:
            yield Proposal(pull.name, pull.head, pull.base, pull.title, _base_head(pull.base, default, branches))
    for branch, sha in branches.items():
        base = "" if seen.facts.archived else base_of_entry(branch)
        if base in branches:
            yield Proposal(f"queue/{sha}", sha, base, base_head=_base_head(base, default, branches))


def _base_head(base: str, default: str, branches: Mapping[str, str]) -> str:
    return "" if base == default else branches[base]


def _pulls_in(mirror: Git) -> dict[str, str]:
    lines = mirror.text("for-each-ref", "--format=%(refname) %(objectname)", _PULLS).splitlines()
    return {ref: sha for ref, _, sha in (line.rpartition(" ") for line in lines)}


def _forget(mirror: Git, refs: Iterable[str]) -> None:
    """Let go of what is closed, and of branches that nobody wants into any more."""
    lines = "".join(f"delete {ref}\n" for ref in refs)
    if lines:
        mirror.run("update-ref", "--stdin", stdin=lines.encode())
