"""What the files of a working tree hold, as digests: a file whose stat is as it was is not read for it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from hashlib import blake2b
from stat import S_ISDIR, S_ISREG
from typing import Final

from console.working_tree import WorkingTree

Stat = tuple[int, int, int, int, int]  # size, mtime and ctime in ns, inode, device
Known = Mapping[str, tuple[Stat, str]]

# A file that changed so shortly before it was read could change again under the same times: coarse clocks, as FAT's of
# 2 s, would not show it. Git calls such entries racy, and reads them again too.
_SETTLED: Final = 2_000_000_000  # ns


class Contents:
    """Digests of the files of one tree; `known` are stats and digests of an earlier run."""

    def __init__(self, tree: WorkingTree, known: Known) -> None:
        self._tree = tree
        self._root = f"{tree.root}/"
        self._known = known
        self._ids: dict[str, str | None] = {}
        self._folders: dict[str, bool] = {"": True}
        self.stats: dict[str, tuple[Stat, str]] = {}  # what a later run may trust

    def id(self, path: str) -> str | None:
        """The digest of a regular file of the tree; None for what the tree cannot read."""
        if path not in self._ids:
            stat = self._stat(path)
            if stat is None:
                self._ids[path] = None
            elif (known := self._known.get(path)) is not None and known[0] == stat:
                self._ids[path], self.stats[path] = known[1], known
            else:
                self.read(path)
        return self._ids[path]

    def read(self, path: str) -> bytes | None:
        """The bytes that the tree has now; the digest is of exactly these."""
        # Both before the bytes: whatever is written later than them has other times.
        now, stat = time.time_ns(), self._stat(path)
        data = self._tree.read(path)
        self._ids[path] = found = None if data is None else digest(data)
        self.stats.pop(path, None)
        if found is not None and stat is not None and max(stat[1], stat[2]) + _SETTLED < now:
            self.stats[path] = (stat, found)
        return data

    def _stat(self, path: str) -> Stat | None:
        if not self._is_folder(path.rpartition("/")[0]):
            return None
        try:
            found = os.lstat(self._root + path)
        except (OSError, ValueError):
            return None
        if not S_ISREG(found.st_mode):
            return None
        return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)

    def _is_folder(self, path: str) -> bool:
        """Whether a path names a folder of the tree that no link leads to."""
        if path not in self._folders:
            above, _, name = path.rpartition("/")
            self._folders[path] = name not in ("", "..") and self._is_folder(above) and self._is_real(path)
        return self._folders[path]

    def _is_real(self, path: str) -> bool:
        try:
            return S_ISDIR(os.lstat(self._root + path).st_mode)
        except (OSError, ValueError):
            return False


def digest(data: bytes) -> str:
    """What contents are told apart by."""
    return blake2b(data, digest_size=16).hexdigest()
