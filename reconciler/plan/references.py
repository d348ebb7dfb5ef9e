"""References followed: which component or preset an op means, read from the repository at one revision.

What a reference may name is decided here; what a file says is the business of flows, and nothing is fetched: what
comes from elsewhere is what the lock file pins (locked.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from reconciler.flows.findings import Finding, Severity
from reconciler.flows.globs import LOCKED_FOLDER
from reconciler.flows.model import Component, Operation, ParsedFile, Ref
from reconciler.flows.parse import judged, parse, parse_preset
from reconciler.flows.pins import pin_in_hub
from reconciler.flows.remotes import RemoteSettings
from reconciler.plan.report import Place, Report, place_of
from reconciler.plan.suggestions import near

if TYPE_CHECKING:
    from reconciler.plan.locked import Locked, Said

Read = Callable[[str], bytes | None]

TRAIL_LIMIT = 32
_SEEMS = {
    "pathRef": re.compile(rb"pathRef:[ \t]*[\"']?([^\s\"',}\]]+)"),
    "hubRef": re.compile(rb"hubRef:[ \t]*[\"']?([^\s\"',}\]]+)"),
    "presets": re.compile(rb"presets:[ \t]*\[([^\]\n]*)\]"),
}
_SHORT = 16_384  # bytes of a component that is kept in memory
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*(:[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Scope:
    """What `dagRef` can name: the components of the dag and of those around it.

    `trail` names the references that led here since the last hook, `hooks` the hooks that led here.
    """

    components: Mapping[str, Component] = field(default_factory=dict)
    parent: Scope | None = None
    trail: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()

    def find(self, name: str) -> Component | None:
        """The nearest component of that name."""
        found = self.components.get(name)
        return found if found is not None or self.parent is None else self.parent.find(name)

    def names(self) -> tuple[str, ...]:
        """All names in reach, the nearest first."""
        return (*self.components, *(self.parent.names() if self.parent else ()))


@dataclass(frozen=True, slots=True)
class Resolved:
    """What an op runs: the component, what references inside it can reach, and the operations of referenced files
    around it, nearest to it first."""

    component: Component
    scope: Scope
    layers: tuple[Operation, ...] = ()


class References:
    """The files of one revision as references see them.

    `tried` holds every path that was asked for and the marks of pins.
    """

    def __init__(self, read: Read, report: Report, remote: RemoteSettings | None = None) -> None:
        self._read = read
        self._report = report
        self._contents: dict[str, bytes | None] = {}
        self._files: dict[str, ParsedFile | None] = {}
        self._presets: dict[str, tuple[bool, Operation | None]] = {}
        self._edges: dict[tuple[str, ...], Place] = {}  # where what leads to what, as trails name them
        self.tried: dict[str, None] = {}
        self._remote = remote or RemoteSettings()

    @cached_property
    def locked(self) -> Locked:
        """What comes from elsewhere; made and loaded for the few flows that ask for it."""
        from reconciler.plan.locked import Locked

        return Locked(self._content, self._report, self._remote, self.tried)

    def resolve(self, operation: Operation, scope: Scope, path: str) -> Resolved | None:
        """The component that the op puts to use; None, after a finding here or of the reader, where there is none."""
        if len(scope.trail) > TRAIL_LIMIT:
            message = f"References lead on over more than {TRAIL_LIMIT} components; shorten the way."
            self._report.add("ref-not-allowed", message, place_of(operation.file, operation.node), path)
            return None
        if operation.component is not None:
            return Resolved(operation.component, scope)
        if operation.ref is None:
            return None
        return self._FOLLOW[operation.ref.kind](self, operation, operation.ref, scope, path)

    def preset(self, name: str, place: Place, path: str) -> Operation | None:
        """The preset of that name; None, after a finding, where there is none."""
        if name not in self._presets:
            self._presets[name] = self._load_preset(name)
        exists, preset = self._presets[name]
        if not exists:
            message = f"There is no preset `{name}`: add presets/{name}.yaml or remove the name."
            self._report.add("ref-not-found", message, place, path)
        return preset

    def hub(self, name: str, place: Place, scope: Scope, path: str) -> Resolved | None:
        """The component `name[:tag]` of the hub; None, after a finding, where there is none."""
        files = _hub_files(name, "hub") if pin_in_hub(place.file) is None else ()
        file = next((file for file in files if self._parsed(file) is not None), None)
        if file is not None:
            return self._in_file(file, place, scope, path)
        remote = self.locked.hub_of(name, place.file)
        if remote is not None and (paths := _hub_files(remote[1], self.locked.folder_of(remote[0]))):
            file = self.locked.in_hub(remote[0], paths, _said(name, place, path))
            return self._in_locked(file, place, scope, path)
        wanted, guess = files[0] if files else "a file under hub/", self.locked.near_hub(name)
        hint = f"did you mean `{guess}`?" if guess else f"add {wanted} or correct the name."
        self._report.add("ref-not-found", f"Component `{name}` is not in the hub: {hint}", place, path, guess)
        return None

    def _follow_dag(self, operation: Operation, ref: Ref, scope: Scope, path: str) -> Resolved | None:
        component, place = scope.find(ref.value), place_of(operation.file, ref.node or operation.node)
        if component is None:
            guess = near(ref.value, scope.names())
            hint = f"did you mean `{guess}`?" if guess else "add it under `components`."
            message = f"The dag has no component `{ref.value}`; {hint}"
            self._report.add("ref-not-found", message, place, path, guess)
            return None
        # By identity: an inner component may have the name of an outer one.
        trail = (*scope.trail, f"{component.file}:{id(component)}#{ref.value}")
        self.lead(trail, place)
        if trail[-1] in scope.trail:
            self.cycle(trail, place, path)
            return None
        inner = replace(scope, trail=trail)
        defaults = component.defaults
        if component.run is None and defaults is not None and defaults.ref is not None:
            return self.resolve(replace(defaults, file=component.file, node=component.node), inner, path)
        return Resolved(component, inner)

    def _follow_path(self, operation: Operation, ref: Ref, scope: Scope, path: str) -> Resolved | None:
        place = place_of(operation.file, ref.node or operation.node)
        origin = self.locked.origin(operation.file)
        file = join_path(origin.name if origin and origin.hub else operation.file, ref.value)
        if file is None:
            message = f"`{ref.value}` leaves the repository; refer to a file inside it."
            self._report.add("ref-outside", message, place, path)
            return None
        if origin is not None:
            beside = self.locked.beside(origin, file if origin.hub else ref.value, _said(ref.value, place, path))
            return self._in_locked(beside, place, scope, path)
        if file.startswith(LOCKED_FOLDER):
            message = "Name what the lock file keeps by `hubRef` or `urlRef`, as it moves with them."
            self._report.add("ref-not-allowed", message, place, path)
            return None
        if self._parsed(file) is None:
            message = f"There is no file {file}; `pathRef` is relative to {operation.file}."
            self._report.add("ref-not-found", message, place, path)
            return None
        return self._in_file(file, place, scope, path)

    def _follow_hub(self, operation: Operation, ref: Ref, scope: Scope, path: str) -> Resolved | None:
        return self.hub(ref.value, place_of(operation.file, ref.node or operation.node), scope, path)

    def _follow_url(self, operation: Operation, ref: Ref, scope: Scope, path: str) -> Resolved | None:
        place = place_of(operation.file, ref.node or operation.node)
        file = self.locked.at_address(ref.value, _said(ref.value, place, path))
        return self._in_locked(file, place, scope, path)

    _FOLLOW = {"dag": _follow_dag, "path": _follow_path, "hub": _follow_hub, "url": _follow_url}  # noqa: RUF012

    def _in_locked(self, file: str | None, place: Place, scope: Scope, path: str) -> Resolved | None:
        return None if file is None else self._in_file(file, place, scope, path)

    def _in_file(self, file: str, place: Place, scope: Scope, path: str) -> Resolved | None:
        trail = (*scope.trail, file)
        self.lead(trail, place)
        if file in scope.trail:
            self.cycle(trail, place, path)
            return None
        parsed = self._parsed(file)
        if parsed is None or not parsed.flows:
            return None
        outer = parsed.flows[0].operation
        inner = self.resolve(outer, Scope(trail=trail, hooks=scope.hooks), path)
        return None if inner is None else replace(inner, layers=(*inner.layers, outer))

    def lead(self, trail: tuple[str, ...], place: Place) -> None:
        """Note where the end of a trail is referred to, to be said should it prove to be a circle."""
        self._edges.setdefault(trail[-2:] if len(trail) > 1 else ("", *trail), place)

    def cycle(self, trail: tuple[str, ...], place: Place, path: str) -> None:
        """Report that the end of a trail is in it already: once for each circle, wherever it was entered."""
        circle = trail[trail.index(trail[-1]) :]
        edges = [self._edges.get(pair, place) for pair in pairwise(circle)]
        first = edges.index(min(edges, key=lambda edge: (edge.file, edge.span)))
        names = [_shown(token) for token in circle[:-1]]
        names, edges = [*names[first:], *names[:first]], [*edges[first:], *edges[:first]]
        message = f"These refer to each other in a circle: {' → '.join([*names, names[0]])}; break it at one of them."
        others = zip(edges[1:], [*names[2:], names[0]], strict=True) if len(edges) > 1 else ()
        also = tuple((edge.file, edge.span, f"refers to {name}") for edge, name in others)
        self._report.add("ref-cycle", message, edges[0], path, also=also)

    def _parsed(self, file: str) -> ParsedFile | None:
        """What a file holds; None where it is absent."""
        if file not in self._files:
            data = self._bytes(file)
            self._files[file] = parsed = None if data is None else _read(data, file, self._report.severities)
            self._report.extend(_for_users(parsed.findings, file) if parsed else ())
        return self._files[file]

    def _load_preset(self, name: str) -> tuple[bool, Operation | None]:
        """Whether the preset's file exists, and what it says where it could be read."""
        for file in (f"presets/{name}.yaml", f"presets/{name}.yml"):
            data = self._bytes(file) if _HUB_NAME.fullmatch(name) and ".." not in name else None
            if data is not None:
                preset, findings = (_preset_before if len(data) <= _SHORT else parse_preset)(data, file)
                self._report.extend(judged(findings, self._report.severities))
                return True, preset
        return False, None

    def _bytes(self, file: str) -> bytes | None:
        self.tried[file] = None
        return self._content(file)

    def _content(self, file: str) -> bytes | None:
        if file not in self._contents:
            self._contents[file] = self._read(file)
        return self._contents[file]


def _read(data: bytes, file: str, severities: Mapping[str, Severity] | None) -> ParsedFile:
    if len(data) > _SHORT:
        return parse(data, file, severities)
    return _read_before(data, file, tuple(sorted((severities or {}).items())))


@lru_cache(maxsize=64)
def _read_before(data: bytes, file: str, severities: tuple[tuple[str, Severity], ...]) -> ParsedFile:
    """A component of a hub stands in hundreds of flows, which are judged one after the other."""
    return parse(data, file, dict(severities))


@lru_cache(maxsize=64)
def _preset_before(data: bytes, file: str) -> tuple[Operation | None, tuple[Finding, ...]]:
    return parse_preset(data, file)


def join_path(file: str, relative: str) -> str | None:
    """The repository path that `relative` means in `file`; None where it leaves the repository."""
    if relative.startswith("/") or "\\" in relative or "\0" in relative:
        return None
    parts = file.split("/")[:-1]
    for part in relative.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or None


def likely_references(data: bytes, file: str) -> set[str]:
    """Paths that a file seems to refer to, told by its look alone: so that they can be read together beforehand."""
    words = {kind: [word.decode("utf-8", "replace") for word in found.findall(data)] for kind, found in _SEEMS.items()}
    presets = (name.strip(" \"'") for names in words["presets"] for name in names.split(","))
    paths = (join_path(file, one) for one in words["pathRef"])
    shared = (path for name in words["hubRef"] for path in _hub_files(name, "hub"))
    return {*filter(None, paths), *shared, *(f"presets/{name}.yaml" for name in presets)}


def _hub_files(name: str, folder: str) -> tuple[str, ...]:
    """The files that may hold a component of a hub, the likeliest first."""
    if not _HUB_NAME.fullmatch(name) or ".." in name:
        return ()
    base, _, tag = name.partition(":")
    stems = [f"{base}/{tag}" if tag else base] + ([base] if tag == "latest" else [])
    inside = f"{folder}/" if folder else ""
    return tuple(f"{inside}{stem}{end}" for stem in stems for end in (".yaml", ".yml"))


def _for_users(findings: tuple[Finding, ...], file: str) -> tuple[Finding, ...]:
    """Of a file of elsewhere only what stops it: the rest is its authors' business."""
    if not file.startswith(LOCKED_FOLDER):
        return findings
    return tuple(found for found in findings if found.severity is Severity.ERROR)


def _shown(token: str) -> str:
    """A part of a trail in a sentence: a file, or the name of a component or hook."""
    return token.rpartition("#")[2]


def _said(word: str, place: Place, path: str) -> Said:
    from reconciler.plan.locked import Said

    return Said(word, place, path)
