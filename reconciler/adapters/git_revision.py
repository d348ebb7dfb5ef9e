"""The files of a local repository at one revision that a person names. Nothing is fetched, no ref is touched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.adapters.git_blobs import blobs
from reconciler.adapters.git_commands import Git, GitFailed, checked_sha, is_sha, sorted_failures
from reconciler.adapters.git_trees import tree_files
from reconciler.errors import Stalled
from reconciler.plan.tree import REGULAR_MODES

# Branches, tags, shas, HEAD~2, main@{1}, v1^2: what names a commit and neither a path, a range nor an option.
_NAMES_A_COMMIT = re.compile(r"[A-Za-z0-9_][\w./+-]*(?:@\{[\w .:-]{1,40}\}|[~^]\d{0,4}){0,8}|@(?:[~^]\d{0,4}){0,8}")


@dataclass(frozen=True, slots=True)
class GitRevision:
    """One commit of the repository whose top folder is `root`."""

    root: Path
    sha: str
    entries: Mapping[str, tuple[str, str]]  # mode and blob id of every file
    _read: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file; None for what is absent, a link or a submodule. Raises Waiting, Stalled."""
        mode, blob = self.entries.get(path, ("", ""))
        if mode not in REGULAR_MODES:
            return None
        if blob not in self._read:
            with sorted_failures(self.root.name):
                self._read.update(blobs(Git(self.root), [blob]))
        return self._read[blob]


def revision(root: Path, name: str) -> GitRevision:
    """The commit that `name` means in the repository at `root`.

    Raises Stalled where there is none or `name` could mean anything but a commit, Waiting if git does not answer.
    """
    if not (root / ".git").exists():
        raise _no_repository(root)
    sha = _commit(root, name)
    with sorted_failures(root.name):
        entries = {path: (mode, blob) for path, mode, blob in tree_files(Git(root), checked_sha(sha))}
    return GitRevision(root, sha, entries)


def changed_since(root: Path, name: str) -> frozenset[str]:
    """The paths below `root` that differ between its working tree and where its head parted from a revision.

    As in the three-dot form of `git diff`: what others have committed to `name` since then is no change of ours.
    Deleted and untracked files count, both names of a renamed one do, ignored files do not. Paths are relative to
    `root`, which may be a folder of a checkout. Raises Stalled where there is no such commit, Waiting if git does not
    answer.
    """
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if top is None:
        raise _no_repository(root)
    with sorted_failures(top.name):
        base = _parting(top, _commit(top, name), name)
        below = f"{root.relative_to(top).as_posix()}/" if root != top else ""
        where = ["--", f":(top,literal){below}"] if below else []
        differing = Git(top).run("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", base, *where)
        untracked = Git(top).run("ls-files", "-z", "--others", "--exclude-standard", *where)
    return frozenset(path.removeprefix(below) for path in _on_disk(differing + untracked))


def _parting(root: Path, sha: str, name: str) -> str:
    """The commit at which the head and another commit have parted."""
    try:
        return checked_sha(Git(root).text("merge-base", checked_sha(sha), "HEAD"))
    except GitFailed:
        why = f"The head and {name!r} have no commit in common here: fetch their whole history (no shallow clone)."
        raise Stalled("RevisionUnrelated", why) from None


def visible_files(root: Path) -> frozenset[str]:
    """The paths of a working tree that Git tracks or would offer to, as the file system names them.

    What Git ignores is left out. Raises Waiting, Stalled.
    """
    with sorted_failures(root.name):
        listed = Git(root).run("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return frozenset(_on_disk(listed))


def _on_disk(listed: bytes) -> Iterator[str]:
    """Listed paths as names of files are read, so that the two can be compared."""
    return (os.fsdecode(path) for path in listed.split(b"\0") if path)


def _no_repository(root: Path) -> Stalled:
    return Stalled("NotARepository", f"{root} is no checkout of a Git repository: there is nothing to compare with.")


def _commit(root: Path, name: str) -> str:
    if len(name) > 200 or ".." in name or not _NAMES_A_COMMIT.fullmatch(name):
        raise Stalled("RevisionUnclear", f"{name[:60]!r} names no commit: give a branch, a tag or a sha.")
    try:
        sha = Git(root).text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except GitFailed:
        sha = ""
    if not is_sha(sha):
        raise Stalled("RevisionUnknown", f"The repository {root.name} has no commit {name!r}.")
    return sha
