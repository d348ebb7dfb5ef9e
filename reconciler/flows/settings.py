"""`.headgate.yaml`: what a repository says about its flows. Nothing of ours goes into the flow files themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from reconciler.flows.composite import Built, Either, Listing, Record, Table, passing
from reconciler.flows.findings import Finding, Severity, Span
from reconciler.flows.globs import SETTINGS_FILE, check_glob, matches
from reconciler.flows.model import Json
from reconciler.flows.nodes import Node
from reconciler.flows.reader import read_documents
from reconciler.flows.remotes import REFERENCES, RemoteSettings
from reconciler.flows.report import Report
from reconciler.flows.rules import RULES
from reconciler.flows.shapes import BAD, NUMBER, PLAIN_FLAG, TEXT, Shape, Whole, Words, described

DEFAULT_FLOW_GLOBS: Final = ("**/polyaxonfile.y*ml", "**/*.polyaxon.y*ml", "flows/**/*.y*ml")
DEFAULT_POLICY_GLOBS: Final = ("policies/**/*.y*ml",)


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """How one flow meets the world: what starts it, and what happens when it changes or goes.

    `code` holds the globs of the code that belongs to it: None is the default (its folder), empty is none.
    """

    start_on: tuple[str, ...] = ("merge",)  # of merge, tag, pull_request, manual
    on_new_plan: str = "queue"  # queue, cancel, parallel
    on_remove: str = "finish"  # finish, stop
    on_connect: str = "record"  # record, run
    services: str = "keep"  # keep, run
    code: tuple[str, ...] | None = None
    concurrency: int | None = None
    namespace: str | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What is said on commits: one check per flow or per op, with or without notes on the lines."""

    style: str = "flow"  # flow, op
    annotations: bool = True


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """Who may ask for things in comments and buttons: permissions at the forge, names of people and teams, `owners`."""

    allow: tuple[str, ...] = ("write", "maintain", "admin", "owners")


@dataclass(frozen=True, slots=True)
class RepositorySettings:
    """All of `.headgate.yaml`; the defaults are what an absent file means.

    `flows` are the settings by glob of path or name, as far as said: the keys are fields of `FlowSettings`.
    """

    flow_globs: tuple[str, ...] = DEFAULT_FLOW_GLOBS
    severities: Mapping[str, Severity] = field(default_factory=dict)
    flows: tuple[tuple[str, Mapping[str, Json]], ...] = ()
    checks: CheckSettings = field(default_factory=CheckSettings)
    commands: CommandSettings = field(default_factory=CommandSettings)
    policies: tuple[str, ...] = DEFAULT_POLICY_GLOBS
    remote: RemoteSettings = field(default_factory=RemoteSettings)

    def for_flow(self, path: str, name: str) -> FlowSettings:
        """The settings of a flow: of all globs that take its path or name, the later ones win field by field."""
        said: dict[str, Json] = {}
        for glob, values in self.flows:
            if matches(path, (glob,)) or matches(name, (glob,)):
                said |= values
        return _flow_settings(tuple((key, tuple(one) if isinstance(one, list) else one) for key, one in said.items()))

    def code_of(self, path: str, name: str) -> tuple[str, ...] | None:
        """The globs of the code of a flow, as `for_flow` gives them; it is asked for every flow of a repository."""
        saying = (glob for glob, values in self.flows if "code" in values)
        if any(matches(path, (glob,)) or matches(name, (glob,)) for glob in saying):
            return self.for_flow(path, name).code
        return None


@lru_cache(maxsize=1024)
def _flow_settings(said: tuple[tuple[str, Any], ...]) -> FlowSettings:
    """The settings with these fields; thousands of flows share a few of them."""
    return FlowSettings(**dict(said))


_GLOB: Final = Built(TEXT, passing(check_glob, "settings-invalid"))
GLOBS: Final = Either(
    "a glob or a list of globs",
    str=Built(_GLOB, lambda value, *_: [value]),
    list=Listing(_GLOB, templated=False),
)


class Code:
    """Globs of code, or `none`."""

    takes = "a list of globs or none"

    def read(self, node: Node, path: str, report: Report) -> Any:
        return [] if node.value == "none" else GLOBS.read(node, path, report)


_START: Final = Words("merge", "tag", "pull_request", "manual")
_NAMES: Final = {
    "startOn": "start_on",
    "onNewPlan": "on_new_plan",
    "onRemove": "on_remove",
    "onConnect": "on_connect",
}
_FLOW_FIELDS: Final[dict[str, Shape]] = {
    "startOn": Either(
        "one of, or a list of, merge, tag, pull_request, manual",
        str=Built(_START, lambda value, *_: [value]),
        list=Listing(_START, templated=False),
    ),
    "onNewPlan": Words("queue", "cancel", "parallel"),
    "onRemove": Words("finish", "stop"),
    "onConnect": Words("record", "run"),
    "services": Words("keep", "run"),
    "code": Code(),
    "concurrency": Whole(minimum=1, templated=False),
    "namespace": TEXT,
    "priority": Whole(templated=False),
}


def _flow_values(values: Any, _node: Node, _path: str, _report: Report) -> dict[str, Json]:
    return {_NAMES.get(key, key): value for key, value in values.items()}


class ByGlob:
    """A mapping from globs of flows to their settings."""

    takes = "a mapping"
    table = Table(Built(Record(_FLOW_FIELDS, templated=False), _flow_values), templated=False)

    def read(self, node: Node, path: str, report: Report) -> Any:
        values = self.table.read(node, path, report)
        for glob in values if values is not BAD else ():
            try:
                check_glob(glob)
            except ValueError as error:
                report.add("settings-invalid", str(error), node.key_span(glob), path)
        return values


class Severities:
    """A mapping from names of rules to severities."""

    takes = "a mapping"
    table = Table(Words(*Severity), templated=False)

    def read(self, node: Node, path: str, report: Report) -> Any:
        values = self.table.read(node, path, report)
        if values is BAD:
            return BAD
        return {rule: Severity(word) for rule, word in values.items() if self._can_be_set(rule, node, path, report)}

    def _can_be_set(self, rule: str, node: Node, path: str, report: Report) -> bool:
        if rule in RULES and RULES[rule].lowerable:
            return True
        suggestion = None if rule in RULES else report.near(rule, RULES)
        reason = "without it the file has no clear meaning" if rule in RULES else "there is no such rule"
        message = f"Remove `{rule}`: {reason}."
        report.add("settings-invalid", message, node.key_span(rule), path, suggestion=suggestion)
        return False


SETTINGS: Final = Record(
    {
        "version": NUMBER,
        "flows": GLOBS,
        "settings": ByGlob(),
        "checks": Record({"style": Words("flow", "op"), "annotations": PLAIN_FLAG}, templated=False),
        "commands": Record({"allow": Listing(TEXT, templated=False)}, templated=False),
        "policies": GLOBS,
        "severities": Severities(),
        "references": REFERENCES,
    },
    templated=False,
)


def parse_settings(data: bytes | None, file: str = SETTINGS_FILE) -> tuple[RepositorySettings, tuple[Finding, ...]]:
    """The settings of a repository and what is wrong with them; `None` is an absent file, which is fine.

    Where there are errors the settings hold what could be read, and nothing should be removed or started by them.
    """
    if data is None:
        return RepositorySettings(), ()
    nodes, broken = read_documents(data, file)
    report = Report(file)
    settings = RepositorySettings()
    if len(nodes) > 1:
        report.add("settings-invalid", "Put the settings into one document.", nodes[1].span)
    elif nodes and nodes[0].value is not None:
        settings = _settings(nodes[0], report)
    findings = sorted((*broken, *report.findings), key=lambda found: found.place)
    return settings, tuple(findings)


def _settings(node: Node, report: Report) -> RepositorySettings:
    if not isinstance(node.value, dict):
        report.add("field-type", f"Write the settings as a mapping, not {described(node)}.", _start(node))
        return RepositorySettings()
    values = SETTINGS.read(node, "settings", report)
    checks, commands = values.get("checks", {}), values.get("commands", {})
    return RepositorySettings(
        flow_globs=tuple(values.get("flows", DEFAULT_FLOW_GLOBS)),
        severities=values.get("severities", {}),
        flows=tuple(values.get("settings", {}).items()),
        checks=CheckSettings(**checks),
        commands=CommandSettings(tuple(commands["allow"])) if "allow" in commands else CommandSettings(),
        policies=tuple(values.get("policies", DEFAULT_POLICY_GLOBS)),
        remote=values.get("references", RemoteSettings()),
    )


def _start(node: Node) -> Span:
    return Span(node.line, node.column, node.line, node.column + 1)
