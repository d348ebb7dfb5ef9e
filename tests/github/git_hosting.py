"""Real bare repositories: commits are made with plumbing, fetches and pushes go through `git http-backend`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# `None` removes a file; a pair is (mode, content), such as ("120000", "target") for a symbolic link.
Content = str | bytes | tuple[str, str | bytes] | None
Files = Mapping[str, Content]

_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}
# What GitHub's servers allow and refuse.
_SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "receive.hideRefs": "refs/pull",
    "receive.denyDeleteCurrent": "true",
    "gc.auto": "0",
    "core.logAllRefUpdates": "false",
}
ZERO = "0" * 40


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file of a comparison."""

    path: str
    previous: str | None
    status: str
    additions: int
    deletions: int
    blob: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit without its files."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: str
    seconds: int
    message: str


class BareRepository:
    """One bare repository on disk."""

    def __init__(self, path: Path, default_branch: str = "main") -> None:
        self.path = path
        self._commits: set[str] = set()  # known to be here; nothing is ever collected
        self._facts: dict[tuple[str, ...], str] = {}
        subprocess.run(
            ["git", "init", "-q", "--bare", f"--initial-branch={default_branch}", path], check=True, env=_ENVIRONMENT
        )
        with (path / "config").open("a") as config:
            for name, value in _SETTINGS.items():
                section, key = name.split(".")
                config.write(f"[{section}]\n\t{key} = {value}\n")

    def git(self, *arguments: str, data: bytes | None = None, moment: float | None = None) -> str:
        """Run git here; what it prints."""
        environment = dict(_ENVIRONMENT)
        if moment is not None:
            date = f"{int(moment)} +0000"
            environment |= {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
            environment |= {"GIT_AUTHOR_NAME": "GitHub", "GIT_AUTHOR_EMAIL": "noreply@github.example"}
            environment |= {"GIT_COMMITTER_NAME": "GitHub", "GIT_COMMITTER_EMAIL": "noreply@github.example"}
        done = subprocess.run(
            ["git", "-C", self.path, *arguments], input=data, capture_output=True, check=False, env=environment
        )
        if done.returncode:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.decode('utf-8', 'replace').strip()}")
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def fact(self, *arguments: str) -> str:
        """What git prints about commits named by their shas alone: asked once, as it never changes."""
        if arguments not in self._facts:
            self._facts[arguments] = self.git(*arguments)
        return self._facts[arguments]

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Full names of refs below the prefix -> sha."""
        lines = self.git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
        named = (line.split(" ", 1) for line in lines)
        return {name: sha for sha, name in named if name.startswith(prefix)}

    def sha(self, revision: str) -> str | None:
        """The commit that a revision names, or None."""
        if revision in self._commits:
            return revision
        try:
            found = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except RuntimeError:
            return None
        self._commits.add(found)
        return found

    def set_ref(self, ref: str, sha: str | None) -> None:
        """Point a ref at a commit, or delete it."""
        if sha is None:
            self.git("update-ref", "-d", ref)
        else:
            self.git("update-ref", ref, sha)

    def commit(
        self,
        ref: str,
        files: Files,
        *,
        parent: str | None,
        message: str,
        author: str,
        moment: float,
        anew: bool = False,
    ) -> str:
        """Commit changes of files on top of a parent (`anew`: nothing of its files stays), and point a ref at it."""
        stream = [f"commit {ref}\nmark :1\ncommitter {author} <{author}@people.example> {int(moment)} +0000\n".encode()]
        stream.append(_data(message))
        if parent:
            stream.append(f"from {parent}\n".encode())
        if anew or not parent:
            stream.append(b"deleteall\n")
        stream += [_file(path, content) for path, content in files.items()]
        stream.append(b"\nget-mark :1\n")
        return self.git("fast-import", "--force", "--quiet", data=b"".join(stream)).strip()

    def fetch(self, other: BareRepository, sha: str, ref: str) -> None:
        """Take a commit of another repository (a fork) under a ref of this one."""
        if other is not self:
            self.git("fetch", "--quiet", "--no-tags", str(other.path), f"+{sha}:{ref}")
        else:
            self.set_ref(ref, sha)

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree that a merge makes, or None where they conflict."""
        try:
            return self.fact("merge-tree", "--write-tree", base, head).splitlines()[0]
        except RuntimeError:
            return None

    def merge(self, base: str, head: str, message: str, moment: float, *, squash: bool = False) -> str | None:
        """The commit that merges head into base, or None where they conflict."""
        tree = self.merged_tree(base, head)
        if tree is None:
            return None
        parents = ["-p", base] if squash else ["-p", base, "-p", head]
        return self.git("commit-tree", tree, *parents, "-m", message, moment=moment)

    def changed_files(self, base: str, head: str) -> list[ChangedFile]:
        """What head changed since it left base."""
        fork_point = self.fact("merge-base", base, head)
        raw = self.fact("diff-tree", "-r", "-M", "-z", "--raw", "--numstat", fork_point, head)
        return list(_changes(raw.split("\0")))

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether a move from old to new is a fast-forward."""
        try:
            return self.fact("merge-base", old, new) == old
        except RuntimeError:
            return False

    def count(self, base: str, head: str) -> int:
        """How many commits head has that base does not have."""
        return int(self.fact("rev-list", "--count", f"{base}..{head}"))

    def shas(self, new: str, old: str | None, limit: int) -> list[str]:
        """Commits that came with a push, newest first."""
        return self.fact("rev-list", f"--max-count={limit}", new, *([f"^{old}"] if old else [])).splitlines()

    def described(self, sha: str) -> Commit:
        """What a commit says of itself."""
        text = self.fact("show", "--no-patch", "--format=%T%x00%P%x00%an%x00%at%x00%B", sha)
        tree, parents, author, seconds, message = text.split("\0")
        return Commit(sha, tree, tuple(parents.split()), author, int(seconds), message.strip())


def _data(content: str | bytes) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return b"data %d\n%s\n" % (len(raw), raw)


def _file(path: str, content: Content) -> bytes:
    quoted = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    if content is None:
        return f'D "{quoted}"\n'.encode()
    mode, raw = content if isinstance(content, tuple) else ("100644", content)
    return f'M {mode} inline "{quoted}"\n'.encode() + _data(raw)


_STATUS = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied", "T": "changed"}


def _changes(fields: list[str]) -> list[ChangedFile]:
    """Read `--raw --numstat -z`: first all raw entries, then all counts, both in the same order."""
    raw, position = [], 0
    while position < len(fields) and fields[position].startswith(":"):
        _, _, old, new, status = fields[position].split(" ")
        names = 2 if status[0] in "RC" else 1
        paths = fields[position + 1 : position + 1 + names]
        raw.append((paths[-1], paths[0] if names == 2 else None, status[0], old if status[0] == "D" else new))
        position += 1 + names
    changes = []
    for path, previous, status, blob in raw:
        added, deleted, name = fields[position].split("\t")
        position += 1 if name else 3
        counts = [int(count) if count != "-" else 0 for count in (added, deleted)]
        changes.append(ChangedFile(path, previous, _STATUS[status], counts[0], counts[1], blob))
    return changes
