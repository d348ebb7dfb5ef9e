"""The lock file and the locked texts on disk: written whole, removed when nothing pins them, never through a link."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from console.failures import Failure
from console.whole_files import put
from reconciler.flows.globs import LOCK_FILE, LOCKED_FOLDER
from reconciler.flows.lock import Lock, written


def superfluous(root: Path, lock: Lock) -> tuple[str, ...]:
    """The files among the locked texts that nothing pins, sorted."""
    pinned = {pin.file for pin in lock.pins()}
    return tuple(sorted(path for path in _locked(root) if path not in pinned))


def write(root: Path, lock: Lock, texts: Mapping[str, bytes], stale: Sequence[str]) -> None:
    """Make the tree hold a lock: texts first, then the lock file, then nothing of what is `stale`.

    Interrupted anywhere, what is there is told by `headgate validate` and mended by the next time. Raises Failure,
    OSError.
    """
    _check_folders(root)
    for path, data in sorted(texts.items()):
        _check_folders(root, path)
        _keep(root / path, data)
    text = written(lock)
    if text:
        _keep(root / LOCK_FILE, text)
    else:
        (root / LOCK_FILE).unlink(missing_ok=True)
    for path in stale:
        (root / path).unlink(missing_ok=True)
        _remove_empty((root / path).parent, root)


def _locked(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root / LOCKED_FOLDER):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*names, *links):
            yield (Path(folder) / name).relative_to(root).as_posix()


def _check_folders(root: Path, path: str = LOCKED_FOLDER) -> None:
    """Refuse links among the folders above a path: what is written would land elsewhere."""
    folder = root
    for part in path.split("/")[:-1]:
        folder /= part
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            where = folder.relative_to(root).as_posix()
            do = "Remove it and run `headgate lock` again."
            raise Failure("lock-folder", "This is no folder, and locked texts belong into it.", where=where, do=do)


def _keep(file: Path, data: bytes) -> None:
    """Write a file that does not hold the bytes already, and the folders above it."""
    with suppress(OSError):
        if not file.is_symlink() and file.read_bytes() == data:
            return
    file.parent.mkdir(parents=True, exist_ok=True)
    put(file, data)


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove folders that are left empty, up to the tree's own."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
