"""A database file that is empty or missing although ops ran beside it: not a new one, but one whose rows are lost."""

from __future__ import annotations

import stat
from pathlib import Path

from console.config import Config
from reconciler.adapters.process_condition import attempt_folders
from reconciler.errors import Stalled


def refuse_lost(config: Config) -> None:
    """Raises Stalled for a file that would be filled like a new one. To be asked before anything opens it."""
    what = loss(config)
    if what:
        raise Stalled("StoreLost", f"The database {config.store} {what} {what_to_do(config)} Nothing was changed.")


def loss(config: Config) -> str:
    """What has happened to a file that has no byte, if a log of SQLite or files of attempts show that it was in use."""
    file = Path(config.store)
    how = "" if config.database else _lost(file)
    # SQLite itself deletes such a log as soon as it opens the file.
    was_used = how and (not _lost(_log(file)) or next(attempt_folders(config.data_dir), None))
    return f"is {how}, although ops ran here: its rows are lost." if was_used else ""


def what_to_do(config: Config) -> str:
    """Advice for people."""
    file, attempts = Path(config.store), config.data_dir / "attempts"
    places = [str(one) for one in (file, _log(file), attempts) if one.exists()]
    advice = f"Restore a backup (`headgate restore --replace`), or move {' and '.join(places)} away to begin anew."
    if file.exists():
        return advice
    return f"If another database was used here, name it (`HEADGATE_DATABASE`). {advice}"


def _log(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _lost(file: Path) -> str:
    """How it was lost; "" where it has bytes, cannot be looked at, or is no file."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return "missing"
    except OSError:
        return ""
    return "empty" if stat.S_ISREG(found.st_mode) and not found.st_size else ""
