"""Copies of a SQLite file: one of this moment while others write to it, and one that is put in a file's place."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from reconciler.adapters.sql.condition import to_read
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.engines import address_of

LOGS = ("-wal", "-shm")  # what SQLite keeps beside a file: beside another one it is poison


def file_of(url_or_path: str) -> Path | None:
    """The file of a database; None for one on a server. Raises Stalled for an address that we cannot speak to."""
    address = address_of(url_or_path)
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None


def copy_file(file: Path, target: Path) -> None:
    """Write what is committed now to a new file (0600) that has no log, however many read and write meanwhile.

    Raises OSError, FileExistsError where something is already, Waiting and Stalled for a file that cannot be read.
    """
    made = target.with_name(f".{target.name}.{os.getpid()}")
    address = address_of(str(file))
    writable = os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
    try:
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # SQLite's own would be open to all
        with closing(Database(address if writable else to_read(address))) as database, database.read() as connection:
            connection.execute(text("VACUUM INTO :made"), {"made": str(made)})
        _end_sessions(made)
        _settle(made)
        _name(made, target)
    finally:
        made.unlink(missing_ok=True)
    _settle(target.parent)


def _end_sessions(made: Path) -> None:
    """Nobody who signs out after a copy was made is signed in again by putting it back."""
    try:
        with closing(sqlite3.connect(made)) as connection, connection:
            connection.execute("PRAGMA secure_delete = ON")
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sessions'").fetchone():
                connection.execute("DELETE FROM sessions")
    except sqlite3.Error as error:
        raise OSError(errno.EIO, str(error), str(made)) from error


def put_file(copy: Path, file: Path, aside: Path) -> None:
    """Move a copy to its place; what was there goes to `aside`, log first. At no moment is there no database."""
    there = [one for one in (*logs_of(file), file) if one.exists()]
    if there:
        aside.mkdir()
    for one in there:
        kept = aside / one.name
        if one == file:
            os.link(one, kept)
        else:
            one.rename(kept)
    copy.rename(file)
    _settle(file.parent)


def logs_of(file: Path) -> list[Path]:
    """Where SQLite keeps what is not yet in the file."""
    return [file.with_name(f"{file.name}{suffix}") for suffix in LOGS]


def _name(made: Path, target: Path) -> None:
    """Exclusively, where the disk knows a way; a stick for backups may not know links."""
    try:
        os.link(made, target)
    except FileExistsError:
        raise
    except OSError:
        made.rename(target)


def _settle(place: Path) -> None:
    """It stands after a power cut too."""
    fd = os.open(place, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
