"""The way in: bytes of a flow file or preset to values and findings. Never raises, whatever the bytes are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from reconciler.flows.collecting import uncollected
from reconciler.flows.documents import read_fields
from reconciler.flows.findings import Finding, Severity, Span
from reconciler.flows.model import Flow, Operation, ParsedFile
from reconciler.flows.nodes import Node, Spelling
from reconciler.flows.operations import REFS, operation, root_component
from reconciler.flows.reader import read_documents
from reconciler.flows.report import Report
from reconciler.flows.rules import ACCEPTING, MAX_FINDINGS, RULES, finding
from reconciler.flows.shapes import BAD, described

_NAMING_COMPONENTS: Final = (*REFS, "component")


@uncollected
def parse(data: bytes, file: str, severities: Mapping[str, Severity] | None = None) -> ParsedFile:
    """All flows of a file and all that is wrong with it, sorted by place.

    `file` is relative to the repository's root. `severities` are the repository's own for lowerable rules. A document
    with errors is still a flow as far as it could be read.
    """
    nodes, broken = read_documents(data, file)
    report = Report(file)
    flows = []
    for index, node in enumerate(nodes):
        flow = _flow(node, index, report)
        if flow is not None:
            flows.append(flow)
    if not nodes and not broken:
        report.add("document-empty", "Add a flow: the file is empty.", Span(1, 1, 1, 1))
    findings = _settled(_all(broken, report), data, file, severities)
    return ParsedFile(file, tuple(flows), findings, tuple(report.spellings))


def parse_preset(data: bytes, file: str) -> tuple[Operation | None, tuple[Finding, ...]]:
    """A preset (a fragment of an operation) and what is wrong with it; None where it could not be read."""
    preset, findings, _ = spelled_preset(data, file)
    return preset, findings


def spelled_preset(data: bytes, file: str) -> tuple[Operation | None, tuple[Finding, ...], tuple[Spelling, ...]]:
    """The same, with the places in it that are written in older forms."""
    nodes, broken = read_documents(data, file)
    report = Report(file)
    if len(nodes) != 1:
        if not broken:
            span = nodes[1].span if nodes else Span(1, 1, 1, 1)
            report.add("document-empty", "Put exactly one document into a preset.", span)
        return None, _settled((*broken, *report.findings), data, file, None), ()
    preset = _preset(nodes[0], report)
    return preset, _settled(_all(broken, report), data, file, None), tuple(report.spellings)


def _all(broken: tuple[Finding, ...], report: Report) -> tuple[Finding, ...]:
    """What is wrong with the YAML and with the flows in it, and a word where more was found than is kept."""
    found = (*broken, *report.findings)
    if not report.overflowed and len(broken) < MAX_FINDINGS:
        return found
    message = f"Mend these first: the file has more than {MAX_FINDINGS} findings, the others are not shown."
    return (*found, finding("findings-too-many", message, report.file, found[-1].span))


def _settled(
    findings: tuple[Finding, ...], data: bytes, file: str, severities: Mapping[str, Severity] | None
) -> tuple[Finding, ...]:
    """All findings of a file as they count: by the repository's severities, then by the file's own comments."""
    if ACCEPTING not in data:
        return judged(findings, severities)
    from reconciler.flows.acceptances import accepted, read_acceptances  # few files accept anything

    acceptances, wrong = read_acceptances(data, file, severities)
    return accepted(judged((*findings, *wrong), severities), acceptances)


def judged(findings: tuple[Finding, ...], severities: Mapping[str, Severity] | None) -> tuple[Finding, ...]:
    """The findings sorted by place, each with the severity that the repository gives its rule.

    Where a file accepts one, only an error that the repository insists on counts.
    """
    given = {name: severity for name, severity in (severities or {}).items() if RULES[name].lowerable}
    changed = (
        replace(found, severity=given[found.rule], accepted="")
        if found.rule in given and (not found.accepted or given[found.rule] is Severity.ERROR)
        else found
        for found in findings
    )
    return tuple(sorted(changed, key=lambda found: found.place))


def default_name(file: str) -> str:
    """The name of a flow that says none: the file's stem, or its folder's where the file has a name without meaning."""
    folder, _, name = file.rpartition("/")
    stem = name.partition(".")[0]
    if stem.lower() in ("polyaxonfile", "polyaxon", ""):
        stem = folder.rpartition("/")[2] or stem
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in stem)
    return plain.strip("-") or "flow"


def _flow(node: Node, index: int, report: Report) -> Flow | None:
    if node.outline is None or node.outline == {}:
        report.add("document-empty", "Add a flow, or remove the empty document.", node.span)
        return None
    if type(node.outline) is not dict:
        report.add("field-type", f"Write the flow as a mapping, not {described(node)}.", node.span)
        return None
    name = _name(node) or default_name(report.file)
    values = read_fields(node, name, report)
    if values is BAD:
        return None
    is_component = _is_component(node)
    build = root_component if is_component else operation
    root = build(values, node, name, report)
    root = root if root.name == name else replace(root, name=name)
    return Flow(name, report.file, root, is_component, index, node)


def _name(node: Node) -> str | None:
    name = node.get("name")
    return name.value if name is not None and type(name.value) is str and name.value else None


def _is_component(node: Node) -> bool:
    kind = node.get("kind")
    if kind is not None and kind.value in ("component", "operation"):
        return bool(kind.value == "component")
    return not any(map(node.says, _NAMING_COMPONENTS))


def _preset(node: Node, report: Report) -> Operation | None:
    if type(node.outline) is not dict:
        report.add("field-type", f"Write the preset as a mapping, not {described(node)}.", node.span)
        return None
    path = _name(node) or default_name(report.file)
    values = read_fields(node, path, report)
    if values is BAD:
        return None
    for name in _NAMING_COMPONENTS:
        if name in values:
            message = f"Remove `{name}`: a preset is laid over an op and does not say which component it runs."
            report.add("field-conflict", message, node.key_span(name), path)
            del values[name]
    return operation({**values, "isPreset": True}, node, path, report)
