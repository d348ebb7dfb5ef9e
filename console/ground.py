"""Whether what a service stands on is still where it opened it: its data directory, and the file of its database.

What was moved or removed goes on to be written by who has it open, and nobody else finds it: not the commands, not the
next start.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from console.config import Config
from console.data_lock import lock_of
from reconciler.adapters.sql.copying import file_of
from reconciler.errors import Stalled

LOOK = 2.0  # s between two looks; as long may be written what is lost

_Identity = tuple[int, int] | None


class Ground:
    """As it was when the service began."""

    def __init__(self, config: Config) -> None:
        self._known = {path: (what, _identity(path)) for what, path in _stood_on(config)}

    def check(self) -> None:
        """Raises Stalled if something else is there now, or nothing; not where nobody can tell."""
        for path, (what, known) in self._known.items():
            try:
                found = _identity(path)
            except OSError:
                continue
            if found != known:
                how = "moved or removed" if found is None else "replaced"
                raise Stalled("StoreGone", f"{what} was {how} under the service. {_DO}")


_DO = "Put it back, or restore a backup, and start the service again; ops go on meanwhile."


def _stood_on(config: Config) -> Iterator[tuple[str, Path]]:
    yield f"The data directory {config.data_dir}", lock_of(config.data_dir)
    file = file_of(config.store)
    if file is not None:
        yield f"The database {file}", file


def _identity(path: Path) -> _Identity:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
