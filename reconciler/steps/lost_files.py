"""Which ops of a run have no files any more, and why: they were pruned, or went with a place that was given up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from reconciler.checks.words import listed, when
from reconciler.engine.model import OpState, Status
from reconciler.store import Store

LOOKED_AT = 500  # ops of a run, for what is only told


@dataclass(frozen=True, slots=True)
class LostFiles:
    """Paths of the ops whose logs and artifacts are gone."""

    pruned: tuple[str, ...] = ()
    pruned_at: float = 0.0  # the last of them
    places: tuple[str, ...] = ()

    def told(self) -> tuple[str, ...]:
        """A sentence for each cause."""
        found = []
        if self.pruned:
            found.append(f"Logs and artifacts of its ops were pruned on {when(self.pruned_at)}.")
        if self.places:
            found.append(f"Logs and artifacts of ops that ran at {listed(self.places)} are gone: it was given up.")
        return tuple(found)


def told_of_lost(store: Store, ops: Iterable[OpState]) -> tuple[str, ...]:
    """What people are told of a run's files that are gone; those of a run go together, so that some ops tell it."""
    return lost_files(store, list(islice((op for op in ops if op.attempt or op.artifacts), LOOKED_AT))).told()


def lost_files(store: Store, ops: Iterable[OpState]) -> LostFiles:
    """What is gone of these ops."""
    sources = {op.path: op.artifacts or op.attempt or op.cached_from or "" for op in ops}
    rows = store.attempts_by_id(sorted({attempt for attempt in sources.values() if attempt}))
    given_up = {place.name for place in store.places() if place.given_up_at}
    found = {path: rows[attempt] for path, attempt in sources.items() if attempt in rows}
    pruned = {path: row.pruned_at for path, row in found.items() if row.pruned_at is not None}
    places = {row.place for path, row in found.items() if row.place in given_up and path not in pruned}
    return LostFiles(tuple(pruned), max(pruned.values(), default=0.0), tuple(sorted(places)))


def refusal_of_lost(store: Store, run: str, verb: str, ops: Iterable[OpState]) -> str:
    """Why a run cannot go on from what it has done, for people; "" if all of that is kept."""
    lost = lost_files(store, [op for op in ops if op.status is Status.SUCCEEDED])
    if not lost.pruned:
        return ""
    what = listed([f"`{path}`" for path in lost.pruned[:3]]) + (" and others" if len(lost.pruned) > 3 else "")
    return (
        f"Run {run} cannot {verb} from what it has done: the artifacts of {what} were pruned on "
        f"{when(lost.pruned_at)}. Run it as a whole: `headgate restart {run}`."
    )
