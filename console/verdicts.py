"""Verdicts of earlier runs, in the user's cache folder: what depends on nothing that changed is not judged again.

A verdict names every file that was read or tried for it and what that held, so that it is used only where judging
would see the same bytes. What is kept is a file per working tree; whatever is wrong with it, it counts as absent.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from console.contents import Contents, Stat, digest
from console.whole_files import put
from console.working_tree import WorkingTree
from reconciler.flows.findings import Finding
from reconciler.flows.globs import SETTINGS_FILE

_VARIANTS: Final = 4  # verdicts of one path: switching between branches finds them again
_PATHS: Final = 20_000  # of one tree; beyond, only those of the last run stay
_TREES: Final = 50
_BYTES: Final = 100 << 20  # of all trees
_ROOT: Final = Path(__file__).parents[1]
_JUDGING: Final = ("reconciler/flows", "reconciler/plan", "console")
_BROKEN: Final = (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)

Variant = tuple[dict[str, str | None], str]  # what was read, by path, and the findings as JSON, "" for none


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one file came to. `reads` are the paths that it depends on, itself included, absent ones too."""

    findings: tuple[Finding, ...]
    reads: frozenset[str]


class Verdicts:
    """The verdicts on the files of one tree. Without a `folder` nothing is known and nothing is kept."""

    def __init__(self, tree: WorkingTree, folder: Path | None) -> None:
        self._file = folder and folder / f"{digest(os.fsencode(tree.root))}.json"
        self._build = build_id(_ROOT) if folder else ""
        self._stats, self._variants = self._loaded()
        self._contents = Contents(tree, self._stats)
        self._used: dict[str, list[Variant]] = {}
        self._new = False

    def judged(self, file: str, judge: Callable[[Callable[[str], bytes | None]], Sequence[Finding]]) -> Verdict:
        """The verdict on a file: a known one, or what `judge` says, which is given how to read."""
        known = self._known(file)
        if known is not None:
            return known
        reads: dict[str, str | None] = {SETTINGS_FILE: self._contents.id(SETTINGS_FILE)}

        def read(path: str) -> bytes | None:
            data = self._contents.read(path)
            reads[path] = self._contents.id(path)
            return data

        findings = tuple(judge(read))
        with suppress(ValueError):  # names that are no text, as file systems have them, are judged each time
            self._used[file] = [(reads, _encoded(findings)), *self._variants.get(file, ())][:_VARIANTS]
            self._new = True
        return Verdict(findings, frozenset(reads))

    def _known(self, file: str) -> Verdict | None:
        for variant in self._variants.get(file, ()):
            reads, findings = variant
            if all(self._contents.id(path) == held for path, held in reads.items()):
                self._used[file] = [variant, *(one for one in self._variants[file] if one is not variant)]
                return Verdict(_decoded(findings), frozenset(reads))
        return None

    def save(self) -> None:
        """Keep what is new for the next run; where that cannot be done, the next run judges again."""
        if self._file is None:
            return
        if not self._new and not self._contents.stats.items() - self._stats.items():
            with suppress(OSError):
                os.utime(self._file)  # it is in use: others are pruned first
            return
        stats, variants = {**self._stats, **self._contents.stats}, {**self._variants, **self._used}
        if len(variants) > _PATHS:
            stats, variants = self._contents.stats, self._used
        body = json.dumps([self._build, stats, variants], separators=(",", ":")).encode()
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            put(self._file, digest(body).encode() + b"\n" + body, durable=False)
            _prune(self._file.parent)

    def _loaded(self) -> tuple[dict[str, tuple[Stat, str]], dict[str, list[Variant]]]:
        """What an earlier run has kept, if the same code has kept it."""
        if self._file is None:
            return {}, {}
        try:
            seal, _, body = self._file.read_bytes().partition(b"\n")
            build, stats, variants = json.loads(body) if seal == digest(body).encode() else ("", {}, {})
            if build != self._build:
                return {}, {}
            known = {path: ((*stat,), held) for path, (stat, held) in stats.items()}
            return known, {path: [(reads, found) for reads, found in many] for path, many in variants.items()}
        except _BROKEN:
            return {}, {}


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where verdicts are kept: below XDG_CACHE_HOME, by default ~/.cache; None where the user has no folder."""
    given = environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):
        return Path(given, "headgate", "verdicts")
    home = environment.get("HOME", "")
    return Path(home, ".cache", "headgate", "verdicts") if os.path.isabs(home) else None


def build_id(root: Path) -> str:
    """What the code below `root` that judges is told apart by: its sources, the interpreter, and installed packages.

    By content: a checkout that was edited, and a release that was built twice, judge anew.
    """
    files = sorted(path for folder in _JUDGING for path in (root / folder).rglob("*.py"))
    parts = [digest(path.read_bytes()) for path in files]
    return digest("\n".join([sys.version, *_packages(), *map(str, files), *parts]).encode())


def _packages() -> list[str]:
    """Names with versions, as installers leave them; asking importlib.metadata for them would take 20 ms."""
    names: list[str] = []
    for folder in sys.path:
        with suppress(OSError):
            names += [name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info"))]
    return sorted(names)


def _encoded(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    from reconciler.plan.encoding import encode

    return encode(findings).decode()


def _decoded(findings: str) -> tuple[Finding, ...]:
    if not findings:
        return ()
    from reconciler.plan.encoding import decode

    return decode(findings, tuple[Finding, ...])


def _prune(folder: Path) -> None:
    """The trees that were judged last stay."""
    kept: list[Any] = sorted(((one.stat(), one) for one in folder.iterdir()), key=lambda pair: -pair[0].st_mtime_ns)
    room = _BYTES
    for index, (stat, file) in enumerate(kept):
        room -= stat.st_size
        if index >= _TREES or room < 0:
            file.unlink(missing_ok=True)
