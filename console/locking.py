"""The lock file of a working tree brought up to date: what is wanted is obtained, what is not wanted any more goes.

What comes of it is told, not written; writing it is lock_files.py's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from console.working_tree import WorkingTree
from reconciler.errors import ReconcileError, Waiting
from reconciler.flows.findings import Finding, Severity
from reconciler.flows.globs import LOCK_FILE
from reconciler.flows.lock import Lock, LockedHub, digest_of, parse_lock, written
from reconciler.flows.model import Flow
from reconciler.flows.near import near
from reconciler.flows.parse import parse
from reconciler.flows.pins import Pin
from reconciler.flows.remotes import HubSource, RemoteSettings
from reconciler.plan.locked import Said
from reconciler.plan.wanted import Wanted, wanted

_ROUNDS = 40  # of texts that want texts; references do not lead on over more
_MOST = 2_000  # texts of one time; a text may name any number of others


class HubCommit(Protocol):
    """A hub repository at one commit."""

    @property
    def sha(self) -> str: ...

    @property
    def entries(self) -> Mapping[str, tuple[str, str]]: ...

    def read(self, path: str) -> bytes | None: ...


class Elsewhere(Protocol):
    """The world outside of the tree; None stands in for it where nothing may be fetched."""

    def texts(self, urls: Sequence[str]) -> Mapping[str, bytes | ReconcileError]:
        """What addresses give."""
        ...

    def hub(self, name: str, source: HubSource, sha: str) -> HubCommit:
        """A hub at a commit; "" is what its revision means now. Raises ReconcileError."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Why a reference could not be locked. `away`: a retry may help."""

    where: str
    message: str
    away: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the lock was and is to be, the texts that have to be written, and what stands in the way of it.

    `broken` says why the lock that was could not be read; `unread` names flow files with mistakes, because of which
    nothing is removed.
    """

    before: Lock
    after: Lock
    texts: Mapping[str, bytes] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    broken: Finding | None = None
    unread: tuple[str, ...] = ()


class Locking:
    """One time of locking. `upgrade` are addresses and hubs whose pins are forgotten first."""

    def __init__(
        self, tree: WorkingTree, remote: RemoteSettings, elsewhere: Elsewhere | None, upgrade: Iterable[str] = ()
    ) -> None:
        self._tree = tree
        self._remote = remote
        self._elsewhere = elsewhere
        self._before, findings = parse_lock(tree.read(LOCK_FILE))
        self._broken = findings[0] if findings else None
        forgotten = {*upgrade, *(name for name in self._before.hubs if not self._before.is_current(name, remote))}
        kept = [pin for pin in self._before.pins() if (pin.hub or pin.name) not in forgotten]
        self._expected = self._lock = self._before.only(kept)
        self._texts: dict[str, bytes] = {}
        self._hubs: dict[str, HubCommit | ReconcileError] = {}
        self._problems: dict[tuple[Pin, ...], Problem] = {}

    def run(self, files: Sequence[str]) -> Outcome:
        """Lock what the flows of these files refer to, directly and through what that refers to."""
        flows, unread = self._flows(files)
        found: dict[int, Wanted] = {}
        todo = list(enumerate(flows))
        for _ in range(_ROUNDS):
            found |= {number: wanted(flow, self._read, self._remote) for number, flow in todo}
            missing = {pins: said for one in found.values() for pins, said in one.missing.items()}
            new = {pins: said for pins, said in missing.items() if pins not in self._problems}
            if not new:
                break
            self._obtain(new)
            todo = [(number, flow) for number, flow in todo if not new.keys().isdisjoint(found[number].missing)]
        return self._outcome(found.values(), unread)

    def _outcome(self, found: Iterable[Wanted], unread: tuple[str, ...]) -> Outcome:
        several = tuple(found)
        used = {pin for one in several for pin in one.used}
        refused = {Problem(_where(one), one.message) for each in several for one in each.refused}
        after = self._lock if unread else self._lock.only(used)
        texts = {pin.file: self._texts[pin.file] for pin in after.pins() if pin.file in self._texts}
        problems = tuple(sorted({*self._problems.values(), *refused}))
        return Outcome(self._before, after, texts, problems, self._broken, unread)

    def _flows(self, files: Sequence[str]) -> tuple[list[Flow], tuple[str, ...]]:
        parsed = [parse(data, file) for file in files if (data := self._tree.read(file)) is not None]
        unread = [one.file for one in parsed if any(found.severity is Severity.ERROR for found in one.findings)]
        return [flow for one in parsed for flow in one.flows], tuple(unread)

    def _read(self, path: str) -> bytes | None:
        """A file of the tree as it will be."""
        if path == LOCK_FILE:
            return written(self._lock) or None
        return self._texts[path] if path in self._texts else self._tree.read(path)

    # --- what is missing --------------------------------------------------------------------------------------------

    def _obtain(self, missing: Mapping[tuple[Pin, ...], Said]) -> None:
        if self._elsewhere is None:
            for pins, said in missing.items():
                self._refuse(pins, said, f"`{said.words}` is not locked, or not as it should be.")
            return
        if len(self._texts) + len(missing) > _MOST:
            for pins, said in missing.items():
                self._refuse(pins, said, f"`{said.words}` is one of more than {_MOST:,} texts: refer to fewer.")
            return
        urls = [pin.name for pin, *_ in missing if not pin.hub]
        texts = self._elsewhere.texts(urls) if urls else {}
        for pins, said in missing.items():
            if pins[0].hub:
                self._from_hub(pins, said)
            else:
                self._keep(pins, pins[0], texts[pins[0].name], said)

    def _from_hub(self, pins: tuple[Pin, ...], said: Said) -> None:
        name = pins[0].hub
        if name not in self._hubs:
            self._hubs[name] = self._hub(name)
        commit = self._hubs[name]
        if isinstance(commit, ReconcileError):
            self._refuse(pins, said, commit.message, isinstance(commit, Waiting))
            return
        for pin in pins:
            data = commit.read(pin.name)
            if data is not None:
                self._keep(pins, pin, data, said)
                return
        guess = near(pins[0].name, [path for path in commit.entries if path.endswith((".yaml", ".yml"))])
        hint = f"Did you mean {guess}?" if guess else "Correct the name."
        message = f"The hub `{name}` has no {pins[0].name} at {commit.sha[:10]}, which `{said.words}` means. {hint}"
        self._refuse(pins, said, message)

    def _hub(self, name: str) -> HubCommit | ReconcileError:
        """A hub at the commit that it is locked to, else at what its revision means now."""
        assert self._elsewhere is not None
        source, known = self._remote.hubs[name], self._lock.hubs.get(name)
        try:
            commit = self._elsewhere.hub(name, source, known.commit if known is not None else "")
        except ReconcileError as error:
            return error
        if known is None:
            self._lock = self._lock.with_hub(name, LockedHub(source.url, commit.sha, source.revision))
        return commit

    def _keep(self, pins: tuple[Pin, ...], pin: Pin, data: bytes | ReconcileError, said: Said) -> None:
        """Pin a text, unless it cannot be used or is not the one that was pinned before."""
        if isinstance(data, ReconcileError):
            self._refuse(pins, said, f"`{said.words}`: {data.message}", isinstance(data, Waiting))
            return
        mistakes = [found for found in parse(data, pin.file).findings if found.severity is Severity.ERROR]
        expected = self._expected.digest(pin)
        if mistakes:
            line, what = mistakes[0].span.line, mistakes[0].message
            self._refuse(pins, said, f"`{said.words}` gives no component that can be used. Line {line}: {what}")
        elif expected and expected != digest_of(data):
            do = f"look at it and take it by `headgate lock --upgrade {pin.hub or pin.name}`."
            self._refuse(pins, said, f"`{said.words}` gives another text than the one that is locked: {do}")
        else:
            self._lock = self._lock.with_digest(pin, digest_of(data))
            self._texts[pin.file] = data

    def _refuse(self, pins: tuple[Pin, ...], said: Said, message: str, away: bool = False) -> None:
        span = said.place.span
        self._problems[pins] = Problem(f"{said.place.file}:{span.line}:{span.column}", message, away)


def _where(finding: Finding) -> str:
    return f"{finding.file}:{finding.span.line}:{finding.span.column}"
