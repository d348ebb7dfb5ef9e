"""Backups of a place: its database as of one moment, and the files that nobody can fetch again."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from console.config import Config
from console.data_lock import ServiceRuns, lock
from console.failures import AWAY, NO, Failure
from console.lost_database import refuse_lost
from console.opening import failure_of
from reconciler.adapters.place import local_place
from reconciler.adapters.process_condition import attempt_folders
from reconciler.adapters.process_copies import copy_attempts
from reconciler.adapters.sql.condition import NEWEST, Condition, OpenedToRead
from reconciler.adapters.sql.copying import copy_file, file_of, logs_of, put_file
from reconciler.adapters.system_clock import SystemClock
from reconciler.errors import ReconcileError, Stalled, Waiting

DATABASE = "headgate.db"
_SIGNING = "callback.secret"  # the key that signs the tokens of ops
_MARK = "place"  # a service with another one takes the place that the database speaks of for somebody else's
_DUMP = "Its records are on a server: `pg_dump --format=custom` copies them, `pg_restore` brings them back."


@dataclass(frozen=True, slots=True)
class Restored:
    """What a place has now. `unknown`: attempts with files here of which the database knows nothing."""

    found: Condition | None  # of the database; None: it is on a server
    attempts: int  # whose files came back
    unknown: int
    places: tuple[str, ...]  # other ones that runs of the database belong to
    aside: Path | None  # where the database went that was here


def back_up(config: Config, target: Path, only_database: bool) -> int:
    """Make a directory with all of a place, or a file with its database alone. How many attempts were copied.

    The database comes first: whatever it speaks of has files, and they are still there when they are copied. Raises
    Failure.
    """
    if os.path.lexists(target):
        raise Failure("backup-there", f"{target} is there already.", do="Name a new one: nothing is overwritten.")
    if not target.absolute().parent.is_dir():
        raise Failure("backup-parent", f"{target.absolute().parent} is not a folder.", do="Make it first.")
    try:
        refuse_lost(config)
    except Stalled as error:
        raise failure_of(error) from None
    with _told():
        file = file_of(config.store)
        if only_database and file is None:
            raise Failure("backup-server", "There is no database file here.", do=_DUMP)
        if file is not None and not file.exists():
            do = "Give --data-dir or --config of the service."
            raise Failure("no-data", f"There is nothing in {config.data_dir} yet.", do=do, exit_code=AWAY)
        if only_database and file is not None:
            copy_file(file, target)
            return 0
        return _whole(config.data_dir, file, target)


def _whole(data_dir: Path, file: Path | None, target: Path) -> int:
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.absolute().parent))
    try:
        if file is not None:
            copy_file(file, made / DATABASE)
        _copy_small(data_dir, made, file is not None)
        copied = copy_attempts(data_dir, made)
        made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return copied


def restore(config: Config, source: Path, replace: bool) -> Restored:
    """Put a backup in its place while no service works there. Raises Failure, and has changed nothing then."""
    copy = source / DATABASE if source.is_dir() else source
    if not copy.exists() and not (source / "attempts").is_dir():
        raise Failure("backup-missing", f"{source} is no backup.", do="Name what `headgate backup` has made.")
    with _told(), _alone(config.data_dir):
        file = file_of(config.store)
        if file is not None and not copy.exists():
            raise Failure("backup-missing", f"{source} has no database.", do=f"Name a backup with {DATABASE}.")
        aside = _put(copy, file, replace) if file is not None else None
        if source.is_dir():
            _copy_small(source, config.data_dir, file is not None)
        attempts = copy_attempts(source, config.data_dir) if source.is_dir() else 0
        return _told_of(config, file, attempts, aside)


def _put(copy: Path, file: Path, replace: bool) -> Path | None:
    """Where what was there is now."""
    there = [one for one in (file, *logs_of(file)) if one.exists()]
    if there and not replace:
        do = "With --replace it is set aside, and nothing of it is lost."
        raise Failure("database-there", f"{there[0]} is there already.", do=do)
    _examine(copy)
    made = file.with_name(f".{file.name}.restoring")
    made.unlink(missing_ok=True)
    copy_file(copy, made)
    aside = file.with_name(time.strftime("replaced-%Y%m%d-%H%M%S", time.gmtime()))
    put_file(made, file, aside)
    return aside if there else None


def _examine(copy: Path) -> None:
    """Raises Failure for what cannot be the database of a service."""
    if not copy.stat().st_size:
        raise Failure("backup-empty", f"{copy} is empty.", do="Take another backup. Nothing was changed.")
    with closing(OpenedToRead(str(copy), SystemClock())) as opened:
        found = opened.condition()
    if found.faults:
        do = "Take another backup. Nothing was changed."
        raise Failure("backup-damaged", f"{copy} is damaged: {found.faults[0]}.", do=do, exit_code=NO)
    if found.schema is None:
        raise Failure("backup-empty", f"{copy} has no tables.", do="Take another backup. Nothing was changed.")
    if not found.usable and found.schema > NEWEST:
        what = f"{copy} has schema {found.schema}; this release knows {NEWEST}."
        raise Failure("backup-newer", what, do="Install the release that made it. Nothing was changed.")


def _told_of(config: Config, file: Path | None, attempts: int, aside: Path | None) -> Restored:
    if file is None:
        return Restored(None, attempts, 0, (), None)
    with closing(OpenedToRead(str(file), SystemClock())) as opened:
        found, there = opened.condition(), set(attempt_folders(config.data_dir))
        unknown = there - opened.known_attempts(there)
        places = opened.store.places() if found.schema == NEWEST else ()
        others = (row.name for row in places if row.name != local_place(config.data_dir) and not row.given_up_at)
        return Restored(found, attempts, len(unknown), tuple(others), aside)


def _copy_small(source: Path, target: Path, with_mark: bool) -> None:
    """What is its owner's alone; of a shared database the mark stays with the machine, which may yet return."""
    for name in (_SIGNING, _MARK) if with_mark else (_SIGNING,):
        if (source / name).exists() and not (target / name).exists():
            with open(os.open(target / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as made:
                made.write((source / name).read_bytes())


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """No service works on the data directory, and none begins to."""
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        held = lock(data_dir, passing=True)
    except ServiceRuns as error:
        raise Failure("service-runs", str(error), do="Stop it first, or choose another --data-dir.") from None
    with closing(held):
        yield


@contextmanager
def _told() -> Iterator[None]:
    """What a database or a disk has against it, as the failure of a command."""
    try:
        yield
    except ReconcileError as error:
        code = AWAY if isinstance(error, Waiting) else NO
        raise Failure("backup-unreadable", error.message, do="Nothing was changed.", exit_code=code) from None
