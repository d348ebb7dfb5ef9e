"""Findings in the formats of others: SARIF 2.1.0, JUnit XML, Markdown, and the commands of GitHub's workflow logs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from reconciler.checks.findings_text import address, one, ordered
from reconciler.checks.review_text import accepted_table, findings_table
from reconciler.checks.words import count, line, plain, quoted
from reconciler.flows.findings import Finding, Severity
from reconciler.flows.model import Json
from reconciler.flows.rules import RULES

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def sarif(findings: Sequence[Finding], version: str, pages: str = "") -> dict[str, Json]:
    """A SARIF 2.1.0 log with one run; columns count Unicode code points. Accepted findings are suppressed results."""
    found = ordered(findings)
    rules = sorted({finding.rule for finding in found})
    driver = {"name": "headgate", "version": version, "rules": [_sarif_rule(rule, pages) for rule in rules]}
    results = [_sarif_result(finding, rules.index(finding.rule)) for finding in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}


def _sarif_rule(rule: str, pages: str) -> dict[str, Json]:
    known = RULES.get(rule)
    described: dict[str, Json] = {"id": rule}
    if known is not None:
        described["shortDescription"] = {"text": known.summary}
    if pages:
        described["helpUri"] = address(rule, pages)
    return described


def _sarif_result(finding: Finding, index: int) -> dict[str, Json]:
    span = finding.span
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    place = {"artifactLocation": {"uri": quoted(finding.file).replace("%2F", "/")}, "region": region}
    result: dict[str, Json] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": place}],
    }
    if finding.accepted:
        result["suppressions"] = [{"kind": "inSource", "justification": plain(finding.accepted)}]
    return result


def _message(finding: Finding) -> str:
    hint = f" Did you mean {finding.suggestion}?" if finding.suggestion else ""
    said = "did you mean" in finding.message.lower()
    return plain(finding.message if said else finding.message + hint)


def junit(findings: Sequence[Finding], files: Sequence[str], sources: Mapping[str, bytes]) -> str:
    """A JUnit report: one case per file; errors fail it, the rest is its output."""
    by_file: dict[str, list[Finding]] = {file: [] for file in sorted(files)}
    for finding in ordered(findings):
        by_file.setdefault(finding.file, []).append(finding)
    failures = sum(any(_fails(finding) for finding in found) for found in by_file.values())
    cases = [_case(file, found, sources) for file, found in by_file.items()]
    head = f'<testsuite name="headgate validate" tests="{len(by_file)}" failures="{failures}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>", ""])


def _fails(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def _case(file: str, findings: Sequence[Finding], sources: Mapping[str, bytes]) -> str:
    name = quoteattr(_xml(file))
    if not findings:
        return f'  <testcase classname="flows" name={name}/>'
    body = _xml("\n\n".join(one(finding, sources) for finding in findings))
    errors = [finding for finding in findings if _fails(finding)]
    inner = f"<system-out>{escape(body)}</system-out>"
    if errors:
        inner = f"<failure message={quoteattr(_xml(line(errors[0].message)))}>{escape(body)}</failure>"
    return f'  <testcase classname="flows" name={name}>{inner}</testcase>'


def _xml(text: str) -> str:
    return _NOT_XML.sub("", plain(text))


def github(findings: Sequence[Finding]) -> str:
    """Workflow commands that make GitHub annotate the lines."""
    return "".join(_command(finding) + "\n" for finding in ordered(findings))


def _command(finding: Finding) -> str:
    span = finding.span
    places = {"file": finding.file, "line": span.line, "endLine": span.end_line}
    if span.line == span.end_line:
        places |= {"col": span.column, "endColumn": max(span.column, span.end_column - 1)}
    places["title"] = finding.rule
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in places.items())
    return f"::{finding.severity.value} {properties}::{_data(_message(finding))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def markdown(findings: Sequence[Finding], files: int) -> str:
    """A heading and the table that checks have, as for the summary of a job."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    title = f"{count(errors, 'error') if errors else 'No errors'} in {count(files, 'file')}"
    tables = (table(findings, "", "", "") for table in (findings_table, accepted_table))
    return "\n\n".join(part for part in (f"## Headgate: {title}", *tables) if part)
