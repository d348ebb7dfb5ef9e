"""Flow files at one revision of a repository: which there are, what they say, and a digest of what a plan depends on.

Shared by the steps that discover, review and apply flows. Nothing is decided here about what a change means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from reconciler.flows.findings import Finding, Severity
from reconciler.flows.globs import (
    COMPONENT_FOLDER,
    LOCK_FILE,
    PRESET_FOLDER,
    SETTINGS_FILE,
    FileRoles,
    files_by_role,
    is_flow_file,
)
from reconciler.flows.lock import parse_lock, state_of
from reconciler.flows.model import Flow, Json, ParsedFile
from reconciler.flows.parse import parse
from reconciler.flows.pins import is_mark
from reconciler.flows.settings import FlowSettings, RepositorySettings, parse_settings
from reconciler.plan.build import plan_of
from reconciler.plan.code import changed_code, code_id
from reconciler.plan.encoding import digest
from reconciler.plan.judge import Judgement, judge
from reconciler.plan.model import HASH_VERSION, Plan
from reconciler.plan.references import likely_references
from reconciler.ports import Source


@dataclass(frozen=True)
class Loaded:
    """One flow of a file at a revision, judged.

    `findings` are those of its file, of what it refers to and of its plan, with the repository's severities.
    """

    file: str
    name: str
    is_fragment: bool  # a preset or a template: made to be used by others
    findings: tuple[Finding, ...]
    references: tuple[str, ...]  # repository paths that were read or tried, and marks of pins
    unbound: tuple[str, ...]  # required inputs without a value
    declared: str  # digest of all that the plan depends on
    settings: FlowSettings
    code: str  # the code id
    is_scheduled: bool = False
    judgement: Judgement | None = None  # what a plan is made of

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop it."""
        return errors_of(self.findings)

    @property
    def startable(self) -> bool:
        """Whether it is a flow that could start, its mistakes aside."""
        return not (self.is_fragment or self.unbound)

    @cached_property
    def plan(self) -> Plan | None:
        """Made when it is asked for.

        None where a finding is an error, or where the flow cannot start (a preset, a template, inputs without a value).
        """
        return plan_of(self.judgement, self.code) if self.judgement is not None else None

    def without_plan(self) -> Loaded:
        """What was found out alone: many of these fit into memory at once."""
        return replace(self, judgement=None) if self.judgement is not None else self


class Revision:
    """The files of one commit or tree. Files are read when asked for, in one batch where that is known before."""

    def __init__(
        self, source: Source, repository: str, treeish: str, settings: RepositorySettings | None = None
    ) -> None:
        """`settings` replace the revision's own: a proposal is judged by those of its base."""
        self._source = source
        self._repository = repository
        self._treeish = treeish
        self.tree = source.tree(repository, treeish)
        self._contents: dict[str, bytes | None] = {}
        self._parsed: dict[str, ParsedFile | None] = {}
        own, self.settings_findings = self.tree.once(SETTINGS_FILE, lambda: parse_settings(self.read(SETTINGS_FILE)))
        self.settings = own if settings is None else settings

    @property
    def flow_files(self) -> tuple[str, ...]:
        """Every file of flows, sorted. Whether a single path is one, `is_flow` tells without looking at all."""
        return self._roles().flows

    @property
    def shared_files(self) -> tuple[str, ...]:
        """Every component and preset to share."""
        roles = self._roles()
        return (*roles.components, *roles.presets)

    def _roles(self) -> FileRoles:
        files = (path for path, entry in self.tree.items() if entry.is_regular)
        return self.tree.once(self.settings.flow_globs, lambda: files_by_role(files, self.settings))

    def is_flow(self, path: str) -> bool:
        """Whether a file is one of flows."""
        entry = self.tree.get(path)
        return entry is not None and entry.is_regular and is_flow_file(path, self.settings)

    def is_shared(self, path: str) -> bool:
        """Whether a file is a component or a preset to share."""
        entry = self.tree.get(path)
        roles = files_by_role((path,) if entry is not None and entry.is_regular else (), self.settings)
        return bool(roles.components or roles.presets)

    def prefetch(self, paths: Iterable[str]) -> None:
        """Read these files now, in one batch."""
        wanted = [path for path in paths if path not in self._contents]
        found = self._source.read(self._repository, self._treeish, wanted) if wanted else {}
        self._contents.update({path: found.get(path) for path in wanted})

    def prefetch_flows(self, files: Iterable[str]) -> None:
        """Read flow files and what they seem to refer to now, in two batches."""
        files = list(files)
        self.prefetch(files)
        guessed = (one for path in files for one in likely_references(self._contents[path] or b"", path))
        self.prefetch(sorted({path for path in guessed if path in self.tree}))

    def forget(self, path: str) -> None:
        """Let go of what a file says; it is parsed again if anybody asks."""
        self._parsed.pop(path, None)

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file, None where there is none."""
        if path not in self._contents:
            known = path in self.tree
            self._contents[path] = (
                self._source.read(self._repository, self._treeish, [path]).get(path) if known else None
            )
        return self._contents[path]

    def parsed(self, path: str) -> ParsedFile | None:
        """What a flow file says, with the repository's severities; None where it is absent."""
        if path not in self._parsed:
            data = self.read(path)
            self._parsed[path] = None if data is None else parse(data, path, self.settings.severities)
        return self._parsed[path]

    def load(
        self, path: str, name: str, start: bool = False, params: Mapping[str, Json] | None = None
    ) -> Loaded | None:
        """The flow of that name in a file; None where there is none that can be read.

        With `start` it is an error that a required input has no value: for what is known to be a flow. `params` are
        values that stand above the file's own.
        """
        parsed = self.parsed(path)
        flow = next((flow for flow in parsed.flows if flow.name == name), None) if parsed else None
        return None if parsed is None or flow is None else self._loaded(parsed, flow, start, params)

    def load_all(self, path: str) -> Sequence[Loaded]:
        """Every flow of a file; of equal names the first."""
        parsed = self.parsed(path)
        by_name: dict[str, Flow] = {}
        for flow in parsed.flows if parsed else ():
            by_name.setdefault(flow.name, flow)
        return tuple(self._loaded(parsed, flow) for flow in by_name.values()) if parsed else ()

    def declared(self, path: str, name: str, references: Sequence[str]) -> str:
        """The digest of all that a flow's plan depends on, given the paths that it refers to.

        Reads no file but the lock file, for flows that use what it pins: of it only their own pins count.
        """
        settings = self.settings.for_flow(path, name)
        return self._declared(path, name, references, settings, self.code(path, references, settings))

    def _declared(self, path: str, name: str, references: Sequence[str], settings: FlowSettings, code: str) -> str:
        entries = [(one, self._entry(one)) for one in (path, *references)]
        return digest([HASH_VERSION, name, entries, code, settings, self.settings.severities])

    def _entry(self, path: str) -> tuple[str, ...] | None:
        """What a path that is referred to stands for: mode and blob of a file, or what a pin is pinned to."""
        if not is_mark(path):
            return self.tree.get(path)
        lock, broken = parse_lock(self.read(LOCK_FILE))
        return self.tree.get(LOCK_FILE) if broken else state_of(path, lock, self.settings.remote)

    def code(self, path: str, references: Sequence[str], settings: FlowSettings) -> str:
        """The flow's code id; "" where its settings say `code: none`."""
        if settings.code == ():
            return ""
        aside = frozenset(one for one in references if one in self.tree and self._may_be_code(one))
        own = "" if self.is_flow(path) else path
        found_by = (path.rpartition("/")[0], own, settings.code, aside, self.settings.flow_globs)
        return self.tree.once(found_by, lambda: code_id(self.tree, path, references, settings.code, self.is_flow))

    def code_changed(self, before: Revision, path: str, references: Sequence[str], name: str) -> tuple[str, ...]:
        """The files of a flow's code that differ from an earlier revision."""
        globs = self.settings.for_flow(path, name).code
        if globs == ():
            return ()
        return changed_code(before.tree, self.tree, path, references, globs, self.is_flow)

    def _may_be_code(self, path: str) -> bool:
        return not path.startswith((COMPONENT_FOLDER, PRESET_FOLDER)) and not self.is_flow(path)

    def _loaded(
        self, parsed: ParsedFile, flow: Flow, start: bool = False, params: Mapping[str, Json] | None = None
    ) -> Loaded:
        settings = self.settings.for_flow(flow.file, flow.name)
        own = self.settings
        judgement = judge(flow, self.read, params, start, severities=own.severities, remote=own.remote)
        findings, references = _all_findings(parsed, judgement), judgement.references
        is_fragment = bool(flow.operation.is_preset or flow.operation.template)
        stops = is_fragment or judgement.unbound or errors_of(findings)
        root = None if stops else judgement.root
        code = self.code(flow.file, references, settings)
        return Loaded(
            flow.file,
            flow.name,
            is_fragment,
            findings,
            references,
            judgement.unbound,
            self._declared(flow.file, flow.name, references, settings, code),
            settings,
            code,
            is_scheduled=root is not None and root.ready.operation.schedule is not None,
            judgement=None if root is None else judgement,
        )


def load(
    source: Source,
    repository: str,
    treeish: str,
    path: str,
    name: str,
    settings: RepositorySettings | None = None,
) -> Loaded | None:
    """One flow at a revision; None where its file is absent or holds no such flow that can be read.

    `settings` None: the revision's own. Raises Waiting or Stalled as the source does.
    """
    return Revision(source, repository, treeish, settings).load(path, name)


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that are errors."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def _all_findings(parsed: ParsedFile, judgement: Judgement) -> tuple[Finding, ...]:
    """Each finding once, by place."""
    if not parsed.findings and not judgement.findings:
        return ()
    merged = {found.place: found for found in (*parsed.findings, *judgement.findings)}
    return tuple(sorted(merged.values(), key=lambda found: found.place))
