"""Checks as check runs of a GitHub App: looked at, compared, and made to say what they should, the umbrella first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from reconciler.adapters.git_commands import checked_sha
from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_check_runs import (
    BATCH,
    Fields,
    Posted,
    Wanted,
    missing,
    places_in,
    posted_in,
    posted_of,
    wanted_of,
)
from reconciler.adapters.github_errors import MissingAllowed, not_known_yet
from reconciler.adapters.github_governor import Rank
from reconciler.adapters.github_http import LAG, OutcomeUnknown
from reconciler.adapters.github_names import GitHubRepository, github_repository
from reconciler.adapters.github_reasons import REFUSED
from reconciler.adapters.recent import Recent
from reconciler.checks.model import Check
from reconciler.errors import Stalled
from reconciler.ports import CheckTerms, Clock
from reconciler.records import Lease

RANKS = (Rank.GATE, Rank.FLOW, Rank.OP)  # by the depth of a check
_TERMS = CheckTerms(op_budget=25, lasting=False, read_afar=True)


@dataclass(frozen=True, slots=True)
class _Place:
    """The commit that is spoken on, and until when."""

    repository: GitHubRepository
    sha: str
    lease: Lease


@dataclass(frozen=True, slots=True)
class _Told:
    """A check that is said, and what follows when all others are said too."""

    wanted: Wanted
    run: Posted
    rest: Sequence[Fields]  # annotations
    twins: Sequence[Posted]


@dataclass(frozen=True, slots=True)
class _Made:
    """A run as it was written a moment ago, and may not be listed yet; None: it is not known whether it was made."""

    run: Posted | None
    at: float  # monotonic


class GitHubChecks:
    """CommitChecks through the Checks API, which only an App may use. Thread-safe.

    `locate` gives the source of a repository by its name. A run is created where none of its key is listed, so that
    what an earlier call did without our hearing of it is adopted.
    """

    def __init__(self, api: GitHubApi, locate: Callable[[str], str], clock: Clock) -> None:
        self._api = api
        self._locate = locate
        self._clock = clock
        self._made: Recent[tuple[int, str, str], _Made] = Recent(1_000)

    def terms(self, repository: str) -> CheckTerms:
        """Each check of an op is a write, and others can change what was written."""
        return _TERMS

    def post(
        self, repository: str, sha: str, checks: Sequence[Check], lease: Lease, posted: Collection[str] = ()
    ) -> None:
        """Make the commit's check runs equal to these. Raises Waiting, Stalled, LeaseLost."""
        place = _Place(github_repository(self._locate(repository)), checked_sha(sha), lease)
        wanted = [wanted_of(repository, check) for check in sorted(checks, key=lambda check: check.depth)]
        listed = self._listed(place)
        told: list[_Told] = []
        refused: list[Stalled] = []
        for one in wanted:
            try:
                there = [run for run in listed if run.is_of(one)]
                told.append(self._tell(place, one, self._with_new(place, one, there, one.check.name in posted)))
            except Stalled as error:  # one that GitHub does not take must not keep the others from being said
                if error.reason != REFUSED:
                    raise
                refused.append(error)
        for done in told:
            self._finish(place, done)
        if refused:
            raise refused[0]

    def _listed(self, place: _Place) -> list[Posted]:
        """All runs of this App on the commit, the newest first."""
        app = self._api.credentials.app
        parameters = {"filter": "all", **({"app_id": app} if app.isdecimal() else {})}
        path = f"/commits/{place.sha}/check-runs"
        found = self._api.pages(place.repository, path, posted_in, parameters, lease=place.lease)
        # A redirect after a rename loses the parameters, and another App's run is not ours to change.
        return sorted((run for run in found if app in run.apps), key=lambda run: -run.id)

    def _tell(self, place: _Place, wanted: Wanted, there: Sequence[Posted]) -> _Told:
        """Let the check's newest run say what it should, with the first of its annotations."""
        run = there[0] if there else None
        more = self._remarks(place, wanted, run) if run is not None else None
        if run is None or more is None:
            made = self._create(place, wanted)
            return _Told(wanted, made, wanted.annotations[BATCH:], there)
        twins = there[1:]
        if run.agrees(wanted):
            return _Told(wanted, run, more, twins)
        return _Told(wanted, self._update(place, wanted, run, more[:BATCH]), more[BATCH:], twins)

    def _remarks(self, place: _Place, wanted: Wanted, run: Posted) -> Sequence[Fields] | None:
        """The annotations that are missing; None where the run has some that nobody wants, as it cannot lose them."""
        if run.annotations == 0:
            return wanted.annotations
        if run.marked == wanted.marked and run.annotations >= len(wanted.annotations):
            return ()
        there = self._api.pages(place.repository, f"/check-runs/{run.id}/annotations", places_in, lease=place.lease)
        return missing(there, wanted.annotations)

    def _finish(self, place: _Place, told: _Told) -> None:
        """What is not urgent: annotations beyond the first, and the verdict of twins, of which two workers made one."""
        run = told.run
        for start in range(0, len(told.rest), BATCH):
            run = self._update(place, told.wanted, run, told.rest[start : start + BATCH], Rank.OP)
        for twin in told.twins:
            if not twin.concludes(told.wanted):
                self._send(place, "PATCH", f"/check-runs/{twin.id}", told.wanted.body(), Rank.OP)

    def _create(self, place: _Place, wanted: Wanted) -> Posted:
        body = {**wanted.body(wanted.annotations[:BATCH]), "head_sha": place.sha}
        try:
            run = self._send(place, "POST", "/check-runs", body, RANKS[wanted.check.depth])
        except OutcomeUnknown:
            self._note(place, wanted, None)
            raise
        self._note(place, wanted, run)
        return run

    def _update(
        self, place: _Place, wanted: Wanted, run: Posted, annotations: Sequence[Fields], rank: Rank | None = None
    ) -> Posted:
        body = wanted.body(annotations)
        with MissingAllowed():
            run = self._send(place, "PATCH", f"/check-runs/{run.id}", body, rank or RANKS[wanted.check.depth])
            self._note(place, wanted, run)
            return run
        return self._create(place, wanted)  # it was listed, and is gone

    def _send(self, place: _Place, verb: str, path: str, body: Fields, rank: Rank) -> Posted:
        return posted_of(self._api.send(place.repository, verb, path, body, rank, lease=place.lease))

    def _note(self, place: _Place, wanted: Wanted, run: Posted | None) -> None:
        self._made.put((place.repository.id, place.sha, wanted.name), _Made(run, self._clock.monotonic()))

    def _with_new(self, place: _Place, wanted: Wanted, there: Sequence[Posted], was_posted: bool) -> Sequence[Posted]:
        """The runs that are listed, below one that was made and is not yet. Raises Waiting while that is not known.

        What another process, or this one before a restart, has posted may have been made a moment ago.
        """
        name = (place.repository.id, place.sha, wanted.name)
        if was_posted and not there and self._made.get(name) is None:
            self._note(place, wanted, None)
        made = self._made.get(name)
        left = made.at + LAG - self._clock.monotonic() if made else 0.0
        if made is None or left <= 0:
            return there
        if made.run is None:
            raise not_known_yet("check", left)
        return there if any(run.id == made.run.id for run in there) else (made.run, *there)
