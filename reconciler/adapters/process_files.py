"""Files of this place's attempts, as retention sees them: what is there, how large it is, and its removal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from reconciler.adapters.place import local_place
from reconciler.adapters.process_records import NEVER, BadAttemptId, Folder, folder_of, is_alive, read_record
from reconciler.ports import AttemptFiles


class ProcessFiles:
    """Implements `ports.Files`."""

    def __init__(self, data_dir: Path, host: str = "") -> None:
        self.place = local_place(data_dir, host)
        self._root = str(data_dir.resolve())

    def shelves(self) -> Sequence[str]:
        """The directories below `attempts`."""
        with suppress(FileNotFoundError):
            return sorted(entry.name for entry in os.scandir(f"{self._root}/attempts") if entry.is_dir())
        return []

    def on_shelf(self, shelf: str) -> Sequence[AttemptFiles]:
        """The attempts in one of them."""
        found = []
        entries: list[os.DirEntry[str]] = []
        with suppress(FileNotFoundError):
            entries = sorted(os.scandir(f"{self._root}/attempts/{shelf}"), key=lambda entry: entry.name)
        for entry in entries:
            with suppress(BadAttemptId, FileNotFoundError):
                folder = folder_of(self._root, entry.name)
                touched_at = entry.stat(follow_symlinks=False).st_mtime
                found.append(AttemptFiles(entry.name, touched_at, _is_alive(folder)))
        return found

    def size(self, attempt: str) -> int:
        """Bytes on disk, what links lead to left out."""
        total = 0
        for directory, _, names in os.walk(folder_of(self._root, attempt).root):
            for name in names:
                with suppress(FileNotFoundError):
                    total += os.lstat(os.path.join(directory, name)).st_blocks * 512
        return total

    def remove(self, attempts: Sequence[str]) -> Mapping[str, str]:
        """Remove directories; what an op made read-only is no hindrance."""
        failed = {}
        for attempt in attempts:
            try:
                _remove(folder_of(self._root, attempt).root)
            except FileNotFoundError:
                continue
            except OSError as error:
                failed[attempt] = f"{error.filename or attempt}: {error.strerror}"
        return failed


def _is_alive(folder: Folder) -> bool:
    """Whether its supervisor lives, or somebody who lives is about to start it."""
    record = read_record(folder)
    if record is None or record.writer == NEVER or record.exit is not None:
        return False
    return is_alive(record.supervisor or record.writer)


def _remove(root: str) -> None:
    try:
        shutil.rmtree(root)
    except PermissionError:
        os.chmod(root, 0o700)
        for directory, names, _ in os.walk(root):  # from the top, so that what was just opened is walked
            for name in names:
                if not os.path.islink(place := os.path.join(directory, name)):
                    os.chmod(place, 0o700)
        shutil.rmtree(root)
