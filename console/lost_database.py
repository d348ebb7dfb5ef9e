"""A database file that is empty or missing although ops ran beside it: not a new one, but one whose rows are lost."""

from __future__ import annotations

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
    lost = "missing" if not file.exists() else "empty" if _size(file) == 0 else ""
    if config.database or not lost:
        return ""
    # SQLite itself deletes such a log as soon as it opens the file.
    used = _size(_log(file)) or next(attempt_folders(config.data_dir), None) is not None
    return f"is {lost}, although ops ran here: its rows are lost." if used else ""


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


def _size(file: Path) -> int | None:
    """Of a regular file; None where there is none, or none that can be looked at."""
    try:
        return file.stat().st_size if file.is_file() else None
    except OSError:
        return None
