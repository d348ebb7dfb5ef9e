"""What stands in a tree: the path, mode and blob of every file. Their contents are read by git_blobs.py."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.adapters.git_commands import Git


def tree_files(git: Git, treeish: str) -> Iterator[tuple[str, str, str]]:
    """Path, mode and blob id of every file under a commit or tree, submodules as their commit. Raises GitFailed.

    Bytes of a path that are no UTF-8 stand in it as escapes. `treeish` is a checked sha.
    """
    for record in git.run("ls-tree", "-r", "-z", "--full-tree", treeish).split(b"\0"):
        if record:
            facts, _, path = record.partition(b"\t")
            mode, _, blob = facts.decode("ascii").split(" ")
            yield path.decode("utf-8", "backslashreplace"), mode, blob
