"""A working tree on disk: its files as a repository's, and its flows made ready to run. Nothing outside it is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha1
from pathlib import Path
from stat import S_ISREG

from console.failures import NO, Failure
from reconciler.flows.findings import Finding
from reconciler.flows.globs import SETTINGS_FILE, is_flow_file
from reconciler.flows.model import Flow, Json, ParsedFile
from reconciler.flows.near import near
from reconciler.flows.parse import parse
from reconciler.flows.settings import RepositorySettings, parse_settings
from reconciler.plan.build import Built, build
from reconciler.plan.code import code_id
from reconciler.plan.hash import hashed

_LARGEST = 11 << 20  # bytes; the reader refuses files over 10 MiB with a finding
_SKIPPED = frozenset({".git", ".hg", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"})


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """The tree under `root`: the repository that a file belongs to, else the file's own folder."""

    root: Path

    def relative(self, file: Path) -> str:
        """The file's path within the tree, with `/`."""
        return file.resolve().relative_to(self.root).as_posix()

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file of the tree; None for what is absent, a link, or outside."""
        file = self.root.joinpath(*path.split("/"))
        if any(part in ("", "..") for part in path.split("/")) or file.resolve() != file:
            return None
        try:
            with file.open("rb") as opened:
                return opened.read(_LARGEST)
        except OSError:
            return None

    def settings(self) -> tuple[RepositorySettings, tuple[Finding, ...]]:
        """What `.headgate.yaml` says."""
        return parse_settings(self.read(SETTINGS_FILE))

    def files(self) -> Iterator[str]:
        """Paths of the regular files, sorted within their folders; folders of tools are left out."""
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED)
            below = Path(folder).relative_to(self.root)
            for name in sorted(names):
                yield (below / name).as_posix()

    def entries(self) -> Mapping[str, tuple[str, str]]:
        """Every file as Git would list it: mode and blob id by path; what Git ignores is left out where it can say."""
        return {path: entry for path in self._code_files() if (entry := self._entry(path)) is not None}

    def _code_files(self) -> Iterable[str]:
        if not (self.root / ".git").exists():
            return self.files()
        from reconciler.adapters.git_revision import visible_files  # starts git, which judging alone does not need
        from reconciler.ports import ReconcileError

        try:
            return visible_files(self.root)
        except ReconcileError:  # a folder `.git` that is no repository: every file counts
            return self.files()

    def _entry(self, path: str) -> tuple[str, str] | None:
        file = self.root / path
        try:
            known = file.lstat()
            if not S_ISREG(known.st_mode):
                return None
            data = file.read_bytes()
        except OSError:
            return None
        blob = sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        return ("100755" if known.st_mode & 0o111 else "100644", blob)


def tree_of(file: Path) -> WorkingTree:
    """The working tree that a file or folder belongs to: the nearest one around it that has settings or is a checkout.

    A folder with settings of its own is a repository in the making, as a sample that lies in another one.
    """
    start = file.resolve()
    folder = start if start.is_dir() else start.parent
    signs = (SETTINGS_FILE, ".git")
    top = next((one for one in (folder, *folder.parents) if any((one / sign).exists() for sign in signs)), folder)
    return WorkingTree(top)


@dataclass(frozen=True, slots=True)
class ReadyFlow:
    """A flow of a working tree and what building it came to."""

    flow: Flow
    built: Built
    services: str  # keep or run


def parsed(tree: WorkingTree, path: str) -> ParsedFile:
    """A flow file of the tree, parsed under its own settings. Raises FileNotFoundError."""
    data = tree.read(path)
    if data is None:
        raise FileNotFoundError(2, "No such regular file in this tree", path)
    settings, _ = tree.settings()
    return parse(data, path, settings.severities)


def flow_in(tree: WorkingTree, file: Path, name: str | None) -> tuple[Flow, tuple[Finding, ...]]:
    """The flow that a command means by a file and perhaps a name, and the findings of its file. Raises Failure."""
    try:
        found = parsed(tree, tree.relative(file))
    except FileNotFoundError:
        raise Failure("no-file", "There is no such file.", where=str(file), do="Correct the path.") from None
    flows = [one for one in found.flows if name in (None, one.name)]
    if len(flows) == 1:
        return flows[0], found.findings
    where, names = str(file), [one.name for one in found.flows]
    if not names:
        do = "`headgate validate` shows what is wrong with it."
        raise Failure("no-flow", "The file holds no flow that can be read.", where=where, do=do, exit_code=NO)
    if name is None or name in names:
        do = "Choose one with --flow NAME."
        raise Failure("flow-unclear", f"The file holds {', '.join(names)}.", where=where, do=do)
    guess = near(name, names)
    do = f"Did you mean `{guess}`?" if guess else f"It holds {', '.join(names)}."
    raise Failure("flow-unknown", f"The file holds no flow `{name}`.", where=where, do=do)


def ready(tree: WorkingTree, flow: Flow, params: Mapping[str, Json], start: bool = True) -> ReadyFlow:
    """The plan of a flow as it stands on disk, code included."""
    settings, _ = tree.settings()
    built = planned(flow, tree.read, None, settings, params, start)
    if built.plan is not None:
        built = planned(flow, tree.read, tree.entries(), settings, params, start)
    return ReadyFlow(flow, built, settings.for_flow(flow.file, flow.name).services)


def planned(
    flow: Flow,
    read: Callable[[str], bytes | None],
    entries: Mapping[str, tuple[str, str]] | None,
    settings: RepositorySettings,
    params: Mapping[str, Json],
    start: bool = False,
) -> Built:
    """The plan of a flow from files wherever they are; without `entries` its code takes no part."""
    built = build(flow, read, params, start=start, severities=settings.severities, remote=settings.remote)
    globs = settings.for_flow(flow.file, flow.name).code
    if built.plan is None or entries is None or globs == ():
        return built
    code = code_id(entries, flow.file, built.references, globs, partial(is_flow_file, settings=settings))
    return replace(built, plan=hashed(replace(built.plan, code=code)))
