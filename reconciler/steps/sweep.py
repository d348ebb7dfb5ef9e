"""The step of a place's files: logs, artifacts, trees and kept commits go when nobody needs them any more.

A shelf of attempts at a time. That files of a known attempt go is written first and done in a later step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.engine.model import FINAL
from reconciler.engine.retention import DAY, FOREVER, FilesMark, files_cutoff, files_past
from reconciler.keys import SweepKey
from reconciler.ports import AttemptFiles, Files, World
from reconciler.records import AttemptRow, Changes, EventRow, Gone, Lease, RunRow
from reconciler.steps import belonging

LOOK = 3600.0  # s between looks
SLICE = 500  # results that are forgotten at once
MOST_REMOVED = 200  # attempts whose files go in one step


class Sweep:
    """The step of `SweepKey`. What it remembers between steps makes it quick and decides nothing by itself."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._left: list[str] = []  # shelves of this look
        self._looking = False
        self._sizes: dict[str, tuple[float, int]] = {}  # of ended attempts: their end, and bytes
        self._seen: set[str] = set()  # attempts of this look
        self._strange: set[str] = set()  # attempts that run and that nobody knows: told of once
        self._stuck: set[str] = set()  # attempts whose files could not be removed
        self._cutoff = 0.0  # attempts that ended before it have no room

    def __call__(self, key: SweepKey, lease: Lease) -> Changes:
        """Look at one shelf. Raises Waiting, Stalled as the source does."""
        now, files = self._world.clock.now(), self._world.files
        if files is None or files.place != key.place:
            elsewhere = belonging.is_elsewhere(self._world, key.place)
            return belonging.handed_to(self._world, key.place) if elsewhere else Changes()  # it went with its files
        changes = self._look(files, now)
        return changes if lease.place == key.place else replace(changes, place=key.place)

    def _look(self, files: Files, now: float) -> Changes:
        if not self._looking:
            self._left, self._seen, self._looking = list(files.shelves()), set(), True
        changes = self._shelf(files, self._left[-1], now) if self._left else self._commits(now)
        if changes is None and self._left:
            self._left.pop()
        elif changes is None:
            return self._end(files.place, now)
        return changes or Changes(again_at=now)

    def _shelf(self, files: Files, shelf: str, now: float) -> Changes | None:
        """None if nothing is to be written for it."""
        store, found = self._world.store, files.on_shelf(shelf)
        # Before it is asked who uses what: what is cached no more gets no new user.
        cached_since = store.cached_since(files.place)
        rows = store.attempts_by_id([one.attempt for one in found])
        runs = store.runs_by_id({row.run for row in rows.values()} - {""})
        marks = [_mark(one, rows.get(one.attempt), runs) for one in found]
        marks = self._with_needs(marks, rows, now)
        self._measure(files, marks)
        decision = files_past(marks, cached_since, max(self._cutoff, now - self._world.retention.files), now)
        removing = [attempt for attempt in decision.remove if attempt not in self._stuck][:MOST_REMOVED]
        told = self._remove(files, removing, now) + self._told_of(found, rows, now)
        if not (decision.mark or told or removing):
            return None
        marked = tuple((attempt, rows[attempt].run) for attempt in decision.mark)
        return Changes(gone=Gone(files=marked, read_at=now) if marked else None, events=told, again_at=now)

    def _remove(self, files: Files, attempts: Sequence[str], now: float) -> tuple[EventRow, ...]:
        """What cannot be removed is told once, and holds up nothing else."""
        stuck = files.remove(attempts)
        self._stuck |= stuck.keys()
        for attempt in attempts:
            self._sizes.pop(attempt, None)
        return tuple(EventRow(now, attempt, "fault", reason="FilesStay", message=why) for attempt, why in stuck.items())

    def _with_needs(self, marks: Sequence[FilesMark], rows: Mapping[str, AttemptRow], now: float) -> list[FilesMark]:
        """Files that a run which lives, or whose own files are kept, has taken over or reused."""
        oldest = max(self._cutoff, now - self._world.retention.files)
        old = {
            rows[one.attempt].run for one in marks if one.known and one.ended_at is not None and one.ended_at < oldest
        }
        users = self._world.store.users(old - {""})
        needed = {run for run, by in users.items() if any(_keeps_files(user, oldest) for user in by)}
        return [_needed(one) if one.known and rows[one.attempt].run in needed else one for one in marks]

    def _measure(self, files: Files, marks: Iterable[FilesMark]) -> None:
        if self._world.retention.files_size == FOREVER:
            return
        for one in marks:
            self._seen.add(one.attempt)
            if one.ended_at is not None and not one.live and one.attempt not in self._sizes:
                self._sizes[one.attempt] = (one.ended_at, files.size(one.attempt))

    def _told_of(
        self, found: Iterable[AttemptFiles], rows: Mapping[str, AttemptRow], now: float
    ) -> tuple[EventRow, ...]:
        """Attempts that run here and are in no record, as after a restore of an older backup: somebody should know."""
        alive = {one.attempt for one in found if one.alive and one.attempt not in rows}
        new, self._strange = alive - self._strange, self._strange | alive
        message = "It runs here, and the database does not know it: was an older backup restored? Stop it by hand."
        return tuple(
            EventRow(now, attempt, "fault", reason="UnknownAttempt", message=message) for attempt in sorted(new)
        )

    def _commits(self, now: float) -> Changes | None:
        """Kept commits and trees, once all shelves are done; those of a day are left alone."""
        store, source = self._world.store, self._world.source
        kept = {row.name: source.kept(row.name, now - DAY) for row in store.repositories()}
        held = store.references().commits if any(kept.values()) else frozenset()
        for repository, shas in kept.items():
            unneeded = [sha for sha in shas if sha not in held]
            if unneeded:
                source.let_go(repository, unneeded)
        return None

    def _end(self, place: str, now: float) -> Changes:
        """The look is over: what has no room goes in the next one, results that may be reused first."""
        policy = self._world.retention
        self._looking = False
        self._sizes = {attempt: size for attempt, size in self._sizes.items() if attempt in self._seen}
        before, self._cutoff = self._cutoff, files_cutoff(self._sizes.values(), policy, now)
        crowded = self._cutoff > now - policy.files and self._cutoff > before
        results = self._world.store.crowded_results(place, self._cutoff, SLICE) if crowded else ()
        if results:
            self._cutoff = before
            return Changes(gone=Gone(cache=tuple(results)), again_at=now)
        return Changes(again_at=now if crowded else now + LOOK)


def _mark(one: AttemptFiles, row: AttemptRow | None, runs: Mapping[str, RunRow]) -> FilesMark:
    if row is None:
        return FilesMark(one.attempt, False, one.alive, False, None, one.touched_at)
    run = runs.get(row.run)
    live = one.alive or row.phase != "ended" or (run is not None and run.state.status not in FINAL)
    ends = [row.ended_at, run.state.finished_at if run is not None else None]
    ended_at = max((end for end in ends if end is not None), default=None)
    return FilesMark(one.attempt, True, live, row.pruned_at is not None, ended_at, one.touched_at)


def _needed(mark: FilesMark) -> FilesMark:
    return replace(mark, needed=True)


def _keeps_files(user: RunRow, oldest: float) -> bool:
    return user.state.status not in FINAL or (user.state.finished_at or oldest) >= oldest
