"""Attempts: those nobody supervises any more, directories that belong to none, places that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from console.doctor.model import Examined, fine, problem, warning
from reconciler.adapters.place import local_place
from reconciler.adapters.process_condition import attempt_folders, folder_in, nobody_left, runs_as
from reconciler.checks.words import count, listed
from reconciler.records import AttemptRow

if TYPE_CHECKING:
    from reconciler.adapters.sql.condition import OpenedToRead

_BEGUN = ("started", "stopping", "unknown")
_YOUNG = 5.0  # seconds: an end that is being reported is no finding


def examine_attempts(opened: OpenedToRead, data_dir: Path, now: float, works: bool) -> Iterator[Examined]:
    """What the files of this place and the rows of the database say of each other."""
    ours = local_place(data_dir)
    live = opened.store.live_attempts(ours)
    begun = [row for row in live if row.phase in _BEGUN and now - row.created_at > _YOUNG]
    told = [*_left_alone(begun, data_dir, works), *_orphans(opened, data_dir), *judge_places(opened.places(), ours)]
    yield from told
    if not told:
        yield fine("attempts", f"{count(len(live), 'attempt is', 'attempts are')} live here, all of them supervised.")


def judge_places(places: Mapping[str, int], ours: str) -> Iterator[Examined]:
    """Live attempts of other places: only a service of their place can act on them."""
    host = ours.partition(":")[0]
    for place, number in sorted(places.items()):
        its_host, _, folder = place.partition(":")
        if place in (ours, ""):
            continue
        what = f"{count(number, 'attempt is', 'attempts are')} live at {place}."
        if its_host == host and not Path(folder).is_dir():
            do = "Put that data directory back and start a service on it; its attempts wait for one."
            yield problem("place-gone", f"{what} That directory is not there any more.", place, do)
        else:
            yield warning("place", what, place, "See that a service runs there: only it can act on them.")


def _left_alone(rows: list[AttemptRow], data_dir: Path, works: bool) -> Iterator[Examined]:
    alone = [row for row in rows if nobody_left(folder_in(data_dir, row.id))]
    if alone:
        what = f"{count(len(alone), 'attempt has', 'attempts have')} neither a process nor a record of its end."
        told = listed([f"{row.run} {row.op}" for row in alone])
        if works:
            do = "Restart the service: it counts them as lost machines and tries again."
            yield problem("attempt-lost", what, told, do)
        else:
            yield warning("attempt-lost", what, told, "The next `headgate serve` counts them as lost and tries again.")


def _orphans(opened: OpenedToRead, data_dir: Path) -> Iterator[Examined]:
    there = set(attempt_folders(data_dir))
    unknown = sorted(there - opened.known_attempts(there))
    pids = {attempt: runs_as(folder_in(data_dir, attempt)) for attempt in unknown}
    for attempt, pid in pids.items():
        if pid is not None:
            what = f"Attempt {attempt} runs here, and the database does not know it."
            do = f"Was an older backup restored? Let it end, or end it: `kill -TERM -- -{pid}`."
            yield warning("attempt-unknown", what, folder_in(data_dir, attempt).root, do)
    orphans = [attempt for attempt in unknown if pids[attempt] is None]
    if orphans:
        what = f"{count(len(orphans), 'directory belongs', 'directories belong')} to no attempt of the database."
        do = "Was an older backup restored? Keep them if you need their artifacts, else delete them."
        yield warning("attempt-orphan", what, folder_in(data_dir, orphans[0]).root, do)
