"""Mirrors of repositories: one bare copy each, made when it is needed and fetched when something moved."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol, TypeVar

from reconciler.adapters.git_blobs import is_there
from reconciler.adapters.git_commands import (
    Children,
    Git,
    GitFailed,
    checked_sha,
    located,
    sorted_failure,
    sorted_failures,
)
from reconciler.adapters.git_refs import CHECKS, Listing, listed, listing, without_checks
from reconciler.adapters.recent import Recent
from reconciler.errors import Stalled
from reconciler.ports import Refs

Answer = TypeVar("Answer")

_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class Origin(Protocol):
    """Where repositories are that are not on this machine."""

    def refs(self, repository: str, mirror: Git) -> Refs:
        """Bring the mirror up to date, and tell what is there now. Raises Waiting."""
        ...


class Mirrors:
    """The mirrors below `data_dir`. Thread-safe.

    `locate` gives the path of a repository by its name; `origin_of` where it is if it is not on this machine.
    """

    def __init__(
        self,
        data_dir: Path,
        locate: Callable[[str], str],
        children: Children,
        origin_of: Callable[[str], Origin | None] = lambda repository: None,
    ) -> None:
        self._data = data_dir
        self.origin_of = origin_of
        self._locate = locate
        self._children = children
        self._fetched: Recent[str, tuple[str, Listing]] = Recent(1000)

    def place_of(self, repository: str) -> Path:
        """Where a repository's mirror is, or will be."""
        return self._data / "mirrors" / f"{_slug(repository)}.git"

    def trees_of(self, repository: str) -> Path:
        """The directory of its trees that are checked out."""
        return self._data / "checkouts" / _slug(repository)

    def is_made(self, repository: str) -> bool:
        """Whether there is a mirror."""
        return _is_whole(self.place_of(repository))

    def remote(self, repository: str) -> Git:
        """The repository itself. Raises Waiting while it is away, Stalled."""
        return Git(located(repository, self._locate(repository)), children=self._children)

    def mirror(self, repository: str) -> Git:
        """Its mirror, which may be empty yet."""
        git = Git(self.place_of(repository), bare=True, children=self._children)
        if not self.is_made(repository):
            _make(git)
        return git

    def ask(self, repository: str, question: Callable[[Git], Answer]) -> Answer:
        """Ask the mirror; what it does not have yet is fetched once (another replica may have seen it first)."""
        with sorted_failures(repository):
            git = self.mirror(repository)
            try:
                return question(git)
            except GitFailed as failure:
                if isinstance(sorted_failure(repository, failure), Stalled):
                    raise
                self._fetch_again(repository)
                return question(git)

    def has(self, repository: str, treeish: str) -> bool:
        """Whether a commit or tree is in the mirror; another replica may have seen what ours has not fetched yet."""
        with sorted_failures(repository):
            mirror = self.mirror(repository)
            if not is_there(mirror, checked_sha(treeish)):
                self._fetch_again(repository)
            return is_there(mirror, treeish)

    def _fetch_again(self, repository: str) -> None:
        origin = self.origin_of(repository)
        if origin is None:
            self.fetch(repository, self.remote(repository), always=True)
        else:
            origin.refs(repository, self.mirror(repository))

    def fetch(self, repository: str, remote: Git, always: bool = False) -> Listing:
        """Copy branches and tags into the mirror, unless they are what was fetched last."""
        shown, has_checks = without_checks(listed(remote, "refs/heads", "refs/tags", CHECKS))
        known = self._fetched.get(repository)
        if known is not None and known[0] == shown and not always:
            return replace(known[1], has_checks=has_checks)
        mirror = self.mirror(repository)
        with locked(mirror.directory):
            mirror.run("fetch", *_FETCH_OPTIONS, str(remote.directory), *_REFSPECS)
        fetched = listed(mirror, "refs/heads", "refs/tags")
        found = listing(fetched)
        self._fetched.put(repository, (fetched, found))
        return replace(found, has_checks=has_checks)


# The other end of a fetch from this machine is a process of its own and inherits no setting of ours.
_UPLOAD_PACK = "--upload-pack=git -c safe.directory='*' upload-pack"
_FETCH_OPTIONS = ("--quiet", "--force", "--prune", "--no-tags", "--no-write-fetch-head", _UPLOAD_PACK)


def _is_whole(place: Path) -> bool:
    """Whether Git would take it for a repository: a disk that failed may have left the names of files and no more."""
    try:
        return (place / "HEAD").stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False


def _make(mirror: Git) -> None:
    """Make an empty repository all at once: while Git makes one, it has a HEAD before it is a repository."""
    place = mirror.directory
    with locked(place):
        if _is_whole(place):  # somebody was faster
            return
        making = place.with_name(f".making-{place.name}")
        for left in (making, place):  # by whoever died here
            shutil.rmtree(left, ignore_errors=True)
        making.mkdir(parents=True)
        replace(mirror, directory=making).run("init", "--quiet", "--bare", "--template=", "--initial-branch=headgate")
        making.rename(place)


def _slug(repository: str) -> str:
    """A directory name: readable, and different for different repositories."""
    readable = re.sub(r"[^A-Za-z0-9-]+", "-", repository).strip("-")[:40]
    return f"{readable}-{sha256(repository.encode()).hexdigest()[:12]}"


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """One thread of one process at a time works on a mirror; the lock of a process that died is free."""
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(f"{place}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
