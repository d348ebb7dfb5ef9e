"""Repositories of a GitHub without Git: commits in memory, and mirrors that fetch them. Git has tests of its own."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path

from reconciler.adapters.git_commands import Git, GitFailed
from tests.fakes import FakeSource
from tests.github.git_hosting import BareRepository, ChangedFile, Commit, Files

_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class _Said:
    author: str
    seconds: int
    message: str


class Commits(FakeSource):
    """Every commit of every repository. `branches` are those of the one that the history is about."""

    def __init__(self) -> None:
        self.said: dict[str, _Said] = {}
        self.refs_of: dict[str, str] = {}  # of that repository: full name → sha
        super().__init__()

    @property
    def branches(self) -> dict[str, str]:  # type: ignore[override]
        """Name → sha; what is changed here changes nothing there."""
        return {ref[len(_HEADS) :]: sha for ref, sha in self.refs_of.items() if ref.startswith(_HEADS)}

    @branches.setter
    def branches(self, _: object) -> None:
        """They follow the repository."""

    @property
    def broken(self) -> bool:
        """GitHub's repositories do not break."""
        return False

    @broken.setter
    def broken(self, _: bool) -> None:
        """Nobody can break them."""

    def add(self, files: Mapping[str, bytes], parents: Sequence[str], said: _Said) -> str:
        """A commit of a whole tree."""
        known = (tuple(parents), sorted(files.items()), said, len(self.trees))
        sha = sha1(repr(known).encode()).hexdigest()
        self.trees[sha], self.parents[sha], self.said[sha] = dict(files), tuple(parents), said
        return sha


class MemoryRepository(BareRepository):
    """A repository as words and routes of the fake use it; only its commits are elsewhere."""

    def __init__(self, commits: Commits) -> None:
        self.commits = commits
        self._refs: dict[str, str] = {}
        self.path = Path()

    def watched(self) -> None:
        """This is the repository that the history is about."""
        self.commits.refs_of = self._refs

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        return {ref: sha for ref, sha in self._refs.items() if ref.startswith(prefix)}

    def sha(self, revision: str) -> str | None:
        return revision if revision in self.commits.parents else self._refs.get(revision)

    def set_ref(self, ref: str, sha: str | None) -> None:
        if sha is None:
            self._refs.pop(ref, None)
        else:
            self._refs[ref] = sha

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
        tree = dict(self.commits.trees[parent]) if parent and not anew else {}
        for path, content in files.items():
            if content is None:
                tree.pop(path, None)
            else:
                tree[path] = content.encode() if isinstance(content, str) else content  # type: ignore[assignment]
        sha = self.commits.add(tree, [parent] if parent else [], _Said(author, int(moment), message))
        self._refs[ref] = sha
        return sha

    def fetch(self, other: BareRepository, sha: str, ref: str) -> None:
        self._refs[ref] = sha

    def merged_tree(self, base: str, head: str) -> str | None:
        return self.commits.merge("", head, base).tree

    def merge(self, base: str, head: str, message: str, moment: float, *, squash: bool = False) -> str | None:
        tree = self.merged_tree(base, head)
        if tree is None:
            return None
        parents = [base] if squash else [base, head]
        return self.commits.add(self.commits.trees[tree], parents, _Said("GitHub", int(moment), message))

    def changed_files(self, base: str, head: str) -> list[ChangedFile]:
        changed = self.commits.changed("", self.commits.merge_base("", base, head) or base, head)
        return [
            ChangedFile(path, None, "modified" if entry else "removed", 1, 1, entry.blob if entry else "0" * 40)
            for path, entry in sorted(changed.items())
        ]

    def is_ancestor(self, old: str, new: str) -> bool:
        waiting, seen = [new], set[str]()
        while waiting:
            sha = waiting.pop()
            if sha == old:
                return True
            seen.add(sha)
            waiting += [one for one in self.commits.parents[sha] if one not in seen]
        return False

    def count(self, base: str, head: str) -> int:
        return 1

    def shas(self, new: str, old: str | None, limit: int) -> list[str]:
        return [new]

    def described(self, sha: str) -> Commit:
        said = self.commits.said[sha]
        tree = sha1(f"tree {sha}".encode()).hexdigest()
        return Commit(sha, tree, self.commits.parents[sha], said.author, said.seconds, said.message)


# --- what fetches from there ------------------------------------------------------------------------------------------

Serve = Callable[[str, str], Mapping[str, str]]
"""The refs at an address, for a credential. Raises GitFailed as git would."""


@dataclass(frozen=True, slots=True)
class MemoryMirror(Git):
    """A bare mirror: its refs, and the few commands that an origin gives it."""

    serve: Serve = field(default=lambda address, token: {}, compare=False)
    has: Callable[[str], bool] = field(default=lambda sha: True, compare=False)
    refs: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        settings = arguments.count("-c") * 2
        match arguments[settings:]:
            case ["for-each-ref", form, prefix]:
                return self._listed(form, prefix).encode()
            case ["update-ref", "--stdin"]:
                for line in stdin.decode().splitlines():
                    self.refs.pop(line.removeprefix("delete "), None)
                return b""
            case ["fetch", *_, address]:
                self._fetch(address, stdin.decode().split(), (extra or {})["GIT_CONFIG_VALUE_0"])
                return b""
        raise AssertionError(f"a mirror in memory does not know git {' '.join(arguments)}")

    def _listed(self, form: str, prefix: str) -> str:
        forms: Mapping[bool, Callable[[str, str], str]] = {
            True: lambda ref, sha: f"commit {sha}   {ref}",
            False: lambda ref, sha: f"{ref} {sha}",
        }
        line, below = forms["objecttype" in form], prefix.rstrip("/") + "/"
        return "\n".join(line(ref, sha) for ref, sha in sorted(self.refs.items()) if ref.startswith(below))

    def _fetch(self, address: str, wishes: Sequence[str], header: str) -> None:
        token = b64decode(header.rpartition(" ")[2]).decode().partition(":")[2]
        there = self.serve(address, token)
        found: dict[str, str] = {}
        for wish in wishes:
            source, _, target = wish.removeprefix("+").partition(":")
            found |= self._found(there, source, target)
        families = [wish.rpartition(":")[2].rstrip("*") for wish in wishes if wish.endswith("*")]
        for ref in [ref for ref in self.refs if ref.startswith(tuple(families)) and ref not in found]:
            del self.refs[ref]
        self.refs.update(found)

    def _found(self, there: Mapping[str, str], source: str, target: str) -> dict[str, str]:
        if source.endswith("*"):
            return {ref: sha for ref, sha in there.items() if ref.startswith(source[:-1])}
        if re.fullmatch("[0-9a-f]{40}", source):
            if not self.has(source):
                raise GitFailed(128, f"fatal: remote error: upload-pack: not our ref {source}")
            return {target: source}
        if source not in there:
            raise GitFailed(128, f"fatal: couldn't find remote ref {source}")
        return {target: there[source]}
