"""What stands in a tree: the path, mode and blob of every file, or of those that are other than in another tree.

Their contents are read by git_blobs.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern

from reconciler.adapters.git_commands import Git


def tree_files(git: Git, treeish: str) -> Iterator[tuple[str, str, str]]:
    """Path, mode and blob id of every file under a commit or tree, submodules as their commit. Raises GitFailed.

    Bytes of a path that are no UTF-8 stand in it as escapes. `treeish` is a checked sha.
    """
    for record in _text(git.run("ls-tree", "-r", "-z", "--full-tree", treeish)).split("\0"):
        if record:
            facts, _, path = record.partition("\t")
            mode, _, blob = facts.split(" ")
            yield path, intern(mode), blob


def tree_changes(git: Git, old: str, new: str) -> Iterator[tuple[str, str, str]]:
    """Path, mode and blob id in the tree `new` of every file that differs between two trees; "" where it is gone.

    Both are checked shas. Raises GitFailed.
    """
    fields = git.run("diff-tree", "-r", "-z", "--no-renames", "--full-index", old, new).split(b"\0")
    for facts, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, blob, status = facts.decode("ascii").split(" ")
        yield (_text(path), "", "") if status == "D" else (_text(path), mode, blob)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
