"""The flows that a head declares against the flows that are known: what is new, changed, moved, broken, gone.

Only files are parsed that changed since the last look, or that refer to what did; the rest cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import count

from reconciler.flows.findings import Finding
from reconciler.flows.settings import FlowSettings
from reconciler.plan.encoding import decode, encode
from reconciler.records import FlowRow
from reconciler.steps.flow_files import Loaded, Revision, errors_of
from reconciler.steps.looks import LastLook, Look, Part
from reconciler.steps.touching import Touch

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
    scheduled: set[Place] = field(default_factory=set)  # of the new ones: those with a schedule
    look: Look = field(default_factory=Look)  # for the next look

    @property
    def rows(self) -> tuple[FlowRow, ...]:
        """Every row that may differ from what is stored."""
        return (*self.added, *self.changed, *self.moved, *self.frozen, *self.gone)

    @property
    def known(self) -> int:
        """How many flows were known before."""
        return len(self.kept) + len(self.changed) + len(self.moved) + len(self.frozen) + len(self.gone)


def compare(
    revision: Revision,
    known: Sequence[FlowRow],
    repository: str,
    sha: str,
    last: LastLook | None = None,
    retired: Collection[str] = (),
) -> Comparison:
    """What the head at `sha` declares against the known flows; `retired` are the ids of others that were there once.

    `last` is what is known of the head before: what cannot have changed since is not looked at. A flow that is gone
    and one that is new are one that moved if their names and their plans, code aside, were equal.
    """
    last = last or LastLook()
    found = Comparison()
    unchanged = [row for row in known if _unchanged(revision, row, last.touch)]
    files, parts = _to_judge(revision, known, unchanged, last)
    loaded = _judged(revision, files, known, found)
    aside = _referred_to(unchanged, loaded, parts)
    freed = {path for path, several in parts.items() if path not in aside and any(one.is_startable for one in several)}
    loaded |= _judged(revision, freed, known, found)  # nobody refers to them any more
    kept_places = {(row.path, row.name) for row in unchanged if (row.path, row.name) not in loaded}
    rows = {(row.path, row.name): row for row in known}
    for place, row in rows.items():
        _sort(found, revision, row, loaded.get(place), place in kept_places, aside)
    new = {place: one for place, one in loaded.items() if place not in rows and one.startable and place[0] not in aside}
    _pair_moves(found, revision, {place: one for place, one in new.items() if not one.errors}, last.before)
    moved_to = {(row.path, row.name) for row in found.moved}
    for place, one in new.items():
        if place not in moved_to and not one.errors:
            found.added.append(_new_row(repository, one, sha, retired))
    found.scheduled = {place for place, one in new.items() if one.is_scheduled}
    found.look = _look(found, loaded, {path: parts[path] for path in parts.keys() - freed})
    return found


def _unchanged(revision: Revision, row: FlowRow, touch: Touch | None) -> bool:
    if not row.at_head or row.frozen or row.path not in revision.tree:
        return False
    if touch is not None and not _may_differ(row, touch):
        return True
    return row.declared == revision.declared(row.path, row.name, row.references)


def _may_differ(row: FlowRow, touch: Touch) -> bool:
    globs = decode(row.settings_json, FlowSettings).code if row.settings_json else None
    return touch.touches(row.path, row.references) or touch.touches_code(row.path, globs)


def _to_judge(
    revision: Revision, known: Sequence[FlowRow], unchanged: Sequence[FlowRow], last: LastLook
) -> tuple[set[str], dict[str, tuple[Part, ...]]]:
    """Files of flows in which something may have changed, and the parts in others."""
    kept = {row.id for row in unchanged}
    changed = {row.path for row in known if row.id not in kept}
    if last.found is None or last.touch is None:
        return _unsettled(revision, unchanged) | {path for path in changed if revision.is_flow(path)}, {}
    touch, known_parts = last.touch, last.found.parts
    changed |= {
        path for path, parts in known_parts.items() if any(touch.touches(path, one.references) for one in parts)
    }
    files = {path for path in (*changed, *last.found.again, *touch.changed) if revision.is_flow(path)}
    left = known_parts.keys() - files - touch.changed
    return files, {path: known_parts[path] for path in left}


def _unsettled(revision: Revision, unchanged: Sequence[FlowRow]) -> set[str]:
    """Every file of flows but those that hold unchanged flows and nothing else."""
    names: dict[str, set[str]] = {}
    for row in unchanged:
        names.setdefault(row.path, set()).add(row.name)
    revision.prefetch(revision.flow_files)
    files = set()
    for path in revision.flow_files:
        parsed = revision.parsed(path) if path in names else None
        if parsed is None or not {flow.name for flow in parsed.flows} <= names[path]:
            files.add(path)
        revision.forget(path)
    return files


def _judged(
    revision: Revision, files: Iterable[str], known: Sequence[FlowRow], found: Comparison
) -> dict[Place, Loaded]:
    """All flows of these files; their findings are noted."""
    files = sorted(files)
    among = frozenset(files)
    revision.prefetch_flows(files)
    revision.prefetch({path for row in known if row.path in among for path in row.references if path in revision.tree})
    loaded: dict[Place, Loaded] = {}
    for path in files:
        parsed = revision.parsed(path)
        several = revision.load_all(path)
        loaded |= {(path, one.name): one.without_plan() for one in several}
        every = [*(parsed.findings if parsed else ()), *(finding for one in several for finding in one.findings)]
        found.findings[path] = tuple(dict.fromkeys(every))
        revision.forget(path)
    return loaded


def _referred_to(
    unchanged: Iterable[FlowRow], loaded: Mapping[Place, Loaded], parts: Mapping[str, Sequence[Part]]
) -> set[str]:
    """Files that other files refer to: components to use, not flows to run."""
    pairs = [(row.path, row.references) for row in unchanged if (row.path, row.name) not in loaded]
    pairs += [(path, one.references) for (path, _), one in loaded.items()]
    pairs += [(path, one.references) for path, several in parts.items() for one in several]
    return {reference for path, references in pairs for reference in references if reference != path}


def _look(found: Comparison, loaded: Mapping[Place, Loaded], parts: Mapping[str, tuple[Part, ...]]) -> Look:
    """What the next look is to know of files that hold more than flows, sorted."""
    flows = {(row.path, row.name) for row in (*found.kept, *found.added, *found.changed, *found.moved)}
    others: dict[str, list[Part]] = {}
    for (path, name), one in loaded.items():
        if (path, name) not in flows:
            others.setdefault(path, []).append(Part(name, one.startable, one.references))
    unread = {path for path in found.findings if found.findings[path]} - {path for path, _ in loaded}
    wrong = {path for path in others if found.findings[path]} | unread
    again = wrong | {row.path for row in found.gone if row.path not in others}
    fresh = {path: tuple(several) for path, several in others.items() if path not in again}
    return Look(dict(sorted({**parts, **fresh}.items())), tuple(sorted(again)))


def _sort(
    found: Comparison, revision: Revision, row: FlowRow, loaded: Loaded | None, kept: bool, aside: set[str]
) -> None:
    """Put a known flow where it belongs. What does not parse is frozen: neither applied nor removed."""
    if loaded is not None and loaded.unbound and row.path not in aside:
        # Who forgets a value has not asked for the flow's removal.
        loaded = revision.load(row.path, row.name, start=True) or loaded
        found.findings[row.path] = tuple(dict.fromkeys((*found.findings.get(row.path, ()), *loaded.findings)))
    broken = errors_of(loaded.findings if loaded else found.findings.get(row.path, ()))
    if not revision.is_flow(row.path):
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
        path=loaded.file,
        declared=loaded.declared,
        at_head=True,
        frozen="",
        references=loaded.references,
        settings_json=encode(loaded.settings),
    )


def _new_row(repository: str, loaded: Loaded, sha: str, retired: Collection[str]) -> FlowRow:
    scope, path, name = "", loaded.file, loaded.name
    return FlowRow(
        _free_id("\0".join((repository, scope, path, name, sha)), retired),
        repository,
        scope,
        path,
        name,
        declared=loaded.declared,
        references=loaded.references,
        settings_json=encode(loaded.settings),
    )


def _free_id(identity: str, retired: Collection[str]) -> str:
    """The id of a flow; another one where one that came with this commit has gone, as a push by force lets it."""
    names = (identity if number == 0 else f"{identity}\0{number}" for number in count())
    ids = (sha256(name.encode()).hexdigest()[:20] for name in names)
    return next(one for one in ids if one not in retired)


def _pair_moves(
    found: Comparison, revision: Revision, new: Mapping[Place, Loaded], before: Callable[[], Revision] | None
) -> None:
    free = dict(sorted(new.items()))
    for row in sorted(found.gone, key=lambda row: row.path):
        namesakes = [place for place in free if place[1] == row.name]
        core = _core(row, before) if namesakes else ""
        place = next((place for place in namesakes if core and _core_of(revision.load(*place)) == core), None)
        if place is not None:
            found.moved.append(_declared(row, free.pop(place)))
    moved = {row.id for row in found.moved}
    found.gone = [row for row in found.gone if row.id not in moved]


def _core(row: FlowRow, before: Callable[[], Revision] | None) -> str:
    """The hash of the plan that the flow had where it stood, its code aside."""
    loaded = before().load(row.path, row.name) if before is not None else None
    return _core_of(loaded) or row.applied_core


def _core_of(loaded: Loaded | None) -> str:
    return loaded.plan.core_hash if loaded is not None and loaded.plan is not None else ""
