"""A database file that has nothing in it although ops ran beside it: not a new one, but one whose rows are lost."""

from __future__ import annotations

from pathlib import Path

from console.config import Config
from reconciler.adapters.process_condition import attempt_folders
from reconciler.errors import Stalled

SAID = "is empty, although ops ran here: its rows are lost."


def refuse_emptied(config: Config) -> None:
    """Raises Stalled for a file that would be filled like a new one. To be asked before anything opens it."""
    if is_emptied(config):
        raise Stalled("StoreEmptied", f"The database {config.store} {SAID} {what_to_do(config)} Nothing was changed.")


def is_emptied(config: Config) -> bool:
    """Whether the file is there without a byte, and a log of SQLite or files of attempts show that it was in use."""
    file = Path(config.store)
    if config.database or _size(file) != 0:
        return False
    # SQLite itself deletes such a log as soon as it opens the file.
    return bool(_size(file.with_name(f"{file.name}-wal"))) or next(attempt_folders(config.data_dir), None) is not None


def what_to_do(config: Config) -> str:
    """Advice for people."""
    attempts = config.data_dir / "attempts"
    return f"Restore a backup (`headgate restore --replace`), or move {config.store} and {attempts} away to begin anew."


def _size(file: Path) -> int | None:
    """Of a regular file; None where there is none, or none that can be looked at."""
    try:
        return file.stat().st_size if file.is_file() else None
    except OSError:
        return None
