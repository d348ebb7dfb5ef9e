"""A working tree on disk: its files as a repository's. Nothing outside it is read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from reconciler.flows.findings import Finding
from reconciler.flows.globs import SETTINGS_FILE
from reconciler.flows.settings import RepositorySettings, parse_settings

_LARGEST = 11 << 20  # bytes; the reader refuses files over 10 MiB with a finding
_SKIPPED = frozenset({".git", ".hg", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"})


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """The tree under `root`: the repository that a file belongs to, else the file's own folder."""

    root: Path

    def relative(self, file: Path) -> str:
        """The file's path within the tree, with `/`."""
        return file.resolve().relative_to(self.root).as_posix()

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file of the tree; None for what is absent, a link, or outside."""
        if any(part in ("", "..") for part in path.split("/")):
            return None
        file = self.root.joinpath(*path.split("/"))
        if file.resolve() != file or not self.is_regular(path):  # opening a pipe would wait for its writer
            return None
        try:
            with file.open("rb") as opened:
                return opened.read(_LARGEST)
        except OSError:
            return None

    def is_regular(self, path: str) -> bool:
        """Whether a file is none of those that Git would not take for a file: links, pipes, what is away."""
        try:
            return S_ISREG((self.root / path).lstat().st_mode)
        except OSError:
            return False

    def settings(self) -> tuple[RepositorySettings, tuple[Finding, ...]]:
        """What `.headgate.yaml` says."""
        return parse_settings(self.read(SETTINGS_FILE))

    def files(self) -> Iterator[str]:
        """Paths of all that is no folder, sorted within their folders; folders of tools are left out."""
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED)
            below = Path(folder).relative_to(self.root)
            for name in sorted(names):
                yield (below / name).as_posix()

    def entries(self) -> Mapping[str, tuple[str, str]]:
        """Every file as Git would list it: mode and blob id by path; what Git ignores is left out where it can say."""
        return {readable(path): entry for path in self._code_files() if (entry := self._entry(path)) is not None}

    def _code_files(self) -> Iterable[str]:
        if not (self.root / ".git").exists():
            return self.files()
        from reconciler.adapters.git_revision import visible_files  # starts git, which judging alone does not need
        from reconciler.errors import ReconcileError

        try:
            return visible_files(self.root)
        except ReconcileError:  # a folder `.git` that is no repository: every file counts
            return self.files()

    def _entry(self, path: str) -> tuple[str, str] | None:
        file = self.root / path
        try:
            known = file.lstat().st_mode
            if not S_ISREG(known) and not S_ISLNK(known):
                return None
            data = os.readlink(os.fsencode(file)) if S_ISLNK(known) else file.read_bytes()
        except OSError:
            return None
        blob = sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        return ("120000" if S_ISLNK(known) else "100755" if known & 0o111 else "100644", blob)


def readable(file: str) -> str:
    """A name whose bytes are no text, with these bytes written out, as in the trees of commits."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def tree_of(file: Path) -> WorkingTree:
    """The working tree that a file or folder belongs to: the nearest one around it that has settings or is a checkout.

    A folder with settings of its own is a repository in the making, as a sample that lies in another one.
    """
    start = file.resolve()
    folder = start if start.is_dir() else start.parent
    signs = (SETTINGS_FILE, ".git")
    top = next((one for one in (folder, *folder.parents) if any((one / sign).exists() for sign in signs)), folder)
    return WorkingTree(top)
