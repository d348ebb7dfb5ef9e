"""Trial runs of a proposal: which flow is meant and with what inputs, and which of them have to end.

A trial run is of the proposal's head as it is. Its flow has a row of its own, in the scope of the proposal and for this
one head: the default branch has no part in it. The step of the proposal alone makes and ends such rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from reconciler.flows.findings import Finding, Severity
from reconciler.flows.given import at_given, mistakes, value_of
from reconciler.flows.model import Json
from reconciler.flows.near import near
from reconciler.flows.settings import RepositorySettings
from reconciler.keys import FlowKey
from reconciler.plan.encoding import encode
from reconciler.plan.model import Plan
from reconciler.ports import World
from reconciler.records import FlowRow, RequestRow, ReviewRow
from reconciler.steps.flow_files import Loaded, Revision
from reconciler.steps.looks import look_of

SERVICES = "run"  # instances of services end with the run


class NotRun(Exception):
    """It cannot be run. `findings` are what is wrong with it, those of given values named after them."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Trial:
    """A flow of a proposal's head that can be run."""

    flow: FlowRow
    plan: Plan


def trial(world: World, row: ReviewRow, settings: RepositorySettings, name: str, params: Mapping[str, str]) -> Trial:
    """The flow of this name at the head, with these inputs. `settings` are those of the base. Raises NotRun."""
    revision = Revision(world.source, row.repository, row.head, settings)
    loaded = _loaded(_files(world, row, revision), revision, name, _values(params))
    _check(loaded, params)
    if loaded.plan is None:
        raise NotRun(f"`{name}` cannot be planned.", loaded.findings)
    return Trial(_flow(world, row, loaded), loaded.plan)


def request_of(found: Trial, plan: str, request: RequestRow, number: int, by: str) -> RequestRow:
    """The request to run it: the one of this number that a comment asks for. `plan` is the id of its row."""
    flow = found.flow
    arguments: Mapping[str, Json] = {
        "plan": plan,
        "commit": flow.applied_sha,
        "branch": flow.scope,
        "proposal": flow.scope,
        "services": SERVICES,
    }
    return RequestRow(
        f"{request.id}:run:{number}", FlowKey(flow.id), "run", by, request.at, flow.id, arguments=arguments
    )


def is_under_way(world: World, flow: FlowRow) -> bool:
    """Whether a trial run of the flow lives, or was asked for."""
    if any(request.verb == "run" for request in world.store.requests(FlowKey(flow.id))):
        return True
    return bool(world.store.runs(flow=flow.id, live=True, limit=1))


def on_trial(world: World, repository: str, proposal: str) -> Sequence[FlowRow]:
    """The flows of a proposal that have, or had, trial runs of its present head."""
    return [row for row in world.store.flows(repository, scope=proposal) if row.at_head and row.applied_sha]


def left_behind(world: World, repository: str, proposal: str, head: str) -> Sequence[FlowRow]:
    """The flows whose trial runs have to end, as they are to be written; `head` is "" where nothing is open."""
    rows = on_trial(world, repository, proposal)
    return [replace(row, at_head=False) for row in rows if row.applied_sha != head]


# --- the flow that is meant -------------------------------------------------------------------------------------------


def _files(world: World, row: ReviewRow, revision: Revision) -> Mapping[str, set[str]]:
    """Files of flows by the names that they are known to hold, and under "" those that nobody has looked into."""
    found: dict[str, set[str]] = {"": set(_changed(world, row))}
    for flow in world.store.flows(row.repository, scope=""):
        if not flow.retired:
            found.setdefault(flow.name, set()).add(flow.path)
    repository = world.store.repository(row.repository)
    look = look_of(repository.tree, repository.head) if repository is not None else None
    if look is None:
        return {**found, "": set(revision.flow_files)}
    for path, parts in look.parts.items():
        for part in parts:
            found.setdefault(part.name, set()).add(path)
    found[""] |= set(look.again)
    return found


def _changed(world: World, row: ReviewRow) -> Iterable[str]:
    """What differs from where the proposal began."""
    began = world.source.merge_base(row.repository, row.head, row.base)
    return world.source.changed(row.repository, began, row.head) or () if began else ()


def _loaded(files: Mapping[str, set[str]], revision: Revision, name: str, params: Mapping[str, Json]) -> Loaded:
    places = sorted(path for path in files.get(name, set()) | files[""] if revision.is_flow(path))
    found = [path for path in places if _has(revision, path, name)]
    if len(found) > 1:
        raise NotRun(f"Several files have a flow `{name}`: {', '.join(f'`{path}`' for path in found)}.")
    loaded = revision.load(found[0], name, start=True, params=params) if found else None
    if loaded is not None:
        return loaded
    broken = [finding for path in places for finding in _errors(revision, path)]
    guess = near(name, sorted({*files, *(one for path in places for one in _names(revision, path))} - {""}))
    hint = f" Did you mean `{guess}`?" if guess and not broken else ""
    raise NotRun(f"There is no flow `{name}` at this head that can be read.{hint}", broken)


def _has(revision: Revision, path: str, name: str) -> bool:
    return name in _names(revision, path)


def _names(revision: Revision, path: str) -> Sequence[str]:
    parsed = revision.parsed(path)
    return [flow.name for flow in parsed.flows] if parsed else []


def _errors(revision: Revision, path: str) -> Sequence[Finding]:
    parsed = revision.parsed(path)
    return [one for one in parsed.findings if one.severity is Severity.ERROR] if parsed else []


# --- its inputs -------------------------------------------------------------------------------------------------------


def _values(params: Mapping[str, str]) -> Mapping[str, Json]:
    values: dict[str, Json] = {}
    for name, text in params.items():
        try:
            values[name] = value_of(text)
        except ValueError:
            raise NotRun(f"The value of `{name}` is not YAML: write it as `'{name}=\"…\"'`.") from None
    return values


def _check(loaded: Loaded, params: Mapping[str, str]) -> None:
    """Raise NotRun where it cannot be started so."""
    if loaded.is_fragment:
        raise NotRun(f"`{loaded.name}` is a preset or a template: others use it, and it cannot be run by itself.")
    if wrong := mistakes(loaded.findings, loaded.name, params):
        shown = {name: f"{name}={text}" for name, text in params.items()}
        raise NotRun(f"`{loaded.name}` cannot be run so.", at_given(wrong, loaded.name, shown))


def _flow(world: World, row: ReviewRow, loaded: Loaded) -> FlowRow:
    identity = "\0".join((row.repository, row.proposal, loaded.file, loaded.name, row.head))
    name = sha256(identity.encode()).hexdigest()[:20]
    known = world.store.flow(name)
    if known is not None:  # it was closed meanwhile, and opened again
        return replace(known, at_head=True, retired=False)
    return FlowRow(
        name,
        row.repository,
        row.proposal,
        loaded.file,
        loaded.name,
        declared=loaded.declared,
        applied_sha=row.head,
        references=loaded.references,
        settings_json=encode(loaded.settings),
    )
