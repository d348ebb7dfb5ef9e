"""Opening a service or its store for a command: failures of the outside become failures of the command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from console.config import Config
from console.data_lock import ServiceRuns, service_runs
from console.failures import AWAY, USAGE, Failure
from console.lost_database import refuse_lost
from reconciler.adapters.sql_store import SqlStore, open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.errors import ReconcileError, Waiting

if TYPE_CHECKING:
    from console.service import Service


@contextmanager
def opened(config: Config, passing: bool = False) -> Iterator[Service]:
    """A started service, stopped at the end; a `passing` one is there for one run only. Raises Failure."""
    from console.service import Service  # brings the HTTP server, which commands that only read do not need

    try:
        service = Service(config, passing=passing)
    except ServiceRuns as error:
        raise Failure("service-runs", str(error), do="Stop it first, or choose another --data-dir.") from None
    except ReconcileError as error:
        raise failure_of(error) from None
    try:
        service.start()
        yield service
    except ReconcileError as error:
        raise failure_of(error) from None
    finally:
        service.stop()


@contextmanager
def store_of(config: Config) -> Iterator[SqlStore]:
    """The store of a data directory that exists; one that cannot be written here is read. Raises Failure."""
    try:
        refuse_lost(config)
        if not (service_runs(config.data_dir) or config.database or (config.data_dir / "headgate.db").exists()):
            do = "Start `headgate serve` or `headgate run` first, or give --data-dir."
            raise Failure("no-data", f"There is nothing in {config.data_dir} yet.", do=do, exit_code=AWAY)
        store = _to_read(config) if _only_readable(config) else open_store(config.store, SystemClock())
    except ReconcileError as error:
        raise failure_of(error) from None
    try:
        yield store
    except ReconcileError as error:
        raise failure_of(error) from None
    finally:
        store.close()


def _only_readable(config: Config) -> bool:
    """Whether its file is there and not for us to write: its disk is read-only, or it is somebody else's."""
    return not config.database and os.access(config.store, os.R_OK) and not os.access(config.store, os.W_OK)


def _to_read(config: Config) -> SqlStore:
    from reconciler.adapters.sql.condition import OpenedToRead

    opened = OpenedToRead(config.store, SystemClock())
    opened.check_current()
    return opened.store


def failure_of(error: ReconcileError) -> Failure:
    """What a person is told of it."""
    code = AWAY if isinstance(error, Waiting) else USAGE
    return Failure("store", error.message, do="`headgate doctor` tells more.", exit_code=code)
