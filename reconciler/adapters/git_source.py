"""Local Git repositories as a Source: one bare mirror each, read by ids alone. How git is run lives in git_commands.

Names of refs and paths come from whoever may push, so none of them ever becomes an argument: what is asked for by path
is looked up in a listing and read by its object id.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from reconciler.adapters.git_blobs import blobs, is_there
from reconciler.adapters.git_checkout import checked_out, remove_tree, write_tree
from reconciler.adapters.git_commands import (
    Git,
    GitFailed,
    checked_sha,
    is_branch_name,
    is_sha,
    located,
    sorted_failure,
    sorted_failures,
)
from reconciler.adapters.git_trees import tree_changes, tree_files
from reconciler.adapters.recent import Recent
from reconciler.plan.tree import Tree, TreeEntry
from reconciler.ports import Merged, Proposal, Refs, Stalled

Answer = TypeVar("Answer")

_LISTED = "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname)"
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_KEPT = "refs/headgate/keep"
_USUAL = ("main", "master")
_ENTRIES = 400_000  # tree entries kept in memory, about 80 MB
_CONTENTS = 16 * 2**20  # bytes of small files kept in memory: of a look, for the steps that it wakes
_SMALL = 2**16  # bytes


@dataclass(frozen=True, slots=True)
class _Listing:
    """A repository's branches and tags, each with the commit it stands for."""

    branches: Mapping[str, str]
    tags: Mapping[str, str]
    ignored: tuple[str, ...]


class GitSource:
    """Source for repositories on this machine, bare or with a working tree. Thread-safe.

    `locate` gives the path of a repository by its name. Several processes may share one data directory.
    """

    def __init__(self, data_dir: Path, locate: Callable[[str], str]) -> None:
        self._data = data_dir
        self._locate = locate
        self._fetched: Recent[str, tuple[str, _Listing]] = Recent(1000)
        self._tree_ids: Recent[tuple[str, str], str] = Recent(10_000)
        self._trees: Recent[str, Tree] = Recent(_ENTRIES, weigh=len)
        self._changes: Recent[tuple[str, str], Mapping[str, TreeEntry | None]] = Recent(
            _ENTRIES, weigh=lambda changes: 1 + len(changes)
        )
        self._blobs: Recent[str, bytes] = Recent(_CONTENTS, weigh=len)
        self._last_trees: Recent[str, str] = Recent(1000)  # by repository: a tree that is in memory, or was

    def refs(self, repository: str) -> Refs:
        """Fetch if anything moved, and tell what is there now. Every branch but the default one is a proposal."""
        remote = self._remote(repository)
        with sorted_failures(repository):
            default = _default_branch(remote)
            listing = self._fetch(repository, remote)
        default = _checked_default(repository, default, listing.branches)
        return Refs(
            default_branch=default,
            head=listing.branches.get(default, ""),
            proposals=tuple(
                Proposal(name, head, default) for name, head in listing.branches.items() if name != default
            ),
            tags=listing.tags,
            ignored=listing.ignored,
        )

    def head(self, repository: str) -> tuple[str, str]:
        """The default branch and its commit, "" in an empty repository, asked of the repository: nothing is fetched."""
        remote = self._remote(repository)
        with sorted_failures(repository):
            default = _default_branch(remote)
            branches = _listing(remote.text("for-each-ref", _LISTED, "refs/heads")).branches
        name = _checked_default(repository, default, branches)
        return name, branches.get(name, "")

    def mirror_of(self, repository: str) -> Path:
        """Where a repository's mirror is, or will be."""
        return self._data / "mirrors" / f"{_slug(repository)}.git"

    def tree(self, repository: str, treeish: str) -> Tree:
        """Every file under a commit or tree, submodules as their commit. The last trees are kept in memory.

        A repository is listed once; then it is only asked how another tree differs from one that is known.
        """
        tree = self._tree_id(repository, treeish)
        known = self._trees.get(tree)
        if known is None:
            last = self._last_trees.get(repository) or ""
            near = self._trees.get(last)
            if near is None:
                known = self._ask(repository, lambda git: _entries(git, tree))
            else:
                known = near.with_changes(self._ask(repository, lambda git: _changed(git, last, tree)))
            self._trees.put(tree, known)
        self._last_trees.put(repository, tree)
        return known

    def changed(self, repository: str, old: str, new: str) -> Mapping[str, TreeEntry | None] | None:
        """What stands in the second of two commits or trees at the paths that differ; None: nothing.

        Folders that are equal in both are passed over unread. None as a whole where the first is not in the mirror,
        which may be younger than what the store remembers.
        """
        if not self._has(repository, old):
            return None
        pair = self._tree_id(repository, old), self._tree_id(repository, new)
        known = self._changes.get(pair)
        if known is None:
            known = self._ask(repository, lambda git: _changed(git, *pair)) if pair[0] != pair[1] else {}
            self._changes.put(pair, known)
        return known

    def read(self, repository: str, treeish: str, paths: Sequence[str]) -> Mapping[str, bytes]:
        """The bytes of regular files; absent paths, links and submodules are left out."""
        tree = self.tree(repository, treeish)
        wanted = {path: tree[path].blob for path in paths if path in tree and tree[path].is_regular}
        if not wanted:
            return {}
        known = {blob: data for blob in wanted.values() if (data := self._blobs.get(blob)) is not None}
        missing = sorted({blob for blob in wanted.values() if blob not in known})
        read = self._ask(repository, lambda git: dict(blobs(git, missing))) if missing else {}
        for blob, data in read.items():
            if 0 < len(data) <= _SMALL:
                self._blobs.put(blob, data)
        return {path: read[blob] if blob in read else known[blob] for path, blob in wanted.items()}

    def merge(self, repository: str, head: str, base: str) -> Merged:
        """Merge two commits in the mirror, touching no ref. Without common history: neither a tree nor conflicts."""
        return self._ask(repository, lambda git: _merge(git, checked_sha(base), checked_sha(head)))

    def merge_base(self, repository: str, one: str, other: str) -> str | None:
        """The best common ancestor, None without one."""
        return self._ask(repository, lambda git: _merge_base(git, checked_sha(one), checked_sha(other)))

    def first_parents(self, repository: str, after: str, upto: str, limit: int = 100) -> Sequence[str]:
        """Commits on the first-parent line after one commit up to another, oldest first, the last `limit` of them."""
        excluded = [f"^{checked_sha(after)}"] if after and self._has(repository, after) else []
        command = ["rev-list", "--first-parent", f"--max-count={int(limit)}", checked_sha(upto), *excluded]
        return tuple(reversed(self._ask(repository, lambda git: git.text(*command)).split()))

    def keep(self, repository: str, sha: str) -> None:
        """Hold a commit by a ref of the mirror that no fetch prunes."""
        ref = f"{_KEPT}/{checked_sha(sha)}"
        if not (
            self.mirror_of(repository) / ref
        ).is_file():  # as it is for every flow but the first that is applied there
            self._ask(repository, lambda git: git.run("update-ref", ref, sha))

    def kept(self, repository: str, before: float) -> Sequence[str]:
        """Commits that are held by a ref, or whose tree was checked out before that time."""
        if not (self.mirror_of(repository) / "HEAD").is_file():
            return ()
        listed = self._ask(repository, lambda git: git.text("for-each-ref", "--format=%(objectname)", _KEPT))
        return tuple(sorted({*listed.split(), *checked_out(self._trees_of(repository), before)}))

    def let_go(self, repository: str, shas: Sequence[str]) -> None:
        """Remove refs and trees; the mirror forgets the commits when Git next tidies up there."""
        refs = "".join(f"delete {_KEPT}/{checked_sha(sha)}\n" for sha in shas)
        self._ask(repository, lambda git: git.run("update-ref", "--stdin", stdin=refs.encode()))
        for sha in shas:
            remove_tree(self._trees_of(repository) / sha)
        self._ask(repository, lambda git: git.run("gc", "--auto", "--quiet"))

    def describe(self, repository: str, sha: str) -> str:
        """The commit's subject line, without control characters."""
        subject = self._ask(repository, lambda git: git.text("show", "-s", "--format=%s", checked_sha(sha)))
        return re.sub(r"[\x00-\x20\x7f-\x9f]+", " ", subject).strip()

    def checkout(self, repository: str, sha: str) -> str:
        """A shared read-only directory with the commit's tree, whole from the moment it has its name."""
        place = self._trees_of(repository) / checked_sha(sha)
        if not place.is_dir():
            entries = self.tree(repository, sha)
            self._ask(repository, lambda git: write_tree(git, entries, place))
        return str(place)

    def _has(self, repository: str, treeish: str) -> bool:
        """Whether a commit or tree is in the mirror; another replica may have seen what ours has not fetched yet."""
        if self._tree_ids.get((repository, checked_sha(treeish))) is not None:
            return True
        with sorted_failures(repository):
            mirror = self._mirror(repository)
            if not is_there(mirror, treeish):
                self._fetch(repository, self._remote(repository), always=True)
            return is_there(mirror, treeish)

    def _tree_id(self, repository: str, treeish: str) -> str:
        known = self._tree_ids.get((repository, checked_sha(treeish)))
        if known is None:
            known = self._ask(repository, lambda git: git.text("rev-parse", "--verify", f"{treeish}^{{tree}}"))
            self._tree_ids.put((repository, treeish), known)
        return known

    def _ask(self, repository: str, question: Callable[[Git], Answer]) -> Answer:
        """Ask the mirror; what it does not have yet is fetched once (another replica may have seen it first)."""
        with sorted_failures(repository):
            git = self._mirror(repository)
            try:
                return question(git)
            except GitFailed as failure:
                if isinstance(sorted_failure(repository, failure), Stalled):
                    raise
                self._fetch(repository, self._remote(repository), always=True)
                return question(git)

    def _remote(self, repository: str) -> Git:
        return Git(located(repository, self._locate(repository)))

    def _mirror(self, repository: str) -> Git:
        place = self.mirror_of(repository)
        if not (place / "HEAD").is_file():
            _make_mirror(place)
        return Git(place, bare=True)

    def _trees_of(self, repository: str) -> Path:
        return self._data / "checkouts" / _slug(repository)

    def _fetch(self, repository: str, remote: Git, always: bool = False) -> _Listing:
        """Copy branches and tags into the mirror, unless they are what was fetched last."""
        shown = remote.text("for-each-ref", _LISTED, "refs/heads", "refs/tags")
        known = self._fetched.get(repository)
        if known is not None and known[0] == shown and not always:
            return known[1]
        mirror = self._mirror(repository)
        with _locked(mirror.directory):
            mirror.run("fetch", *_FETCH_OPTIONS, str(remote.directory), *_REFSPECS)
        fetched = mirror.text("for-each-ref", _LISTED, "refs/heads", "refs/tags")
        listing = _listing(fetched)
        self._fetched.put(repository, (fetched, listing))
        return listing


# The other end of a fetch from this machine is a process of its own and inherits no setting of ours.
_UPLOAD_PACK = "--upload-pack=git -c safe.directory='*' upload-pack"
_FETCH_OPTIONS = ("--quiet", "--force", "--prune", "--no-tags", "--no-write-fetch-head", _UPLOAD_PACK)


def _make_mirror(place: Path) -> None:
    """Make an empty repository all at once: while Git makes one, it has a HEAD before it is a repository."""
    with _locked(place):
        if (place / "HEAD").is_file():  # somebody was faster
            return
        making = place.with_name(f".making-{place.name}")
        for left in (making, place):  # by whoever died here
            shutil.rmtree(left, ignore_errors=True)
        making.mkdir(parents=True)
        Git(making, bare=True).run("init", "--quiet", "--bare", "--template=", "--initial-branch=headgate")
        making.rename(place)


def _default_branch(remote: Git) -> str | None:
    """The branch that HEAD names; None where HEAD says what somebody is working on, or nothing."""
    if remote.text("rev-parse", "--is-bare-repository") != "true":
        return None
    try:
        head = remote.text("symbolic-ref", "-q", "HEAD")
    except GitFailed as failure:
        if failure.code != 1:
            raise
        return None
    name = head.removeprefix("refs/heads/")
    return name if name != head and is_branch_name(name) else None


def _checked_default(repository: str, default: str | None, branches: Mapping[str, str]) -> str:
    """The default branch where HEAD names `default`, or none. Raises Stalled where that does not tell."""
    if default is None:
        return _usual_branch(branches)
    if branches and default not in branches:
        raise _no_head(repository, default, branches)
    return default


def _usual_branch(branches: Mapping[str, str]) -> str:
    for name in _USUAL:
        if name in branches:
            return name
    if len(branches) > 1:
        message = "No branch is called main or master, and HEAD names none: point HEAD of a bare repository at one."
        raise Stalled("NoDefaultBranch", message)
    return next(iter(branches), _USUAL[0])


def _no_head(repository: str, default: str, branches: Mapping[str, str]) -> Stalled:
    """No other branch stands in: what it does not declare would be pruned."""
    name = next((name for name in (*_USUAL, *sorted(branches)) if name in branches), "")
    message = f"HEAD of {repository} names the branch `{default}`, which is not there."
    return Stalled("NoDefaultBranch", f"{message} Point it at one, as by `git symbolic-ref HEAD refs/heads/{name}`.")


def _listing(shown: str) -> _Listing:
    branches: dict[str, str] = {}
    tags: dict[str, str] = {}
    ignored: list[str] = []
    for line in shown.splitlines():
        kind, sha, peeled_kind, peeled, ref = line.split(" ", 4)
        names, name = (branches, ref[11:]) if ref.startswith("refs/heads/") else (tags, ref[10:])
        commit = sha if kind == "commit" else peeled if peeled_kind == "commit" else ""
        if is_sha(commit) and is_branch_name(name):
            names[name] = commit
        elif not is_branch_name(name):
            ignored.append(ref)
    return _Listing(branches, tags, tuple(ignored))


def _entries(git: Git, tree: str) -> Tree:
    return Tree({path: TreeEntry(mode, blob) for path, mode, blob in tree_files(git, tree)})


def _changed(git: Git, old: str, new: str) -> Mapping[str, TreeEntry | None]:
    return {path: TreeEntry(mode, blob) if mode else None for path, mode, blob in tree_changes(git, old, new)}


def _merge(git: Git, base: str, head: str) -> Merged:
    """By git merge-tree: exit code 1 and a tree mean conflicts, whose paths follow the tree."""
    try:
        out = git.run("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, head)
    except GitFailed as failure:
        if "unrelated histories" in failure.message:
            return Merged(None)
        if failure.code != 1 or not failure.out:
            raise
        _, *conflicts = failure.out.decode("utf-8", "backslashreplace").split("\0")
        return Merged(None, tuple(sorted({path for path in conflicts if path})))
    return Merged(out.decode("ascii").strip("\0\n"))


def _merge_base(git: Git, one: str, other: str) -> str | None:
    try:
        return git.text("merge-base", one, other)
    except GitFailed as failure:
        if failure.code == 1 and not failure.message:
            return None
        raise


def _slug(repository: str) -> str:
    """A directory name: readable, and different for different repositories."""
    readable = re.sub(r"[^A-Za-z0-9-]+", "-", repository).strip("-")[:40]
    return f"{readable}-{sha256(repository.encode()).hexdigest()[:12]}"


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """One thread of one process at a time; the operating system frees the lock of a process that died."""
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(f"{place}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
