"""Which flows a proposal touches and what merging it would do to each. Nothing is worded or posted here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from reconciler.checks.review import NO_EFFECT, FlowVerdict
from reconciler.flows.acceptances import unused_acceptances
from reconciler.flows.findings import Finding
from reconciler.flows.globs import COMPONENT_FOLDER, LOCK_FILE, PRESET_FOLDER
from reconciler.flows.lock import parse_lock, unused
from reconciler.flows.parse import judged, parse, parse_preset
from reconciler.plan.diff import diff
from reconciler.plan.model import Plan
from reconciler.records import FlowRow
from reconciler.steps.flow_files import Loaded, Revision, errors_of
from reconciler.steps.touching import Touch
from reconciler.store import Records

Place = tuple[str, str]  # path of a file, name of a flow in it


def judge(
    store: Records, repository: str, base: Revision, result: Revision, changed: Set[str]
) -> tuple[list[FlowVerdict], list[Finding]]:
    """A verdict for each flow that differs between the base and the result of the merge, and findings of no flow."""
    rows = {(row.path, row.name): row for row in store.flows(repository, scope="") if row.at_head and not row.retired}
    _prefetch(base, result, changed)
    places = _touched(rows, base, result, changed)
    aside = _referred_to(rows, result, places)
    moves = _moves(rows, places, base, result)
    verdicts: list[FlowVerdict] = []
    ours = {path for path in changed if result.is_flow(path) or result.is_shared(path)}
    loose = [finding for path in sorted(ours) for finding in _loose(result, path)]
    for place in sorted(places - set(moves.values())):
        found = _verdict(place, moves.get(place, place), rows, base, result, aside)
        if found is not None:
            verdicts.append(found)
        else:
            loaded = result.load(*place)
            loose += loaded.findings if loaded else ()
    said = {finding for verdict in verdicts for finding in verdict.findings}
    loose += _unused_acceptances(result, ours, [*said, *loose])
    if LOCK_FILE in changed:
        loose += _of_lock(result, aside, is_known=not errors_of([*said, *loose]))
    return verdicts, [finding for finding in dict.fromkeys(loose) if finding not in said]


def _of_lock(result: Revision, aside: Set[str], is_known: bool) -> Sequence[Finding]:
    """What is wrong with a changed lock file; what it pins without need only where what is used `is_known`."""
    lock, broken = parse_lock(result.read(LOCK_FILE))
    if broken or not is_known:
        return broken
    components = [path for path in result.shared_files if path.startswith(COMPONENT_FOLDER)]
    shared = {one for path in components for loaded in result.load_all(path) for one in loaded.references}
    return judged(unused(lock, aside | shared), result.settings.severities)


def _unused_acceptances(result: Revision, changed: Set[str], findings: Sequence[Finding]) -> Iterable[Finding]:
    """What changed files of ours accept without need. All that is wrong with one is among `findings`."""
    severities = result.settings.severities
    for path in sorted(changed):
        yield from judged(unused_acceptances(result.read(path) or b"", path, findings, severities), severities)


def _prefetch(base: Revision, result: Revision, changed: Set[str]) -> None:
    for revision in (base, result):
        revision.prefetch(path for path in changed if revision.is_flow(path) or revision.is_shared(path))


def _touched(rows: Mapping[Place, FlowRow], base: Revision, result: Revision, changed: Set[str]) -> set[Place]:
    places = {
        (path, one.name)
        for revision in (base, result)
        for path in changed
        if revision.is_flow(path)
        for one in revision.load_all(path)
    }
    touch = Touch(changed)
    for (path, name), row in rows.items():
        if not _may_differ(touch, path, name, row.references, base, result):
            continue
        before, after = (revision.declared(path, name, row.references) for revision in (base, result))
        if before != after:
            places.add((path, name))
    return places


def _may_differ(
    touch: Touch, path: str, name: str, references: Sequence[str], base: Revision, result: Revision
) -> bool:
    """False: all that the flow depends on is the same in both."""
    if base.settings != result.settings or touch.touches(path, references):
        return True
    return touch.touches_code(path, base.settings.code_of(path, name))


def _referred_to(rows: Mapping[Place, FlowRow], result: Revision, places: Iterable[Place]) -> set[str]:
    """Files that other files refer to after the merge: components to use, not flows to run."""
    places = set(places)
    pairs = [(path, row.references) for (path, name), row in rows.items() if (path, name) not in places]
    pairs += [(path, one.references) for path, name in places if (one := result.load(path, name)) is not None]
    return {reference for path, references in pairs for reference in references if reference != path}


def _loose(result: Revision, path: str) -> Sequence[Finding]:
    """What is wrong with a changed file by itself: a component, a preset, or a flow file without a readable flow."""
    data = result.read(path)
    if data is None:
        return ()
    if path.startswith(PRESET_FOLDER):
        return judged(parse_preset(data, path)[1], result.settings.severities)
    if path.startswith(COMPONENT_FOLDER):
        return parse(data, path, result.settings.severities).findings
    parsed = result.parsed(path)
    return parsed.findings if parsed is not None else ()


def _moves(rows: Mapping[Place, FlowRow], places: Set[Place], base: Revision, result: Revision) -> dict[Place, Place]:
    """Where flows stand after the merge and where they stood: equal names, equal plans but for the code."""
    gone = [place for place in sorted(places) if place in rows and result.load(*place) is None]
    came = [place for place in sorted(places) if place not in rows and place[0] not in base.tree]
    moves: dict[Place, Place] = {}
    for old in gone:
        before = _core(base, old)
        new = next(
            (one for one in came if one[1] == old[1] and one not in moves and _core(result, one) == before), None
        )
        if before and new is not None:
            moves[new] = old
    return moves


def _core(revision: Revision, place: Place) -> str:
    loaded = revision.load(*place)
    return loaded.plan.core_hash if loaded is not None and loaded.plan is not None else ""


def _verdict(
    place: Place, was: Place, rows: Mapping[Place, FlowRow], base: Revision, result: Revision, aside: Set[str]
) -> FlowVerdict | None:
    """None for what is no flow, before and after. `was` is where it stood before."""
    (path, name), row = place, rows.get(was)
    old = base.load(*was) if base.is_flow(was[0]) else None
    new = result.load(path, name) if result.is_flow(path) else None
    was_flow = row is not None or (old is not None and old.startable and old.plan is not None)
    if new is None:
        return _without_flow(place, result) if was_flow else None
    if was_flow and new.unbound and path not in aside:
        new = result.load(path, name, start=True) or new
    if path in aside or not new.startable:
        if was_flow and not new.errors:
            return FlowVerdict(name, path, new.findings, removed=True, starts=False, reason="no flow any more")
        return FlowVerdict(name, path, new.findings, starts=False) if was_flow else None
    code = result.code_changed(base, path, new.references, name) if old is not None and was == place else ()
    return _of_flow(place, row, old.plan if old else None, new, code)


def _without_flow(place: Place, result: Revision) -> FlowVerdict:
    """A flow that is not in its file: gone, or hidden by what cannot be read."""
    path, name = place
    parsed = result.parsed(path) if result.is_flow(path) else None
    findings = parsed.findings if parsed is not None else ()
    if findings:
        return FlowVerdict(name, path, findings, starts=False)
    return FlowVerdict(name, path, removed=True, starts=False)


def _of_flow(
    place: Place, row: FlowRow | None, old: Plan | None, new: Loaded, code_changed: tuple[str, ...]
) -> FlowVerdict:
    path, name = place
    reason = _why_not(row, old, new)
    return FlowVerdict(
        name,
        path,
        new.findings,
        plan=new.plan,
        plan_diff=diff(old, new.plan) if old is not None and new.plan is not None else None,
        starts=new.plan is not None and not reason,
        reason=reason or "merge",
        code_changed=code_changed,
        id=row.id if row is not None else "",
    )


def _why_not(row: FlowRow | None, old: Plan | None, new: Loaded) -> str:
    """Why merging starts no run; "" if it does."""
    if new.plan is None:
        return "it cannot be planned"
    applied = row.applied_plan if row is not None and row.applied_version == new.plan.version else ""
    if new.plan.hash == (applied or (old.hash if old is not None else "")):
        return NO_EFFECT
    if new.plan.schedule is not None:
        return "schedule"
    if "merge" not in new.settings.start_on:
        return "manual" if "manual" in new.settings.start_on else f"started by {', '.join(new.settings.start_on)}"
    return "paused" if row is not None and row.paused else ""
