"""The whole examination, in the order in which causes come before what follows from them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from console.config import Config
from console.data_lock import service_runs
from console.doctor.connections import examine_connections
from console.doctor.data_directory import examine_data_directory, examine_loss, examine_service
from console.doctor.flows import LONG, judge_checks, judge_flows, judge_requests
from console.doctor.keys import judge_keys
from console.doctor.machine import examine_machine
from console.doctor.model import Examined
from console.doctor.repositories import examine_repositories
from console.lease_owners import is_gone
from reconciler.adapters.github_names import is_github
from reconciler.adapters.place import local_place
from reconciler.errors import ReconcileError
from reconciler.ports import Clock

if TYPE_CHECKING:
    from reconciler.adapters.sql.condition import OpenedToRead


def examine(config: Config, clock: Clock) -> Iterator[Examined]:
    """Everything that an operator would have to look at by hand; nothing is made, moved or mended."""
    yield from examine_machine()
    yield from examine_data_directory(config)
    yield from examine_service(config)
    yield from examine_connections(config.connections.values())
    paths = {name: str(path.resolve()) for name, path in config.repositories.items()}
    lost = list(examine_loss(config))
    yield from lost
    if not lost and (config.database or _has_file(config)):
        yield from _examine_database(config, clock, paths)
    else:
        yield from examine_repositories(config.data_dir, paths)


def _has_file(config: Config) -> bool:
    try:
        return Path(config.store).exists()
    except OSError:
        return True  # that it cannot be looked at is found out by reading it


def _examine_database(config: Config, clock: Clock, paths: dict[str, str]) -> Iterator[Examined]:
    """The database and the repositories it knows; what it tells of the rest, if it can be read."""
    from console.doctor.database import examine_holder, judge_database, out_of_reach  # SQLAlchemy takes a while to load
    from reconciler.adapters.sql.condition import OpenedToRead, shown_address

    where = ""
    try:
        where = shown_address(config.store)
        yield from examine_holder(config.store)
        with closing(OpenedToRead(config.store, clock)) as opened:
            found = opened.condition()
            yield from judge_database(found, where, time.time())
            rows = opened.store.repositories() if found.usable else ()
            known = {row.name: row.source for row in rows if not is_github(row.source)}
            yield from examine_repositories(config.data_dir, known | paths)
            if found.usable:
                yield from _examine_records(config, opened, found.now)
    except ReconcileError as error:
        yield out_of_reach(error, where)


def _examine_records(config: Config, opened: OpenedToRead, now: float) -> Iterator[Examined]:
    """What the rows say of each other and of this machine."""
    works = _works(config)
    yield from judge_keys(opened.queue(), now, works, partial(is_gone, local_place(config.data_dir)))
    yield from judge_flows(opened.store.repositories(), opened.store.flows())
    yield from judge_checks(opened.unposted(now - LONG), now, works)
    yield from judge_requests(opened.unanswered(now - LONG), now, works)
    from console.doctor.attempts import examine_attempts

    yield from examine_attempts(opened, config.data_dir, now, works)


def _works(config: Config) -> bool:
    """Whether somebody takes keys; of a shared database the service of this place is the one we can know of."""
    try:
        return service_runs(config.data_dir)
    except OSError:
        return False
