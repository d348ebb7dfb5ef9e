"""Telling others that the service of this place is there, and giving up places that do not return."""

from __future__ import annotations

import logging
import os
import secrets
import signal
from collections import Counter
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread

from console.whole_files import put
from reconciler.adapters.process_executor import ProcessExecutor
from reconciler.checks.words import duration
from reconciler.errors import ReconcileError, Stalled
from reconciler.keys import SweepKey
from reconciler.ports import Clock
from reconciler.records import PlaceRow, Wake
from reconciler.store import Store

log = logging.getLogger(__name__)

BEAT = 10.0  # s between two signs of life
FRESH = 3 * BEAT  # s after which a place is taken to be away
LOOKS = 6  # in a row: a place that is there is seen anew between them

APART = 5.0  # s between this clock and the database's that schedules bear: nobody is told of it
_CLOCKS = (
    "The clock of this machine is %s %s the database's. Schedules and time-outs go by it, also for other replicas: "
    "let NTP keep both."
)


class Presence:
    """One thread. Without `shared`, nobody else uses the database, and only the start is noted."""

    def __init__(
        self,
        store: Store,
        executor: ProcessExecutor,
        data_dir: Path,
        address: str,
        lost_after: float,
        clock: Clock,
    ) -> None:
        self._store = store
        self._executor = executor
        self._row = PlaceRow(executor.place, address, mark_of(data_dir), version("headgate"))
        self._lost_after = lost_after
        self._looks: Counter[tuple[str, float]] = Counter()  # at a lost place, since it was seen last
        self._clock = clock
        self._is_apart = False
        self._outgrown: Stalled | None = None
        self._ending = Event()
        self._thread: Thread | None = None

    def check_no_copy(self) -> None:
        """Raises Stalled if these files are a copy of another service's. To be asked before what they tell is told."""
        self._store.check_no_copy(self._row)

    def begin(self, shared: bool) -> None:
        """Note that we are here, and go on doing so. Raises Stalled if another machine's service says the same."""
        self._beat()
        if shared:
            self._compare_clocks()
            self._thread = Thread(target=self._run, name="presence", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Say no more."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(timeout=1)

    def check(self) -> None:
        """Raises Stalled if the service was told to end because newer releases have upgraded the database."""
        if self._outgrown is not None:
            raise self._outgrown

    def _run(self) -> None:
        while not self._ending.wait(BEAT):
            with suppress(ReconcileError):  # the loop tells of a store that is away
                self._check_database()
                self._beat()
                self._compare_clocks()
                self._give_up_lost()

    def _check_database(self) -> None:
        """End this process, as a person would, before it writes what newer ones do not expect."""
        try:
            self._store.check_not_outgrown()
        except Stalled as error:
            self._outgrown = error
            self._ending.set()
            os.kill(os.getpid(), signal.SIGTERM)
            raise

    def _beat(self) -> None:
        if self._store.see_place(self._row):
            log.warning("This place was given up while it was away; what others do again now is ended here.")
            ended = self._store.attempts_by_id(self._executor.living())
            self._executor.abandon([row for row in ended.values() if row.phase == "ended"])
            self._store.wake([Wake(SweepKey(self._row.name))])

    def _compare_clocks(self) -> None:
        """A tick that is served too early by one service is none any more for all of them, until it is time for it."""
        seen = self._store.place(self._row.name)
        ahead = self._clock.now() - seen.seen_at if seen is not None else 0.0
        was_apart, self._is_apart = self._is_apart, abs(ahead) > APART
        if self._is_apart and not was_apart:
            which = "ahead of" if ahead > 0 else "behind"
            log.warning(_CLOCKS, duration(abs(ahead)), which)

    def _give_up_lost(self) -> None:
        """Nobody was seen while the database was away, or where its clock jumped: they have the time to come back."""
        lost = self._store.lost_places(self._lost_after) if self._lost_after else ()
        self._looks = Counter({(one.name, one.seen_at): self._looks[one.name, one.seen_at] + 1 for one in lost})
        for name, _ in (one for one, looks in self._looks.items() if looks > LOOKS):
            ended = self._store.give_up(name, words_of_loss(name, f"not seen for {duration(self._lost_after)}"))
            log.warning("Gave up the place %s, which was away too long; attempts lost: %d.", name, ended)


def words_of_loss(place: str, why: str) -> str:
    """What is told of an attempt whose place is given up."""
    return f"Its place {place} was given up ({why})."


def mark_of(data_dir: Path) -> str:
    """What tells this data directory from another one of the same name on a machine that is called the same."""
    file = data_dir / "place"
    with suppress(FileNotFoundError):
        if known := file.read_text().strip():
            return known
    made = secrets.token_hex(8)
    put(file, f"{made}\n".encode())
    return made
