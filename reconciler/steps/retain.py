"""The steps of retention: find in slices what is past its time, and remove in slices what is left of a run.

A slice at a time, at the lowest priority: everybody else has a turn in between. Where a look has come to is remembered
here and nowhere else; who forgets it begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.engine.model import RunState
from reconciler.engine.retention import COMES_AGAIN, DAY, RunMark, past
from reconciler.keys import RemainsKey, RetentionKey
from reconciler.ports import World
from reconciler.records import Changes, EventRow, Gone, Lease, Wake
from reconciler.store import Bounds

PAGE = 100  # runs that are looked at in one step
SLICE = 500  # other rows that go in one step
LOOK = 3600.0  # s between looks
_BEGIN = (0.0, "")


def remove_remains(world: World, key: RemainsKey, lease: Lease) -> Changes:
    """Remove a piece of what is left of a run that is gone."""
    store = world.store
    if store.run(key.run) is not None or not store.has_remains(key.run):
        return Changes()
    return Changes(gone=Gone(remains=(key.run,)), again_at=world.clock.now())


class Retain:
    """The step of `RetentionKey`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._after = _BEGIN  # creation and id of the last run that was looked at
        self._event = 0
        self._plans_at = 0.0
        self._stages = (self._runs, self._rows, self._events, self._plans, self._space)
        self._stage = 0

    def __call__(self, key: RetentionKey, lease: Lease) -> Changes:
        """Look at one slice; the next one is looked at when nobody else wants a turn."""
        if lease.attempts:  # what the step before found may still be there: it could not be removed
            self._stage, self._after, self._event, self._plans_at = 0, _BEGIN, 0, 0.0
        now = self._world.clock.now()
        while self._stage < len(self._stages):
            changes, over = self._stages[self._stage](now)
            self._stage += over
            if changes is not None:
                return changes
        self._stage = 0
        return Changes(again_at=now + LOOK)

    def _runs(self, now: float) -> tuple[Changes | None, bool]:
        policy, store = self._world.retention, self._world.store
        crowded = store.crowded_flows(policy.most) if self._after == _BEGIN else self._crowded
        self._crowded: Sequence[str] = crowded
        page = store.finished_runs(self._after, now - policy.youngest, crowded, PAGE)
        over = len(page) < PAGE
        self._after = _BEGIN if over else (page[-1].state.created_at, page[-1].id)
        groups = _groups(page, store.runs_of_commits({mark.sha for mark in page} - {""}))
        marks = [mark for group in groups for mark in group]
        gone = past(groups, store.needs(marks, policy.newest, policy.most), policy, now) if marks else []
        return (_without_runs(gone, now) if gone else None if over else Changes(again_at=now)), over

    def _rows(self, now: float) -> tuple[Changes | None, bool]:
        aged = self._world.store.aged(self._bounds(now), SLICE)
        gone = Gone(
            cache=aged.cache,
            requests=aged.requests,
            deliveries=aged.deliveries,
            approvals=aged.approvals,
            attempts=aged.attempts,
            reviews=aged.reviews,
            commits=aged.commits,
            flows=aged.flows,
        )
        return (None, True) if gone == Gone() else (Changes(gone=gone, again_at=now), False)

    def _events(self, now: float) -> tuple[Changes | None, bool]:
        seqs, last = self._world.store.old_events(self._event, self._bounds(now), SLICE)
        self._event = last
        if not seqs and not last:
            return None, True
        return Changes(gone=Gone(events=tuple(seqs)) if seqs else None, again_at=now), not last

    def _bounds(self, now: float) -> Bounds:
        policy = self._world.retention
        return Bounds(
            cache=now - policy.cache,
            history=now - policy.history,
            heard=now - policy.heard,
            deliveries=policy.deliveries,
            crowded=now - COMES_AGAIN,
            events=policy.events,
            traces=now - policy.traces,
        )

    def _plans(self, now: float) -> tuple[Changes | None, bool]:
        """Once a day, as all runs are read for it."""
        if now - self._plans_at < DAY:
            return None, True
        unneeded = self._world.store.references().unneeded_plans
        if len(unneeded) <= SLICE:
            self._plans_at = now
        gone = Gone(plans=unneeded[:SLICE], read_at=now)
        return (Changes(gone=gone, again_at=now) if unneeded else None), len(unneeded) <= SLICE

    def _space(self, now: float) -> tuple[Changes | None, bool]:
        return (Changes(again_at=now), False) if self._world.store.give_back() else (None, True)


def _groups(page: Sequence[RunMark], of_commits: Iterable[RunMark]) -> list[list[RunMark]]:
    """Runs of one commit together, the others each by itself."""
    groups: dict[tuple[str, str], list[RunMark]] = {}
    for mark in [*of_commits, *(mark for mark in page if not mark.sha)]:
        groups.setdefault((mark.repository, mark.sha or mark.id), []).append(mark)
    return list(groups.values())


def _without_runs(gone: Sequence[RunMark], now: float) -> Changes:
    commits = dict.fromkeys((mark.repository, mark.sha) for mark in gone if mark.sha)
    return Changes(
        gone=Gone(runs=tuple((mark.id, mark.version) for mark in gone), commits=tuple(commits)),
        events=tuple(EventRow(now, mark.id, "pruned", reason="Pruned", message=_trace(mark.state)) for mark in gone),
        wakes=tuple(Wake(RemainsKey(mark.id)) for mark in gone),
        again_at=now,
    )


def _trace(state: RunState) -> str:
    return f"It ended {state.status.value}."
