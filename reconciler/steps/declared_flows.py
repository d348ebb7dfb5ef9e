"""The flows that a head declares against the flows that are known: what is new, changed, moved, broken, gone.

Only files that changed since the last look are parsed; for the rest, names and object ids are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from reconciler.flows.findings import Finding
from reconciler.plan.encoding import encode
from reconciler.records import FlowRow
from reconciler.steps.flow_files import Loaded, Revision, errors_of

Place = tuple[str, str]  # path of a file, name of a flow in it


@dataclass(slots=True)
class Comparison:
    """Rows as they are to be written, sorted by what happened to the flow; `kept` are as they were."""

    added: list[FlowRow] = field(default_factory=list)
    changed: list[FlowRow] = field(default_factory=list)
    moved: list[FlowRow] = field(default_factory=list)
    frozen: list[FlowRow] = field(default_factory=list)
    gone: list[FlowRow] = field(default_factory=list)
    kept: list[FlowRow] = field(default_factory=list)
    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)  # by file, of those that were parsed

    @property
    def rows(self) -> tuple[FlowRow, ...]:
        """Every row that may differ from what is stored."""
        return (*self.added, *self.changed, *self.moved, *self.frozen, *self.gone)

    @property
    def known(self) -> int:
        """How many flows were known before."""
        return len(self.kept) + len(self.changed) + len(self.moved) + len(self.frozen) + len(self.gone)


def compare(
    revision: Revision, known: Sequence[FlowRow], repository: str, sha: str, before: Revision | None
) -> Comparison:
    """What the head at `sha` declares against the known flows that are not retired.

    `before` is the head of the last look, None if there was none: a flow that is gone and one that is new are one that
    moved if their names and their plans, code aside, were equal.
    """
    found = Comparison()
    unchanged = [row for row in known if _unchanged(revision, row)]
    loaded = _load(revision, known, {row.id for row in unchanged}, found, _parts(revision, known, unchanged, before))
    aside = _referred_to(unchanged, loaded)
    rows = {(row.path, row.name): row for row in known}
    kept_places = {(row.path, row.name) for row in unchanged if (row.path, row.name) not in loaded}
    for place, row in rows.items():
        _sort(found, revision, row, loaded.get(place), place in kept_places, aside)
    new = {place: one for place, one in loaded.items() if place not in rows and one.startable and place[0] not in aside}
    _pair_moves(found, {place: one for place, one in new.items() if not one.errors}, before)
    moved_to = {(row.path, row.name) for row in found.moved}
    for place, one in new.items():
        if place not in moved_to and not one.errors:
            found.added.append(_declared(_new_row(repository, place, sha), one))
    return found


def _unchanged(revision: Revision, row: FlowRow) -> bool:
    if not row.at_head or row.frozen or row.path not in revision.tree:
        return False
    return row.declared == revision.declared(row.path, row.name, row.references)


def _parts(
    revision: Revision, known: Sequence[FlowRow], unchanged: Iterable[FlowRow], before: Revision | None
) -> set[str]:
    """Files that only serve unchanged flows as components, and are as they were: they can be no flows now either."""
    if before is None:
        return set()
    used = {path for row in unchanged for path in row.references} - {row.path for row in known}
    return {path for path in used if path in revision.tree and before.tree.get(path) == revision.tree[path]}


def _load(
    revision: Revision, known: Sequence[FlowRow], unchanged: set[str], found: Comparison, parts: set[str]
) -> dict[Place, Loaded]:
    """All flows of files in which something may have changed."""
    settled = {row.path for row in known if row.id in unchanged} - {
        row.path for row in known if row.id not in unchanged
    }
    files = [path for path in revision.flow_files if path not in settled | parts]
    revision.prefetch([*files, *(path for row in known if row.path in files for path in row.references)])
    loaded: dict[Place, Loaded] = {}
    for path in files:
        parsed = revision.parsed(path)
        several = revision.load_all(path)
        loaded |= {(path, one.flow.name): one for one in several}
        every = [*(parsed.findings if parsed else ()), *(finding for one in several for finding in one.findings)]
        found.findings[path] = tuple(dict.fromkeys(every))
    return loaded


def _referred_to(unchanged: Iterable[FlowRow], loaded: Mapping[Place, Loaded]) -> set[str]:
    """Files that other files refer to: components to use, not flows to run."""
    pairs = [(row.path, row.references) for row in unchanged if (row.path, row.name) not in loaded]
    pairs += [(path, one.references) for (path, _), one in loaded.items()]
    return {reference for path, references in pairs for reference in references if reference != path}


def _sort(
    found: Comparison, revision: Revision, row: FlowRow, loaded: Loaded | None, kept: bool, aside: set[str]
) -> None:
    """Put a known flow where it belongs. What does not parse is frozen: neither applied nor removed."""
    if loaded is not None and loaded.unbound and row.path not in aside:
        # Who forgets a value has not asked for the flow's removal.
        loaded = revision.load(row.path, row.name, start=True) or loaded
        found.findings[row.path] = tuple(dict.fromkeys((*found.findings.get(row.path, ()), *loaded.findings)))
    broken = errors_of(loaded.findings if loaded else found.findings.get(row.path, ()))
    if row.path not in revision.flow_files:
        found.gone.append(replace(row, at_head=False, frozen=""))
    elif broken:
        found.frozen.append(replace(row, at_head=True, frozen=_why(broken[0])))
    elif row.path in aside or (loaded is None and not kept) or (loaded is not None and not loaded.startable):
        found.gone.append(replace(row, at_head=False, frozen=""))
    elif loaded is None or _same(row, loaded):
        found.kept.append(row)
    else:
        found.changed.append(_declared(row, loaded))


def _same(row: FlowRow, loaded: Loaded) -> bool:
    return row == _declared(row, loaded)


def _why(finding: Finding) -> str:
    return f"{finding.file}:{finding.span.line}: {finding.message}"


def _declared(row: FlowRow, loaded: Loaded) -> FlowRow:
    return replace(
        row,
        path=loaded.flow.file,
        declared=loaded.declared,
        at_head=True,
        frozen="",
        references=loaded.references,
        settings_json=encode(loaded.settings),
    )


def _new_row(repository: str, place: Place, sha: str, scope: str = "") -> FlowRow:
    path, name = place
    identity = "\0".join((repository, scope, path, name, sha))
    return FlowRow(sha256(identity.encode()).hexdigest()[:20], repository, scope, path, name)


def _pair_moves(found: Comparison, new: Mapping[Place, Loaded], before: Revision | None) -> None:
    free = dict(sorted(new.items()))
    for row in sorted(found.gone, key=lambda row: row.path):
        namesakes = [place for place in free if place[1] == row.name]
        core = _core(row, before) if namesakes else ""
        place = next((place for place in namesakes if core and _core_of(free[place]) == core), None)
        if place is not None:
            found.moved.append(_declared(row, free.pop(place)))
    moved = {row.id for row in found.moved}
    found.gone = [row for row in found.gone if row.id not in moved]


def _core(row: FlowRow, before: Revision | None) -> str:
    """The hash of the plan that the flow had where it stood, its code aside."""
    loaded = before.load(row.path, row.name) if before is not None else None
    return _core_of(loaded) or row.applied_core


def _core_of(loaded: Loaded | None) -> str:
    return loaded.plan.core_hash if loaded is not None and loaded.plan is not None else ""
