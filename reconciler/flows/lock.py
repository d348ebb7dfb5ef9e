"""`.headgate.lock`: what remote references were pinned to, and where the pinned texts lie in the repository.

Reading and writing the text of the lock file; what is pinned, and when, is decided by `headgate lock`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from reconciler.flows.composite import Built, Record, Table
from reconciler.flows.findings import Finding, Span
from reconciler.flows.globs import LOCK_FILE
from reconciler.flows.nodes import Node
from reconciler.flows.pins import Pin, is_plain_path, pin_marked
from reconciler.flows.reader import read_documents
from reconciler.flows.remotes import RemoteSettings, is_hub_name, is_plain_address
from reconciler.flows.report import Report
from reconciler.flows.rules import finding
from reconciler.flows.shapes import BAD, TEXT, WHOLE, Shape, described

VERSION: Final = 1
_HEAD = "# Written by `headgate lock`. Commit it together with .headgate/locked/, and change neither by hand.\n"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CONFLICT = re.compile(rb"^(?:<{7} |={7}$|>{7} |\|{7} )", re.MULTILINE)
_AGAIN = "run `headgate lock` to write it anew."


@dataclass(frozen=True, slots=True)
class LockedHub:
    """A hub repository at one commit: where it came from, and the digest of each file that is used."""

    url: str
    commit: str
    revision: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lock:
    """All that is pinned: digests of addresses, and hub repositories by name. `places` are lines of the
    lock file: a hub's own is that of the pin without a name."""

    urls: Mapping[str, str] = field(default_factory=dict)
    hubs: Mapping[str, LockedHub] = field(default_factory=dict)
    places: Mapping[Pin, Span] = field(default_factory=dict, compare=False, repr=False)

    def pins(self) -> tuple[Pin, ...]:
        """Everything that is pinned, sorted."""
        files = [Pin(name, path) for name, hub in self.hubs.items() for path in hub.files]
        return tuple(sorted([*(Pin("", url) for url in self.urls), *files]))

    def digest(self, pin: Pin) -> str:
        """What a file of elsewhere is pinned to; "" where it is not."""
        if not pin.hub:
            return self.urls.get(pin.name, "")
        hub = self.hubs.get(pin.hub)
        return hub.files.get(pin.name, "") if hub is not None else ""

    def is_of(self, name: str, settings: RemoteSettings) -> bool:
        """Whether a hub was locked from the repository that the settings name now."""
        hub, source = self.hubs.get(name), settings.hubs.get(name)
        return hub is not None and source is not None and hub.url == source.url

    def is_current(self, name: str, settings: RemoteSettings) -> bool:
        """Whether it was locked from the revision as well that the settings name now."""
        return self.is_of(name, settings) and self.hubs[name].revision == settings.hubs[name].revision

    def with_digest(self, pin: Pin, digest: str) -> Lock:
        """The lock with one file pinned. Its hub is pinned already."""
        if not pin.hub:
            return replace(self, urls={**self.urls, pin.name: digest})
        hub = self.hubs[pin.hub]
        return self.with_hub(pin.hub, replace(hub, files={**hub.files, pin.name: digest}))

    def with_hub(self, name: str, hub: LockedHub) -> Lock:
        """The lock with a hub repository pinned to a commit."""
        return replace(self, hubs={**self.hubs, name: hub})

    def only(self, pins: Iterable[Pin]) -> Lock:
        """The lock without whatever is not among `pins`."""
        kept = frozenset(pins)
        hubs = {
            name: replace(hub, files={path: one for path, one in hub.files.items() if Pin(name, path) in kept})
            for name, hub in self.hubs.items()
        }
        urls = {url: one for url, one in self.urls.items() if Pin("", url) in kept}
        return Lock(urls, {name: hub for name, hub in hubs.items() if hub.files})


def digest_of(data: bytes) -> str:
    """What a text is pinned by: line ends do not count, since a checkout may change them."""
    return "sha256:" + sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def state_of(mark: str, lock: Lock, settings: RemoteSettings) -> tuple[str, ...]:
    """All of the lock and the settings that decides what one file of elsewhere is, given the mark of its pin."""
    pin = pin_marked(mark)
    if not pin.hub:
        return (lock.digest(pin), settings.refusal(pin.name))
    hub, source = lock.hubs.get(pin.hub), settings.hubs.get(pin.hub)
    origin = (hub.url,) if hub is not None else ()
    return (lock.digest(pin), *origin, *((source.url, source.folder) if source is not None else ()))


def unused(lock: Lock, used: Iterable[str]) -> tuple[Finding, ...]:
    """A finding for each pin whose text is not among the paths that were read."""
    known = frozenset(used)
    return tuple(
        finding("lock-unused", f"Nothing refers to `{pin.shown}`: run `headgate lock`.", LOCK_FILE, span)
        for pin, span in sorted(lock.places.items(), key=lambda one: one[1])
        if pin.name and pin.file not in known
    )


def written(lock: Lock) -> bytes:
    """The text of a lock file, the same for equal locks; empty where nothing is pinned."""
    if not lock.urls and not lock.hubs:
        return b""
    lines = [_HEAD, f"version: {VERSION}\n"]
    if lock.urls:
        lines += ["urls:\n", *_entries(lock.urls, "  ")]
    if lock.hubs:
        lines.append("hubs:\n")
        for name, hub in sorted(lock.hubs.items()):
            said = {"url": hub.url, **({"revision": hub.revision} if hub.revision else {}), "commit": hub.commit}
            lines += [f"  {_quoted(name)}:\n", *(f"    {key}: {_quoted(one)}\n" for key, one in said.items())]
            lines += ["    files:\n", *_entries(hub.files, "      ")]
    return "".join(lines).encode()


def _entries(digests: Mapping[str, str], indent: str) -> list[str]:
    return [f"{indent}{_quoted(name)}: {_quoted(digest)}\n" for name, digest in sorted(digests.items())]


def _quoted(text: str) -> str:
    """As YAML reads it, which takes what JSON writes, and hidden characters only when escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in quoted)


def parse_lock(data: bytes | None) -> tuple[Lock, tuple[Finding, ...]]:
    """What a lock file says and what is wrong with it; None is an absent file, which pins nothing.

    Where something is wrong the lock holds what could be read; of a conflict, what its sides do not contradict.
    """
    return (Lock(), ()) if data is None else _parsed(data)


@lru_cache(maxsize=4)
def _parsed(data: bytes) -> tuple[Lock, tuple[Finding, ...]]:
    conflict = _CONFLICT.search(data)
    if conflict is not None:
        line = data.count(b"\n", 0, conflict.start()) + 1
        message = f"The lock file has the marks of a conflict: {_AGAIN}"
        return _agreed(*_sides(data)), (_invalid(message, Span(line, 1, line, 8)),)
    nodes, broken = read_documents(data, LOCK_FILE)
    if broken:
        return Lock(), tuple(_invalid(f"{found.message} Or {_AGAIN}", found.span) for found in broken)
    if len(nodes) != 1 or not isinstance(nodes[0].value, dict):
        span = nodes[-1].span if nodes else Span(1, 1, 1, 1)
        return Lock(), (_invalid(f"The lock file is no mapping: {_AGAIN}", span),)
    return _read(nodes[0])


def _sides(data: bytes) -> tuple[bytes, bytes]:
    """Both versions of a text with the marks of conflicts."""
    sides: tuple[list[bytes], list[bytes]] = [], []
    chosen: tuple[int, ...] = (0, 1)
    for line in data.splitlines(keepends=True):
        mark = line[:7] if _CONFLICT.match(line) else b""
        chosen = {b"<<<<<<<": (0,), b"|||||||": (), b"=======": (1,), b">>>>>>>": (0, 1)}.get(mark, chosen)
        for side in () if mark else chosen:
            sides[side].append(line)
    return b"".join(sides[0]), b"".join(sides[1])


def _agreed(one: bytes, other: bytes) -> Lock:
    """What two lock files say, but for what they contradict each other in; nothing where one cannot be read."""
    (ours, wrong), (theirs, too) = ((Lock(), ()) if _CONFLICT.search(side) else _parsed(side) for side in (one, other))
    if wrong or too:
        return Lock()
    hubs = {**theirs.hubs, **ours.hubs}
    for name in ours.hubs.keys() & theirs.hubs.keys():
        a, b = ours.hubs[name], theirs.hubs[name]
        if (a.url, a.commit, a.revision) == (b.url, b.commit, b.revision):
            hubs[name] = replace(a, files=_united(a.files, b.files))
        else:
            del hubs[name]
    return Lock(_united(ours.urls, theirs.urls), hubs)


def _united(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in {**other, **one}.items() if other.get(name, digest) == digest}


def _invalid(message: str, span: Span) -> Finding:
    return finding("lock-invalid", message, LOCK_FILE, span)


def _read(node: Node) -> tuple[Lock, tuple[Finding, ...]]:
    version = node.at("version")
    if type(version.value) is int and version.value > VERSION:
        message = f"The lock file is of version {version.value} and this program knows {VERSION}: upgrade headgate."
        return Lock(), (_invalid(message, version.span),)
    report = Report(LOCK_FILE)
    values = _LOCK.read(node, "lock", report)
    hubs = {name: LockedHub(**hub) for name, hub in values.get("hubs", {}).items() if {"url", "commit"} <= hub.keys()}
    lock = Lock(values.get("urls", {}), hubs)
    findings = tuple(sorted(report.findings, key=lambda found: found.place))
    places = {Pin(name, ""): node.at("hubs").key_span(name) for name in hubs}
    return replace(lock, places=places | {pin: _place(node, pin) for pin in lock.pins()}), findings


def _place(node: Node, pin: Pin) -> Span:
    files = node.at("hubs", pin.hub, "files") if pin.hub else node.at("urls")
    return files.key_span(pin.name)


def _matching(pattern: re.Pattern[str], what: str) -> Any:
    def check(value: str, node: Node, path: str, report: Report) -> Any:
        if pattern.fullmatch(value):
            return value
        report.add("lock-invalid", f"This is no {what}, but {described(node)}: {_AGAIN}", node.span, path)
        return BAD

    return Built(TEXT, check)


class _Named:
    """A mapping whose keys become parts of paths: others are left out, after a finding."""

    takes = "a mapping"

    def __init__(self, item: Shape, fits: Callable[[str], bool], what: str) -> None:
        self._table, self._fits, self._what = Table(item, templated=False), fits, what

    def read(self, node: Node, path: str, report: Report) -> Any:
        values = self._table.read(node, path, report)
        if values is BAD:
            return BAD
        for name in values:
            if not self._fits(name):
                report.add("lock-invalid", f"This is no {self._what}: {_AGAIN}", node.key_span(name), path)
        return {name: value for name, value in values.items() if self._fits(name)}


_HUB: Final = Record(
    {
        "url": TEXT,
        "revision": TEXT,
        "commit": _matching(_COMMIT, "commit"),
        "files": _Named(_matching(_DIGEST, "digest"), is_plain_path, "path of a repository"),
    },
    required=("url", "commit", "files"),
    templated=False,
)
_LOCK: Final = Record(
    {
        "version": WHOLE,
        "urls": _Named(_matching(_DIGEST, "digest"), is_plain_address, "address"),
        "hubs": _Named(_HUB, is_hub_name, "name of a hub"),
    },
    required=("version",),
    templated=False,
)
