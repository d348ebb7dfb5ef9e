"""Records as one viewer sees them: what is of a repository that is hidden from them is not there.

All that pages read of the store goes through here, so that no page can forget to ask. Each method finds out whose
repository it is about before it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from itertools import islice

from console.pages.viewers import Viewer
from reconciler.checks.evidence import Story, told
from reconciler.engine.model import OpState
from reconciler.keys import FlowKey, RunKey
from reconciler.ports import Logs
from reconciler.records import (
    AttemptRow,
    CheckRow,
    EventRow,
    FlowRow,
    MetricRow,
    OpRow,
    RepositoryRow,
    RequestRow,
    RunRow,
    ScheduleRow,
)
from reconciler.steps.evidence import evidence_of
from reconciler.steps.lost_files import told_of_lost
from reconciler.store import Store
from webhooks.asgi import HTTPException

_BESIDE = 5  # runs that are read for one that is shown, before each repository is asked

MayAct = Callable[[RepositoryRow, str], bool]
"""Whether a person, by the name at GitHub, may ask for things in a repository. Raises Waiting, Stalled."""


class Seen:
    """For one request: which repositories are seen is remembered."""

    def __init__(self, store: Store, viewer: Viewer, may_act: MayAct) -> None:
        self._store = store
        self._viewer = viewer
        self._may_act = may_act
        self._known: dict[str, bool] = {}

    # --- repositories and what is found by their names ----------------------------------------------------------------

    def repositories(self) -> Sequence[RepositoryRow]:
        """Those that the viewer sees, in order."""
        return [row for row in self._store.repositories() if self._viewer.sees(row.source)]

    def repository(self, name: str) -> RepositoryRow | None:
        """By its name."""
        row = self._store.repository(name)
        return row if row is not None and self._viewer.sees(row.source) else None

    def flows(self, repository: str, scope: str) -> Sequence[FlowRow]:
        """Of a repository: "" = those of its default branch."""
        return self._store.flows(repository=repository, scope=scope) if self._sees(repository) else ()

    def checks(self, repository: str, sha: str) -> Sequence[CheckRow]:
        """Of a commit in a repository."""
        return self._store.checks(repository, sha) if self._sees(repository) else ()

    def commits_with_checks(self, repository: str, limit: int) -> Sequence[str]:
        """The newest of a repository."""
        return self._store.commits_with_checks(repository, limit) if self._sees(repository) else ()

    # --- flows --------------------------------------------------------------------------------------------------------

    def flow(self, flow: str) -> FlowRow | None:
        """By its id."""
        row = self._store.flow(flow)
        return row if row is not None and self._sees(row.repository) else None

    def schedule(self, flow: str) -> ScheduleRow | None:
        """Of a flow."""
        return self._store.schedule(flow) if self.flow(flow) is not None else None

    # --- runs ---------------------------------------------------------------------------------------------------------

    def run(self, run: str) -> RunRow | None:
        """By its id."""
        row = self._store.run(run)
        return row if row is not None and self._sees(row.repository) else None

    def runs(
        self,
        flow: str | None = None,
        sha: str | None = None,
        repository: str | None = None,
        prefix: str | None = None,
        limit: int = 100,
    ) -> Sequence[RunRow]:
        """Newest first."""

        def found(name: str | None, most: int) -> Sequence[RunRow]:
            return self._store.runs(flow, sha, name, prefix=prefix, limit=most)

        if self._viewer.sees_all:
            return found(repository, limit)
        most = limit * _BESIDE
        of_all = found(repository, most)
        seen = [row for row in of_all if self._sees(row.repository)]
        if len(seen) >= limit or len(of_all) < most:
            return seen[:limit]
        each = (found(row.name, limit) for row in self.repositories())
        newest = merge(*each, key=lambda row: row.state.created_at, reverse=True)
        return list(islice(newest, limit))

    def pruned(self, prefix: str) -> EventRow | None:
        """The trace of a run that is gone; it does not tell whose it was."""
        return self._store.pruned(prefix) if self._viewer.sees_all else None

    def story(self, row: RunRow, logs: Logs, now: float) -> Story:
        """What a run has done, as checks tell it."""
        self._check(row.id)
        return told(evidence_of(self._store, logs, row, now))

    def lost(self, ops: Iterable[OpState]) -> Sequence[str]:
        """What is told of files of these ops that are gone."""
        return told_of_lost(self._store, ops)

    def ops(self, run: str) -> Sequence[OpRow]:
        """Of a run, by path."""
        self._check(run)
        return self._store.ops(run)

    def events(self, run: str, limit: int) -> Sequence[EventRow]:
        """Of a run."""
        self._check(run)
        return self._store.events(run, limit=limit)

    def request(self, request: str) -> RequestRow | None:
        """What somebody asked for, of a run or flow."""
        row = self._store.request(request)
        if row is None or self._viewer.sees_all:
            return row
        about = {RunKey: self.run, FlowKey: self.flow}.get(type(row.key))
        return row if about is not None and about(row.target) is not None else None

    # --- attempts -----------------------------------------------------------------------------------------------------

    def attempts(self, run: str, op: str) -> Sequence[AttemptRow]:
        """Of an op, whether they have ended or not."""
        self._check(run)
        return self._store.attempts(run, live=False, op=op)

    def attempt(self, attempt: str) -> AttemptRow | None:
        """By its id."""
        row = self._store.attempt(attempt)
        return row if row is not None and self._sees(row.spec.repository) else None

    def metrics(self, attempt: str) -> Sequence[MetricRow]:
        """Of an attempt, oldest first."""
        return self._store.metrics(attempt) if self.attempt(attempt) is not None else ()

    # --- acting -------------------------------------------------------------------------------------------------------

    def check_acting(self, repository: str) -> None:
        """Raises HTTPException where the viewer may ask for nothing; Waiting, Stalled where GitHub does not tell."""
        if self._viewer.sees_all:
            return
        row = self.repository(repository)
        if row is None or not self._may_act(row, self._viewer.name):
            what = f"You can see {repository} and ask for nothing there: `commands.allow` of its settings says who may."
            raise HTTPException(403, what)

    def _sees(self, repository: str) -> bool:
        if self._viewer.sees_all:
            return True
        if repository not in self._known:
            self._known[repository] = self.repository(repository) is not None
        return self._known[repository]

    def _check(self, run: str) -> None:
        if not self._viewer.sees_all and self.run(run) is None:
            raise HTTPException(404, "There is no such run.")
