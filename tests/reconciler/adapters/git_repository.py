"""A real Git repository for tests: commits made from plain mappings, hostile trees included."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_DATE": "1700000000 +0000" for who in ("AUTHOR", "COMMITTER")},
}


class GitRepository:
    """A bare repository at `path` whose branches are written without a working tree."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main")

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        command = ["git", "-C", str(self.path), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, env=_ENVIRONMENT, check=True)
        return done.stdout.decode("utf-8", "replace").strip()

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=content)

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        branch: str = "main",
        start: str | None = None,
        message: str = "Change",
    ) -> str:
        """Change files (None removes one) on a branch, which starts at `start` if it is new. Returns the commit."""
        parent = self.sha(branch) or start
        index = {"GIT_INDEX_FILE": str(self.path / "scratch-index")}
        lines = b"".join(self._line(path, content) for path, content in files.items())
        run = self._with(index)
        run("read-tree", *([parent] if parent else ["--empty"]))
        run("update-index", "-z", "--index-info", stdin=lines)
        tree = run("write-tree")
        return self.commit_tree(tree, branch, [parent] if parent else [], message)

    def commit_tree(self, tree: str, branch: str, parents: list[str], message: str = "Change") -> str:
        sha = self.git("commit-tree", tree, "-m", message, *[word for parent in parents for word in ("-p", parent)])
        self.git("update-ref", f"refs/heads/{branch}", sha)
        return sha

    def raw_tree(self, entries: list[tuple[str, str, str]]) -> str:
        """A tree of (mode, name, id) that git itself would refuse to make."""
        body = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(blob) for mode, name, blob in entries)
        return self.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=body)

    def merge(self, branch: str, into: str = "main") -> str:
        """A merge commit of a branch that does not conflict."""
        ours, theirs = self.sha(into), self.sha(branch)
        assert ours is not None
        assert theirs is not None
        tree = self.git("merge-tree", "--write-tree", ours, theirs)
        return self.commit_tree(tree, into, [ours, theirs], f"Merge {branch}")

    def sha(self, branch: str) -> str | None:
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}") or None

    def _line(self, path: str, content: str | bytes | None) -> bytes:
        if content is None:
            return f"0 {'0' * 40}\t{path}\0".encode()
        data = content.encode() if isinstance(content, str) else content
        return f"100644 {self.blob(data)}\t{path}\0".encode()

    def _with(self, extra: Mapping[str, str]) -> Callable[..., str]:
        def run(*arguments: str, stdin: bytes = b"") -> str:
            command = ["git", "-C", str(self.path), *arguments]
            done = subprocess.run(command, input=stdin, capture_output=True, env={**_ENVIRONMENT, **extra}, check=True)
            return done.stdout.decode().strip()

        return run
