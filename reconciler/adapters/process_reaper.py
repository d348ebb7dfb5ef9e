"""The thread that watches living attempts: it tells in batches who runs and who has ended. It decides nothing."""

from __future__ import annotations

import heapq
import itertools
import os
import select
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from reconciler.adapters.process_adoption import without_record
from reconciler.adapters.process_logs import LogLimits, rotate
from reconciler.adapters.process_outcome import ended
from reconciler.adapters.process_records import Folder, exit_record, mark, started_at
from reconciler.adapters.process_supervisor import kill_session, kill_strays, signal_group
from reconciler.engine.model import FINAL, Observed, Status
from reconciler.ports import Clock, ReconcileError

BATCH = 0.003  # seconds to wait for more before telling: a commit costs as much
FIRST_LOOK = 0.03  # seconds after which an op that still runs is told of
RETRY = 1.0  # seconds until observations that could not be stored are tried again
LAST = 2.0  # seconds for a report at hand when it closes; one that was not stored is made again by the next start
ROUND = 2.0  # seconds between looks at log sizes and at the kernel's count of killed processes


@dataclass(slots=True)
class Live:
    """A supervisor that runs, as the executor knows it. `own`: our child, which we reap."""

    folder: Folder
    run: str
    kind: str
    with_init: bool
    pid: int
    own: bool
    grace: float
    pidfd: int = -1
    started_at: float | None = None
    killing: bool = False
    over: bool = False


@dataclass(slots=True)
class Reaper:
    """Watches and tells. `report` stores observations (it may raise ReconcileError: tried again); `ended` hears of
    attempts that are over, after that was stored."""

    report: Callable[[Sequence[Observed]], None]
    ended: Callable[[Sequence[str]], None]
    clock: Clock
    logs: LogLimits
    _live: dict[str, Live] = field(default_factory=dict)
    _by_fd: dict[int, Live] = field(default_factory=dict)
    _told: list[Observed] = field(default_factory=list)  # by other threads, to be reported
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: itertools.count[int] = field(default_factory=itertools.count)
    _epoll: select.epoll = field(default_factory=select.epoll)
    _bell: int = -1
    _thread: threading.Thread | None = None
    _closed: bool = False
    _oom_kills: int = 0
    _not_before: float = 0.0  # observations could not be stored: not again before this

    def open(self) -> None:
        """Start the thread."""
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._epoll.register(self._bell, select.EPOLLIN)
        self._oom_kills = oom_kills()
        self.after(ROUND, self._round)
        self._begin()

    def close(self) -> None:
        """End the thread; what runs goes on."""
        if self._closed:
            return
        self._closed = True
        os.eventfd_write(self._bell, 1)
        if self._thread is not None:
            self._thread.join(timeout=LAST)
        for live in self._by_fd.values():
            os.close(live.pidfd)
        self._epoll.close()
        os.close(self._bell)

    def watch(self, live: Live) -> None:
        """Tell when it runs and when it ends. Raises ProcessLookupError if the process is gone and not our child."""
        live.pidfd = os.pidfd_open(live.pid)
        with self._lock:
            self._live[live.folder.attempt] = live
            self._by_fd[live.pidfd] = live
        self.after(FIRST_LOOK, lambda: self._say_running(live, FIRST_LOOK))
        self._epoll.register(live.pidfd, select.EPOLLIN)

    def tell(self, observed: Observed) -> None:
        """Report something that another thread found out."""
        with self._lock:
            self._told.append(observed)
        self._ring()

    def live(self, attempt: str) -> Live | None:
        """The attempt, if its supervisor is watched."""
        return self._live.get(attempt)

    def all(self) -> Sequence[Live]:
        """Every attempt that is watched."""
        with self._lock:
            return list(self._live.values())

    def jobs(self) -> int:
        """How many jobs are watched; services take no slot."""
        with self._lock:
            return sum(1 for live in self._live.values() if live.kind != "service")

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something on the thread, later."""
        due = (self.clock.monotonic() + seconds, next(self._count), act)
        with self._lock:
            heapq.heappush(self._due, due)
            is_next = self._due[0] is due
        if is_next:
            self._ring()

    def kill_after(self, seconds: float, live: Live) -> None:
        """KILL what is left of an attempt after its grace; its supervisor last, as it writes the exit record."""
        self.after(seconds, lambda: self._kill(live))

    # --- on the thread ------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        for fd in list(self._by_fd):
            with suppress(FileExistsError):
                self._epoll.register(fd, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._closed:
                self._turn()
        finally:
            if not self._closed:  # a bug: it is printed, and the ops that run are still watched
                restart = threading.Timer(RETRY, self._begin)
                restart.daemon = True
                restart.start()

    def _turn(self) -> None:
        self._act_on_due()
        gone = self._poll(self._patience())
        if gone or self._told:
            gone += self._poll(BATCH)
        if gone:
            self._finish(gone)
        if self.clock.monotonic() >= self._not_before:
            self._flush()

    def _patience(self) -> float:
        with self._lock:
            due = self._due[0][0] if self._due else self.clock.monotonic() + ROUND
            return max(0.0, min(due, self._not_before if self._told else due) - self.clock.monotonic())

    def _poll(self, seconds: float) -> list[Live]:
        gone = []
        for fd, _ in self._epoll.poll(seconds, 1024):
            live = self._by_fd.get(fd)
            if live is not None:
                self._epoll.unregister(fd)
                gone.append(live)
            elif fd == self._bell:
                with suppress(BlockingIOError):
                    os.eventfd_read(self._bell)
        return gone

    def _act_on_due(self) -> None:
        now = self.clock.monotonic()
        while True:
            with self._lock:
                if not self._due or self._due[0][0] > now:
                    return
                act = heapq.heappop(self._due)[2]
            act()

    def _finish(self, gone: Sequence[Live]) -> None:
        strays = [live.folder.attempt for live in gone if not live.own or live.killing]
        kill_strays(strays)
        finals = [self._final(live) for live in gone]
        with self._lock:
            for live in gone:
                self._live.pop(live.folder.attempt, None)
                self._by_fd.pop(live.pidfd, None)
            self._told += finals
        for live in gone:
            os.close(live.pidfd)

    def _final(self, live: Live) -> Observed:
        live.over = True
        if live.own:
            signal_group(live.pid, signal.SIGKILL)  # what it left behind; its pid is ours until it is reaped
            with suppress(ChildProcessError):
                os.waitpid(live.pid, 0)
        try:
            return self._read_final(live)
        except OSError as error:  # a full or broken disk, or the op has deleted its own directory
            message = f"Its records cannot be read: {error.strerror}."
            return Observed(live.folder.attempt, Status.FAILED, self.clock.now(), "NodeLost", message, disruption=True)

    def _read_final(self, live: Live) -> Observed:
        record = exit_record(live.folder)
        began = live.started_at or started_at(live.folder, live.with_init)
        if record is not None:
            return ended(live.folder, record, began, oom=record.code == 137 and self._was_out_of_memory())
        mark(live.folder.lost)
        return without_record(live.folder, live.with_init, self.clock.now())

    def _flush(self) -> None:
        with self._lock:
            batch = list(self._told)
        if not batch:
            return
        try:
            self.report(batch)
        except ReconcileError:
            self._not_before = self.clock.monotonic() + RETRY
            return
        with self._lock:
            del self._told[: len(batch)]
        finals = [observed.attempt for observed in batch if observed.status in FINAL]
        self.ended(finals)

    def _say_running(self, live: Live, waited: float) -> None:
        if self._live.get(live.folder.attempt) is not live or live.started_at is not None:
            return
        live.started_at = started_at(live.folder, live.with_init)
        if live.started_at is None:
            self.after(min(waited * 2, 1.0), lambda: self._say_running(live, waited * 2))
            return
        with self._lock:
            self._told.append(running(live.folder.attempt, live.started_at))

    def _kill(self, live: Live) -> None:
        if self._live.get(live.folder.attempt) is not live:
            return
        if live.killing:
            signal_group(live.pid, signal.SIGKILL)
        else:
            kill_session(live.pid)
        live.killing = True
        self.kill_after(2.0, live)

    def _round(self) -> None:
        with suppress(OSError):  # a full disk, too many open files: it is looked at again
            for live in list(self._live.values()):
                rotate(live.folder, self.logs)
            self._oom_kills = oom_kills()
        self.after(ROUND, self._round)

    def _was_out_of_memory(self) -> bool:
        return oom_kills() > self._oom_kills

    def _ring(self) -> None:
        if not self._closed and threading.current_thread() is not self._thread:
            os.eventfd_write(self._bell, 1)


def running(attempt: str, started_at: float) -> Observed:
    """It runs since then."""
    return Observed(attempt, Status.RUNNING, started_at, started_at=started_at)


def oom_kills() -> int:
    """How many processes this kernel has killed for want of memory (proc(5), vmstat)."""
    with open("/proc/vmstat") as file:
        line = next((line for line in file if line.startswith("oom_kill ")), "oom_kill 0")
    return int(line.split()[1])
