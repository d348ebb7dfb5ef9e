"""A run that a command asked for, attended to its end: by a service that lasts, or by one of the command's own.

Nothing goes on unseen: Ctrl-C stops a run that no lasting service works on, and where the service of another command
ends, this command goes on with one of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from console.asking import ask, request_of
from console.config import Config
from console.data_lock import service_lasts, service_runs
from console.failures import INTERRUPTED, Failure
from console.following import LOOK, follow
from console.interrupts import Interrupts, interrupts
from console.opening import opened, store_of
from reconciler.adapters.sql_store import SqlStore
from reconciler.keys import RunKey
from reconciler.records import RunRow

if TYPE_CHECKING:
    from console.service import Service

LOOK_FOR_SERVICE = 0.5  # s between two looks whether somebody works on the data directory
ENDING = 15.0  # s for services of the run to end: TERM, the grace, KILL


@dataclass(slots=True)
class Attended:
    """A store, and who works on it."""

    config: Config
    store: SqlStore
    signals: Interrupts
    _stack: ExitStack
    _own: Service | None = None
    _found: tuple[str, ...] = ()  # runs that were under way when our service started
    _asked: bool = False
    _looked_at: float = field(default_factory=time.monotonic)

    def follow(self, run_id: str, progress: str) -> int:
        """Follow the run to its end; the command's exit code."""
        code = follow(self.store, run_id, progress, self.config.data_dir, lambda: self._look(run_id))
        self._end_services(run_id)
        self._tell_of_others(run_id)
        return INTERRUPTED if self.signals.count else code

    def _look(self, run_id: str) -> None:
        self._look_for_service()
        if self.signals.count:
            self._interrupted(run_id)

    def _look_for_service(self) -> None:
        now = time.monotonic()
        if self._own is None and now - self._looked_at > LOOK_FOR_SERVICE:
            self._looked_at = now
            if not service_runs(self.config.data_dir):
                self._own = _own(self.config, self._stack)

    def _interrupted(self, run_id: str) -> None:
        if self._own is None and (self.signals.count > 1 or service_lasts(self.config.data_dir)):
            raise Failure(
                "interrupted", f"The service goes on with run {run_id}.", do=f"End it with `headgate stop {run_id}`.",
                exit_code=INTERRUPTED,
            )  # fmt: skip
        if self.signals.count > 1 and self._own is not None:
            self._own.executor.hurry()
        if not self._asked and self.store.run(run_id) is not None:
            self._asked = True
            ask(self.store, request_of(RunKey(run_id), "stop", run_id, given_id=None), wait=False)
            click.echo("Stopping the run; its ops have a moment to end. Interrupt again to kill them.", err=True)

    def _end_services(self, run_id: str) -> None:
        """Services of a run end after it; while they do, somebody must be there."""
        row = self.store.run(run_id)
        if self._own is None or row is None or row.services != "run":
            return
        until, told = time.monotonic() + ENDING, False
        while self._services(row) and time.monotonic() < until:
            if not told and time.monotonic() > until - ENDING + 1.0:
                told = True
                click.echo("Waiting for the run's services to end.", err=True)
            if self.signals.count > 1:
                self._own.executor.hurry()
            time.sleep(LOOK)

    def _services(self, row: RunRow) -> bool:
        flow = row.state.flow
        return any(one.run == row.id for one in self.store.services(flow)) or bool(self.store.service_attempts(flow))

    def _tell_of_others(self, run_id: str) -> None:
        """Runs of a command that was killed were taken up by our service, which ends now."""
        live = {run.id for run in self.store.runs(live=True, limit=1000)} if self._own is not None else set()
        for other in self._found:
            if other in live and other != run_id:
                click.echo(
                    f"Run {other} was under way before and is not over. `headgate serve` goes on with it.", err=True
                )


@contextmanager
def attended(config: Config) -> Iterator[Attended]:
    """The data directory with somebody who works on it. Raises Failure."""
    with interrupts() as signals, ExitStack() as stack:
        service = None if service_runs(config.data_dir) else _own(config, stack)
        store = service.store if service is not None else stack.enter_context(store_of(config))
        found = tuple(run.id for run in service.found) if service is not None else ()
        yield Attended(config, store, signals, stack, service, found)


def _own(config: Config, stack: ExitStack) -> Service | None:
    """A service of our own, unless somebody else was faster."""
    try:
        return stack.enter_context(opened(config, passing=True))
    except Failure as failure:
        if failure.code != "service-runs":
            raise
        return None
