"""Attempts that run on this machine, as their executor knows them, and how many jobs there are among them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.adapters.process_link import Link
from reconciler.adapters.process_records import Folder


@dataclass(slots=True)
class Live:
    """An attempt that runs. `link`: to its supervisor, if we started that and it is there."""

    folder: Folder
    run: str
    kind: str
    grace: float
    link: Link | None = None
    pidfd: int = -1
    started_at: float | None = None
    killing: bool = False
    over: bool = False


class Living:
    """All that are watched, by the id of the attempt. Thread-safe."""

    def __init__(self) -> None:
        self._live: dict[str, Live] = {}
        self._jobs = 0
        self._lock = threading.Lock()

    def add(self, live: Live) -> None:
        """It is watched from now on, in place of what we knew of the attempt."""
        with self._lock:
            self._drop(live.folder.attempt)
            self._live[live.folder.attempt] = live
            self._jobs += live.kind != "service"

    def drop(self, live: Live) -> None:
        """It is over."""
        with self._lock:
            self._drop(live.folder.attempt)

    def get(self, attempt: str) -> Live | None:
        """The attempt, if it is watched."""
        return self._live.get(attempt)

    def __contains__(self, live: Live) -> bool:
        return self._live.get(live.folder.attempt) is live

    def all(self) -> Sequence[Live]:
        """Every one that is watched now."""
        with self._lock:
            return list(self._live.values())

    @property
    def jobs(self) -> int:
        """How many jobs; services take no slot."""
        return self._jobs

    def _drop(self, attempt: str) -> None:
        known = self._live.pop(attempt, None)
        self._jobs -= known is not None and known.kind != "service"
