"""The thread that watches living attempts: it tells in batches who runs and who has ended. It decides nothing."""

from __future__ import annotations

import errno
import os
import select
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from reconciler.adapters.process_adoption import give_up, running_pid
from reconciler.adapters.process_link import Command, Link
from reconciler.adapters.process_living import Live, Living
from reconciler.adapters.process_logs import LogLimits, rotate
from reconciler.adapters.process_outcome import ended, lost, running
from reconciler.adapters.process_records import is_alive, read_record
from reconciler.adapters.process_signals import kill_session, kill_strays, oom_kills, signal_group
from reconciler.adapters.process_timers import Timers
from reconciler.engine.model import FINAL, Observed, Status
from reconciler.errors import ReconcileError
from reconciler.ports import Clock

BATCH = 0.003  # seconds to wait for more before telling: a commit costs as much
FIRST_LOOK = 0.03  # seconds after which an op that still runs is told of
SOON = 0.002  # seconds from the end of a process to its exit record, mostly
RETRY = 1.0  # seconds until observations that could not be stored are tried again
LAST = 2.0  # seconds for a report at hand when it closes; one that was not stored is made again by the next start
ROUND = 2.0  # seconds between looks at all that lives, and at the kernel's count of killed processes
PASSES = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT)  # with time


@dataclass(slots=True)
class Reaper:
    """Watches and tells. `report` stores observations (it may raise ReconcileError: tried again); `ended` hears of
    attempts that are over, after that was stored."""

    report: Callable[[Sequence[Observed]], None]
    ended: Callable[[Sequence[str]], None]
    clock: Clock
    logs: LogLimits
    words: str  # file of what a supervisor says, which only a fault makes it do
    living: Living = field(default_factory=Living)
    _link: Link | None = None
    _left: list[Link] = field(default_factory=list)  # of supervisors that are gone, or slow, and given up
    _by_fd: dict[int, Live] = field(default_factory=dict)
    _told: list[Observed] = field(default_factory=list)  # by other threads, to be reported
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _epoll: select.epoll = field(default_factory=select.epoll)
    _bell: int = -1
    _thread: threading.Thread | None = None
    _closed: bool = False
    _oom_kills: int = 0
    _not_before: float = 0.0  # observations could not be stored: not again before this
    _timers: Timers = field(init=False)

    def __post_init__(self) -> None:
        self._timers = Timers(self.clock, self._ring)

    def open(self) -> None:
        """Start the thread."""
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._epoll.register(self._bell, select.EPOLLIN)
        self._oom_kills = oom_kills()
        self._timers.add(ROUND, self._round)
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
        if self._link is not None:
            self._link.close(wait=not any(live.link for live in self.living.all()))
        self._epoll.close()
        os.close(self._bell)

    def prepare(self) -> None:
        """Have a supervisor at hand. Raises OSError."""
        with self._lock:
            if self._link is None:
                self._link = Link(self.words)
                self._epoll.register(self._link.fd, select.EPOLLIN)

    def run(self, live: Live, command: Command) -> None:
        """Have it supervised, and tell when it runs and when it ends."""
        with self._lock:
            live.link = self._link
            self.living.add(live)
        if live.link is None:  # it died since it was at hand: the attempt was handed to nobody
            self._timers.add(0.0, lambda: self._look_at([live], SOON))
            return
        self._timers.add(FIRST_LOOK, lambda: self._say_running(live, FIRST_LOOK))
        live.link.send(live.folder.root, command)

    def watch(self, live: Live) -> None:
        """Tell when it ends, of one that is supervised already."""
        self.living.add(live)
        self._timers.add(0.0, lambda: self._look_at([live], SOON))
        self._timers.add(FIRST_LOOK, lambda: self._say_running(live, FIRST_LOOK))

    def tell(self, observed: Observed) -> None:
        """Report something that another thread found out."""
        with self._lock:
            self._told.append(observed)
        self._ring()

    def do_after(self, seconds: float, act: Callable[[], None]) -> None:
        """Have something done on the thread that watches."""
        self._timers.add(seconds, act)

    def kill_after(self, seconds: float, live: Live) -> None:
        """KILL what is left of an attempt after its grace; its supervisor last, as it writes the exit record."""
        self._timers.add(seconds, lambda: self._kill(live))

    # --- on the thread ------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
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
        self._timers.act()
        gone = self._poll(self._patience())
        if gone or self._told:
            gone += self._poll(BATCH)
        if gone:
            self._finish(gone)
        if self.clock.monotonic() >= self._not_before:
            self._flush()

    def _patience(self) -> float:
        now = self.clock.monotonic()
        due = self._timers.next_at() or now + ROUND
        return max(0.0, min(due, self._not_before if self._told else due) - now)

    def _poll(self, seconds: float) -> list[Live]:
        gone: list[Live] = []
        for fd, _ in self._epoll.poll(seconds, 1024):
            if fd == self._bell:
                with suppress(BlockingIOError):
                    os.eventfd_read(self._bell)
            elif self._link is not None and fd == self._link.fd:
                gone += self._hear(self._link)
            elif fd in self._by_fd:
                self._look_at([self._let_go(self._by_fd[fd])], SOON)
        return gone

    def _hear(self, link: Link) -> list[Live]:
        ended = link.hear()
        if ended is not None:
            return [live for attempt in ended if (live := self.living.get(attempt)) is not None]
        self._epoll.unregister(link.fd)
        with self._lock:
            self._link = None
            orphans = [live for live in self.living.all() if live.link is link]
        for live in orphans:
            live.link = None
        self._left.append(link)
        self._look_at(orphans, SOON)
        return []

    def _look_at(self, lives: Sequence[Live], again_in: float) -> None:
        """Attempts whose supervisor does not tell us how they end: their files do."""
        lives = [live for live in lives if live in self.living and live.link is None]
        over = [live for live in lives if not self._wait_for(live)]
        self._finish(over)
        still = [live for live in lives if live.pidfd < 0 and not live.over]
        if still:
            self._timers.add(again_in, lambda: self._look_at(still, min(again_in * 2, 1.0)))

    def _wait_for(self, live: Live) -> bool:
        """Whether it still runs; its process is watched then, as soon as there is one."""
        try:
            record = read_record(live.folder)
            if record is None or record.exit is not None:
                return False
            if record.supervisor is None or not is_alive(record.supervisor):
                return give_up(live.folder, self.clock.now()).supervised
        except OSError as error:
            return error.errno in PASSES
        if live.pidfd < 0 and (pid := running_pid(record)) is not None:
            with suppress(ProcessLookupError):
                live.pidfd = os.pidfd_open(pid)
                self._by_fd[live.pidfd] = live
                self._epoll.register(live.pidfd, select.EPOLLIN)
        return True

    def _is_over(self, live: Live) -> bool:
        if live not in self.living:
            return False
        if live.link is None:
            return not self._wait_for(live)
        record = read_record(live.folder)
        return record is not None and record.exit is not None

    def _let_go(self, live: Live) -> Live:
        if live.pidfd >= 0:
            del self._by_fd[live.pidfd]
            os.close(live.pidfd)
            live.pidfd = -1
        return live

    def _finish(self, gone: Sequence[Live]) -> None:
        gone = [live for live in gone if not live.over]
        kill_strays([live.folder for live in gone if live.link is None or live.killing])
        finals = [self._final(self._let_go(live)) for live in gone]
        for live in gone:
            live.over = True
            self.living.drop(live)
        with self._lock:
            self._told += finals

    def _final(self, live: Live) -> Observed:
        try:
            return self._read_final(live)
        except OSError as error:  # a full or broken disk, or the op has deleted its own directory
            message = f"Its records cannot be read: {error.strerror}."
            return Observed(live.folder.attempt, Status.FAILED, self.clock.now(), "NodeLost", message, disruption=True)

    def _read_final(self, live: Live) -> Observed:
        record = read_record(live.folder)
        if record is not None and record.exit is not None:
            oom = record.exit.code == 137 and self._was_out_of_memory()
            return ended(live.folder, record.exit, record.started_at, oom)
        found = give_up(live.folder, self.clock.now())
        return found.final or lost(live.folder.attempt, self.clock.now())

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
        if live not in self.living or live.started_at is not None:
            return
        record = read_record(live.folder)
        if record is None or record.started_at is None:
            again = FIRST_LOOK if waited < 1.0 else 1.0  # `init` may take long
            self._timers.add(again, lambda: self._say_running(live, waited + again))
            return
        live.started_at = record.started_at
        with self._lock:
            self._told.append(running(live.folder.attempt, live.started_at))

    def _kill(self, live: Live) -> None:
        if live not in self.living:
            return
        record = read_record(live.folder)
        pid = running_pid(record) if record is not None else None
        live.killing = True
        if pid is not None:
            kill_session(pid)
            signal_group(pid, signal.SIGKILL)
        self.kill_after(2.0, live)

    def _round(self) -> None:
        self._timers.add(ROUND, self._round)
        self._left = [link for link in self._left if not link.is_over()]
        lives = self.living.all()
        with suppress(OSError):  # a full disk, too many open files: it is looked at again
            for live in lives:
                rotate(live.folder, self.logs)
            self._oom_kills = oom_kills()
            # Whoever should have told of an end, and whatever befell them: none is missed for longer than this.
            self._finish([live for live in lives if self._is_over(live)])

    def _was_out_of_memory(self) -> bool:
        return oom_kills() > self._oom_kills

    def _ring(self) -> None:
        if not self._closed and threading.current_thread() is not self._thread:
            os.eventfd_write(self._bell, 1)
