"""Noticing that refs of a repository on this machine moved: by the times of few files, without asking Git.

Git writes a ref by renaming a file, so that the directory's time changes, and the kernel tells of it. A repository
whose times tell nothing, as on some network file systems, is looked at by the clock like any other.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from reconciler.adapters.bell import Bell
from reconciler.adapters.folder_events import OFTEN, FolderEvents
from reconciler.errors import ReconcileError

YOUNG = 0.02  # s: a second change so soon after the first may have the same time, as a kernel counts in up to 10 ms
SETTLED = 0.03  # s until what happened is looked at: a lock comes before the ref, and all of it is old enough then
_FILES = ("HEAD", "packed-refs", "reftable/tables.list")
_FOLDERS = ("refs/heads", "refs/tags")

Stamp = tuple[int, int, int] | None  # None: there is no such file


@dataclass(frozen=True, slots=True, eq=False)
class RefTimes:
    """The times of all that a ref's move touches, as they were at one moment."""

    stamps: Mapping[str, Stamp]
    certain: bool  # nothing was so young that another change could hide behind it

    def have_changed(self) -> bool:
        """Whether a ref may have moved since. A new folder of refs shows in the one that it is in."""
        return not self.certain or any(_stamp(path) != known for path, known in self.stamps.items())

    def places(self) -> set[str]:
        """Folders in which it shows, with files and what is not there among them."""
        return {*self.stamps, *map(os.path.dirname, self.stamps)}


def ref_times(directory: Path) -> RefTimes:
    """Those of a repository, bare or with a working tree."""
    place = _git_directory(directory)
    stamps = {path: _stamp(path) for path in _touched(place)}
    newest = max((stamp[0] for stamp in stamps.values() if stamp is not None), default=0)
    return RefTimes(stamps, certain=not 0 <= time.time_ns() - newest <= YOUNG * 1e9)


class GitWatch:
    """Tells of repositories whose refs moved since they were looked at. Its thread begins with `begin`."""

    def __init__(self) -> None:
        self._looks: dict[str, RefTimes] = {}
        self._told: dict[str, RefTimes] = {}  # the looks that are known to be out of date
        self._ending = False
        self._bell: Bell | None = None
        self._thread: Thread | None = None

    def looked(self, repository: str, times: RefTimes) -> None:
        """Note the times that a repository had before its refs were read."""
        known = self._looks.get(repository)
        self._looks[repository] = times
        is_as_before = known is not None and times.certain and known.stamps == times.stamps
        if self._bell is not None and not is_as_before:
            self._bell.ring()

    def moved(self) -> Sequence[str]:
        """Repositories to be looked at again, of which nobody was told yet."""
        return list(self._moved())

    def begin(self, tell: Callable[[Sequence[str]], None]) -> None:
        """Begin to tell. What could not be told is told again."""
        self._bell = Bell()
        self._thread = Thread(target=self._run, args=(tell, self._bell), name="refs", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Tell no more."""
        self._ending = True
        if self._thread is not None and self._bell is not None:
            self._bell.ring()
            self._thread.join(timeout=1)
            if not self._thread.is_alive():
                self._bell.close()

    def _run(self, tell: Callable[[Sequence[str]], None], bell: Bell) -> None:
        watched: dict[str, RefTimes] = {}
        happened = False
        with closing(FolderEvents()) as events:
            while not self._ending:
                self._watch(events, watched)
                moved = self._moved()
                if not self._tell(moved, tell) or (happened and not moved):  # what is of no ref goes on and on
                    happened = bell.wait(OFTEN)
                else:
                    happened = bell.wait(events.patience, *events.descriptors)
                if happened:
                    time.sleep(SETTLED)
                    events.drain()

    def _watch(self, events: FolderEvents, watched: dict[str, RefTimes]) -> None:
        for name, times in list(self._looks.items()):
            if watched.get(name) is not times:
                watched[name] = times
                events.watch(times.places())

    def _tell(self, moved: Mapping[str, RefTimes], tell: Callable[[Sequence[str]], None]) -> bool:
        """Whether all that is to be told could be."""
        try:
            if moved:
                tell(list(moved))
        except ReconcileError:
            return False
        self._told.update(moved)
        return True

    def _moved(self) -> dict[str, RefTimes]:
        """With the looks that are out of date."""
        looks = list(self._looks.items())
        return {name: times for name, times in looks if self._told.get(name) is not times and times.have_changed()}


def _touched(place: Path) -> Iterator[str]:
    yield from (str(place / name) for name in _FILES)
    for top in _FOLDERS:
        yield str(place / top)
        yield from (os.path.join(folder, name) for folder, names, _ in os.walk(place / top) for name in names)


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _git_directory(directory: Path) -> Path:
    """Where the refs of a repository are; a working tree may name another place (gitrepository-layout(5))."""
    inside = directory / ".git"
    if not inside.is_file():
        return inside if inside.is_dir() else directory
    place = directory / inside.read_text().removeprefix("gitdir:").strip()
    common = place / "commondir"
    return place / common.read_text().strip() if common.is_file() else place
