"""Commits that are held for what was applied or runs, and their trees as directories; and how both are let go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock

from reconciler.adapters.git_checkout import checked_out, clear_away, put_away, write_tree
from reconciler.adapters.git_commands import checked_sha
from reconciler.adapters.git_mirrors import Mirrors
from reconciler.plan.tree import TreeEntry

_KEPT = "refs/headgate/keep"


class Keeping:
    """What the mirrors hold by refs of their own, which no fetch prunes. Thread-safe.

    Whoever finds out what nobody needs any more looks first and acts later: what was asked for in between stays.
    """

    def __init__(self, mirrors: Mirrors) -> None:
        self._mirrors = mirrors
        self._used_at: dict[tuple[str, str], float] = {}
        self._used_since: dict[str, set[str]] = {}  # by repository, since somebody asked what is kept
        self._lock = Lock()

    def keep(self, repository: str, sha: str) -> None:
        """Hold a commit."""
        ref = f"{_KEPT}/{checked_sha(sha)}"
        self._use(repository, sha)
        if not (self._mirrors.place_of(repository) / ref).is_file():  # as it is for every flow but the first
            self._mirrors.ask(repository, lambda git: git.run("update-ref", ref, sha))

    def checkout(self, repository: str, sha: str, entries: Callable[[], Mapping[str, TreeEntry]]) -> Path:
        """The directory of a commit's tree; `entries` are asked for where it is to be made."""
        place = self._mirrors.trees_of(repository) / checked_sha(sha)
        self._use(repository, sha)
        if not place.is_dir():
            found = entries()
            self._mirrors.ask(repository, lambda git: write_tree(git, found, place))
        return place

    def kept(self, repository: str, before: float) -> Sequence[str]:
        """Commits that are held, or whose tree was checked out before that time, and that nobody asked for since."""
        with self._lock:
            self._used_since[repository] = set()
            self._used_at = {one: at for one, at in self._used_at.items() if at >= before or one[0] != repository}
            used = {sha for name, sha in self._used_at if name == repository}
        found = {*self._held(repository), *checked_out(self._mirrors.trees_of(repository), before)}
        return tuple(sorted(found - used))

    def let_go(self, repository: str, shas: Iterable[str]) -> None:
        """Remove refs and trees; the mirror forgets the commits when Git next tidies up there."""
        trees = self._mirrors.trees_of(repository)
        clear_away(trees)  # by whoever died over it
        with self._lock:
            going = [checked_sha(sha) for sha in shas if sha not in self._used_since.get(repository, ())]
            refs = "".join(f"delete {_KEPT}/{sha}\n" for sha in going)
            self._mirrors.ask(repository, lambda git: git.run("update-ref", "--stdin", stdin=refs.encode()))
            for sha in going:
                put_away(trees / sha)
        clear_away(trees)
        self._mirrors.ask(repository, lambda git: git.run("gc", "--auto", "--quiet"))

    def _use(self, repository: str, sha: str) -> None:
        with self._lock:
            self._used_at[repository, sha] = time.time()
            self._used_since.setdefault(repository, set()).add(sha)

    def _held(self, repository: str) -> list[str]:
        if not self._mirrors.is_made(repository):
            return []
        listed = self._mirrors.ask(repository, lambda git: git.text("for-each-ref", "--format=%(objectname)", _KEPT))
        return listed.split()
