"""Attempts as processes of this machine: implements `ports.Executor`. What an op gets and how it is watched is beside.

Limits of memory and cpu, and the image, are recorded with the spec and not enforced: local processes are for one
machine and the people who own it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from reconciler.adapters.place import local_place
from reconciler.adapters.process_adoption import Found, find, running_pid
from reconciler.adapters.process_connections import ConfigError, Connection
from reconciler.adapters.process_journal import Journal
from reconciler.adapters.process_line import LAPSE
from reconciler.adapters.process_link import Command, keep_files_to_ourselves
from reconciler.adapters.process_living import Live
from reconciler.adapters.process_logs import LogLimits
from reconciler.adapters.process_outcome import add_posted, lost, running, stopped
from reconciler.adapters.process_reaper import Reaper
from reconciler.adapters.process_records import (
    NEVER,
    BadAttemptId,
    Folder,
    claim,
    claimed_by,
    folder_of,
    is_alive,
    mark,
    read_record,
    this_writer,
    time_of,
)
from reconciler.adapters.process_services import Readiness, check_ports
from reconciler.adapters.process_signals import kill_strays, signal_group
from reconciler.adapters.process_slots import Slots
from reconciler.adapters.process_start import Surroundings
from reconciler.engine.model import AttemptPaths, AttemptSpec, Observed, Performed
from reconciler.errors import Stalled, Waiting
from reconciler.flows.model import Json
from reconciler.plan.encoding import decode, encode
from reconciler.ports import Clock
from reconciler.records import AttemptRow, Lease

GRACE = 10.0  # seconds between TERM and KILL
AGAIN = 0.5  # seconds until a start that found no slot is tried again, unless its run is woken before


class ProcessExecutor:
    """Implements `ports.Executor`. `report` stores observations; `wake` is told the runs that may start again,
    `room` is called when slots came free, which a run that no place has taken yet may use.

    `checkout(repository, sha)` gives the directory of a commit's tree; `token_for(attempt)` what an op may call back
    with, at `api_address`. `slots` is the number of jobs at a time (default: one per CPU); services take none.
    """

    def __init__(
        self,
        data_dir: Path,
        report: Callable[[Sequence[Observed]], None],
        clock: Clock,
        checkout: Callable[[str, str], str],
        token_for: Callable[[str], str],
        api_address: Callable[[], str] | str = "",
        connections: Mapping[str, Connection] | None = None,
        slots: int | None = None,
        wake: Callable[[Sequence[str]], None] | None = None,
        room: Callable[[], None] | None = None,
        host: str = "",
        grace: float = GRACE,
        logs: LogLimits | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.place = local_place(data_dir, host)
        self._root = str(self.data_dir)
        self._clock = clock
        self._surroundings = Surroundings(connections or {}, checkout, token_for, api_address)
        self._grace = grace
        self._writer = this_writer()
        self._spawning: list[str] = []  # by whichever threads: an attempt is there once for each
        self._posting = threading.Lock()
        os.makedirs(f"{self._root}/attempts", mode=0o700, exist_ok=True)
        self._journal = Journal(f"{self._root}/started")
        keep_files_to_ourselves()
        self._reaper = Reaper(report, self._ended, clock, logs or LogLimits(), f"{self._root}/supervisor.log")
        self._slots = Slots(slots or os.cpu_count() or 1, self._reaper.living, clock, wake, room)
        self._reaper.open()
        self._readiness = Readiness(self._reaper.tell, clock)
        self._offer_again()

    def close(self) -> None:
        """Stop watching; what runs goes on, and is adopted by `resume` of the next one."""
        self._readiness.close()
        self._reaper.close()
        self._journal.close()

    # --- ports.Executor -----------------------------------------------------------------------------------------------

    def paths(self, spec: AttemptSpec | str) -> AttemptPaths:
        """Where an attempt has its files. Pure."""
        folder = self._folder(spec if isinstance(spec, str) else spec.attempt)
        return AttemptPaths(folder.root, folder.artifacts, folder.outputs, folder.code)

    def free(self) -> int | None:
        """Slots that no job has now."""
        return self._slots.free

    def await_slot(self, run: str, wanted: bool) -> None:
        """Wake a run when its turn to take a slot has come."""
        if wanted:
            self._slots.wait_for(run)
        else:
            self._slots.leave(run)

    def start(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        """Start attempts; one that was claimed before is adopted and never started twice."""
        return [self._start(row, lease) for row in attempts]

    def stop(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        """TERM to the process groups now, KILL after the grace; what had ended before keeps its outcome."""
        return [self._stop(row, lease) for row in attempts]

    def look(self, attempts: Sequence[AttemptRow]) -> Sequence[Observed]:
        """What is known of attempts now; those that run are watched from here on."""
        return [observed for row in attempts if (observed := self._look(row)) is not None]

    def resume(self) -> None:
        """After a restart: watch what still runs and report what has ended or got lost meanwhile."""
        for attempt, noted in self._journal.open_attempts().items():
            folder, spec = self._folder(attempt), decode(noted, AttemptSpec)
            if claimed_by(folder) is not None:
                self._adopt(folder, spec, spec.run)
            else:  # never got as far as being claimed: its intent is performed anew
                self._journal.ended([attempt])

    def add_outputs(self, attempt: str, outputs: Mapping[str, Json]) -> None:
        """Merge what an op posted into its outputs; what it writes to its file wins over that.

        Raises ValueError with a sentence for outputs that cannot be taken, LookupError where it has no files here.
        """
        folder = self._folder(attempt)
        if claimed_by(folder) is None:
            raise LookupError(f"Attempt {attempt} has no files here.")
        with self._posting:
            add_posted(folder, outputs)

    # --- starting -----------------------------------------------------------------------------------------------------

    def _start(self, row: AttemptRow, lease: Lease) -> Performed:
        if self._reaper.living.get(row.id) is not None:
            return self._performed(row, "start", "done")
        try:
            folder = self._folder(row.id)
            if claimed_by(folder) is not None:
                return self._start_claimed(row, folder)
            if row.spec.kind != "service" and self.free() == 0:
                self.await_slot(row.run, wanted=True)
                return self._again(row, "start", "NoSlot", "Every slot of this machine is taken.", AGAIN)
            if row.spec.kind == "service":
                check_ports(row.spec)
            command = self._surroundings.prepare(row.spec, folder)
            if self._clock.monotonic() >= lease.deadline:
                return self._again(row, "start", "LeaseEnded", "The lease ended before the start.", 0.0)
            return self._spawn(row, folder, command)
        except (ConfigError, BadAttemptId) as error:
            return self._performed(row, "start", "refused", "ConfigError", str(error))
        except Stalled as error:
            return self._performed(row, "start", "refused", error.reason, error.message)
        except Waiting as error:
            return self._again(row, "start", error.reason, error.message, error.retry_after.total_seconds())
        except OSError as error:
            message = f"This machine could not start it: {error.strerror}."
            return self._again(row, "start", "CannotStart", message, 5.0)

    def _start_claimed(self, row: AttemptRow, folder: Folder) -> Performed:
        if claimed_by(folder) == NEVER:
            return self._performed(row, "start", "refused", "Stopped", "It was stopped before it was started.")
        found = self._adopt(folder, row.spec, row.run)
        if not found.supervised and found.final is None:
            return self._performed(row, "start", "unknown", "Starting", "Somebody starts it just now.", again_in=1.0)
        return self._performed(row, "start", "done")

    def _spawn(self, row: AttemptRow, folder: Folder, command: Command) -> Performed:
        self._reaper.prepare()
        self._journal.began(row.id, encode(row.spec))
        self._spawning.append(row.id)
        try:
            claimed = claim(folder, self._writer)
            if claimed:
                self._reaper.run(self._live(folder, row.spec, row.run), command)
                self._slots.leave(row.run)
        finally:
            self._spawning.remove(row.id)
        return self._performed(row, "start", "done") if claimed else self._start_claimed(row, folder)

    # --- watching -----------------------------------------------------------------------------------------------------

    def _live(self, folder: Folder, spec: AttemptSpec, run: str) -> Live:
        live = Live(folder, run, spec.kind, self._grace)
        if spec.kind == "service":
            self._readiness.add(live, spec, lambda: self._surroundings.environment(spec, folder))
        return live

    def _adopt(self, folder: Folder, spec: AttemptSpec, run: str) -> Found:
        """Watch it if it runs, report its end if it has ended."""
        found = find(folder, self._clock.now(), self._may_start)
        if found.supervised:
            live = self._live(folder, spec, run)
            self._reaper.watch(live)
            asked_at = time_of(folder.stop)
            if asked_at is not None:
                left = asked_at + live.grace - self._clock.now()  # more than all of it where the clock was set back
                self._reaper.kill_after(min(max(0.0, left), live.grace), live)
        if found.abandoned:
            kill_strays([folder])
        if found.final is not None:
            self._reaper.tell(found.final)
        return found

    def _may_start(self, writer: str, attempt: str) -> bool:
        """Whether the writer of a claim may still hand it to a supervisor."""
        if writer != self._writer:
            return is_alive(writer)
        # In this order: it comes from the one to the other.
        return attempt in self._spawning or self._reaper.living.get(attempt) is not None

    def _look(self, row: AttemptRow) -> Observed | None:
        live = self._reaper.living.get(row.id)
        if live is not None:
            return running(row.id, live.started_at) if live.started_at is not None else None
        folder = self._folder(row.id)
        if claimed_by(folder) is None:
            return self._look_unclaimed(row, folder)
        found = self._adopt(folder, row.spec, row.run)
        return found.final

    def _look_unclaimed(self, row: AttemptRow, folder: Folder) -> Observed | None:
        """It was started as far as the store knows, and there is no trace of it: its files are gone."""
        if row.phase not in ("started", "stopping", "unknown") or not self._never(folder):
            return None
        now = self._clock.now()
        return stopped(row.id, now, None) if row.wanted == "stop" else lost(row.id, now)

    def _ended(self, attempts: Sequence[str]) -> None:
        with suppress(OSError):  # a full disk: the next start looks at them once more, and changes nothing
            self._journal.ended(attempts)
        self._slots.came_free()

    def _offer_again(self) -> None:
        """Slots that were left to a run that did not come."""
        self._slots.offer()
        self._reaper.do_after(LAPSE, self._offer_again)

    # --- stopping -----------------------------------------------------------------------------------------------------

    def _stop(self, row: AttemptRow, lease: Lease) -> Performed:
        if self._clock.monotonic() >= lease.deadline:
            return self._again(row, "stop", "LeaseEnded", "The lease ended before the stop.", 0.0)
        try:
            folder = self._folder(row.id)
            record = None if self._never(folder) else read_record(folder)
            if record is None or record.writer == NEVER:
                self._reaper.tell(stopped(row.id, self._clock.now(), None))
            elif record.exit is None or self._reaper.living.get(row.id) is None:
                self._stop_claimed(row, folder)
        except (OSError, BadAttemptId) as error:
            return self._again(row, "stop", "CannotStop", f"It could not be stopped: {error}.", 5.0)
        return self._performed(row, "stop", "done")

    def _stop_claimed(self, row: AttemptRow, folder: Folder) -> None:
        record = read_record(folder)
        if record is None or record.exit is None:
            mark(folder.stop)  # before the process id is read: a supervisor that writes it later sees the mark
        live = self._reaper.living.get(row.id)
        if live is None:
            self._adopt(folder, row.spec, row.run)  # sees the mark, and has it killed after its grace
        else:
            self._reaper.kill_after(live.grace, live)
        record = read_record(folder)
        pid = running_pid(record) if record is not None else None
        if pid is not None:
            signal_group(pid, signal.SIGTERM)

    def _never(self, folder: Folder) -> bool:
        """Claim it for nobody, so that it can never start; False if it was claimed before."""
        os.makedirs(folder.root, exist_ok=True)
        return claim(folder, NEVER)

    def has_room(self) -> bool:
        """Whether a slot is free."""
        return self._slots.free > 0

    def living(self) -> Sequence[str]:
        """Ids of the attempts that are watched now."""
        return [live.folder.attempt for live in self._reaper.living.all()]

    def abandon(self, attempts: Sequence[AttemptRow]) -> None:
        """End what runs for attempts that were given up: their work is done elsewhere."""
        for row in attempts:
            self._stop_claimed(row, self._folder(row.id))

    def hurry(self) -> None:
        """KILL now what was asked to end: somebody does not want to wait for the grace."""
        for live in self._reaper.living.all():
            if not live.killing and time_of(live.folder.stop) is not None:
                self._reaper.kill_after(0.0, live)

    # --- words --------------------------------------------------------------------------------------------------------

    def _folder(self, attempt: str) -> Folder:
        return folder_of(self._root, attempt)

    def _performed(
        self,
        row: AttemptRow,
        verb: str,
        outcome: str,
        reason: str = "",
        message: str = "",
        again_in: float | None = None,
    ) -> Performed:
        now = self._clock.now()
        again_at = None if again_in is None else now + again_in
        return Performed(row.id, verb, outcome, now, reason, message, again_at)

    def _again(self, row: AttemptRow, verb: str, reason: str, message: str, seconds: float) -> Performed:
        return self._performed(row, verb, "again", reason, message, again_in=seconds)
