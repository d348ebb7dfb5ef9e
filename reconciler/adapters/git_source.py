"""Git repositories as a Source: one bare mirror each, read by ids alone. How git is run lives in git_commands.

Names of refs and paths come from whoever may push, so none of them ever becomes an argument: what is asked for by path
is looked up in a listing and read by its object id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from reconciler.adapters.git_blobs import blobs
from reconciler.adapters.git_commands import Children, Git, GitFailed, checked_sha, sorted_failures
from reconciler.adapters.git_keeping import Keeping
from reconciler.adapters.git_mirrors import Mirrors, Origin
from reconciler.adapters.git_refs import checked_default, default_branch, listed, listing
from reconciler.adapters.git_trees import tree_changes, tree_files
from reconciler.adapters.git_watch import GitWatch, ref_times
from reconciler.adapters.recent import Recent
from reconciler.plan.tree import Tree, TreeEntry
from reconciler.ports import Merged, Proposal, Refs

Answer = TypeVar("Answer")

_ENTRIES = 400_000  # tree entries kept in memory, about 80 MB
_CONTENTS = 16 * 2**20  # bytes of small files kept in memory: of a look, for the steps that it wakes
_SMALL = 2**16  # bytes


class GitSource:
    """Source for repositories on this machine, bare or with a working tree, and of other origins. Thread-safe.

    `locate` gives the path of a repository by its name; `children` knows the processes of git that it has running;
    `origin_of` tells of a repository that is elsewhere. Several processes may share one data directory.
    """

    def __init__(
        self,
        data_dir: Path,
        locate: Callable[[str], str],
        children: Children | None = None,
        origin_of: Callable[[str], Origin | None] = lambda repository: None,
    ) -> None:
        self.watch = GitWatch()
        self._mirrors = Mirrors(data_dir, locate, children or Children(), origin_of)
        self._keeping = Keeping(self._mirrors)
        self._tree_ids: Recent[tuple[str, str], str] = Recent(10_000)
        self._trees: Recent[str, Tree] = Recent(_ENTRIES, weigh=len)
        self._changes: Recent[tuple[str, str], Mapping[str, TreeEntry | None]] = Recent(
            _ENTRIES, weigh=lambda changes: 1 + len(changes)
        )
        self._blobs: Recent[str, bytes] = Recent(_CONTENTS, weigh=len)
        self._last_trees: Recent[str, str] = Recent(1000)  # by repository: a tree that is in memory, or was

    def refs(self, repository: str) -> Refs:
        """Fetch if anything moved, and tell what is there now.

        Of a repository on this machine every branch but the default one is a proposal.
        """
        origin = self._mirrors.origin_of(repository)
        if origin is not None:
            with sorted_failures(repository):
                return origin.refs(repository, self._mirrors.mirror(repository))
        remote = self._mirrors.remote(repository)
        with sorted_failures(repository):
            times = ref_times(remote.directory)  # before they are read: what moves meanwhile is noticed
            default = default_branch(remote)
            found = self._mirrors.fetch(repository, remote)
        self.watch.looked(repository, times)
        default = checked_default(repository, default, found.branches)
        return Refs(
            default_branch=default,
            head=found.branches.get(default, ""),
            proposals=tuple(Proposal(name, head, default) for name, head in found.branches.items() if name != default),
            tags=found.tags,
            ignored=found.ignored,
            lost_checks=not found.has_checks,
        )

    def head(self, repository: str) -> tuple[str, str]:
        """The default branch and its commit, "" in an empty repository, asked of the repository: nothing is fetched."""
        remote = self._mirrors.remote(repository)
        with sorted_failures(repository):
            default = default_branch(remote)
            branches = listing(listed(remote, "refs/heads")).branches
        name = checked_default(repository, default, branches)
        return name, branches.get(name, "")

    def mirror_of(self, repository: str) -> Path:
        """Where a repository's mirror is, or will be."""
        return self._mirrors.place_of(repository)

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
        self._keeping.keep(repository, sha)

    def kept(self, repository: str, before: float) -> Sequence[str]:
        """Commits that are held by a ref, or whose tree was checked out before that time."""
        return self._keeping.kept(repository, before)

    def let_go(self, repository: str, shas: Sequence[str]) -> None:
        """Remove refs and trees, but of what was kept or checked out since it was told what is kept."""
        self._keeping.let_go(repository, shas)

    def checkout(self, repository: str, sha: str) -> str:
        """A shared read-only directory with the commit's tree, whole from the moment it has its name."""
        return str(self._keeping.checkout(repository, sha, lambda: self.tree(repository, sha)))

    def _has(self, repository: str, treeish: str) -> bool:
        return self._tree_ids.get((repository, checked_sha(treeish))) is not None or self._mirrors.has(
            repository, treeish
        )

    def _tree_id(self, repository: str, treeish: str) -> str:
        known = self._tree_ids.get((repository, checked_sha(treeish)))
        if known is None:
            known = self._ask(repository, lambda git: git.text("rev-parse", "--verify", f"{treeish}^{{tree}}"))
            self._tree_ids.put((repository, treeish), known)
        return known

    def _ask(self, repository: str, question: Callable[[Git], Answer]) -> Answer:
        return self._mirrors.ask(repository, question)


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
