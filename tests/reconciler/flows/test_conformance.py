"""Real files with the verdicts of the real tool. They are not part of the project; without them this is skipped."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reconciler.flows.findings import Finding, Severity
from reconciler.flows.model import ParsedFile
from reconciler.flows.parse import parse, parse_preset
from reconciler.plan.build import build

_HERE = Path(__file__).resolve().parents[3]
_FILES = Path(os.environ.get("HEADGATE_CONFORMANCE", _HERE.parent / "shared" / "conformance"))
_ACCEPTED = ("valid", "lint-ok-needs-params", "unresolved-network-ref", "unresolved-path-ref")
# Rules by which we refuse what the real tool lets pass, since it is certain to fail later.
_STRICTER = {
    "template-unknown-name",
    "template-broken",
    "template-not-allowed",
    "cron-invalid",
    "yaml-duplicate-key",
    "input-duplicate",
    "op-duplicate",
    "dag-cycle",
    "op-unreachable",
    "image-missing",
    "matrix-param-unknown",
    "build-on-dag",
    "type-unknown",
    "param-undeclared",
}
# What files refer to is not all part of the collection.
_REFERENCES = {"ref-not-found", "ref-not-allowed", "ref-unpinned", "ref-outside"}

pytestmark = pytest.mark.skipif(not _FILES.is_dir(), reason=f"no conformance files at {_FILES}")


def _cases() -> list[dict[str, str]]:
    index = _FILES / "index.jsonl"
    return [json.loads(line) for line in index.read_text().splitlines()] if index.is_file() else []


def _read(path: str) -> bytes | None:
    file = _FILES / "files" / path
    return file.read_bytes() if file.is_file() else None


def _errors(case: dict[str, str]) -> tuple[list[Finding], ParsedFile]:
    parsed = parse(_read(case["file"]) or b"", case["file"])
    built = [build(flow, _read, start=False).findings for flow in parsed.flows]
    found = [*parsed.findings, *(one for findings in built for one in findings)]
    return [one for one in found if one.severity is Severity.ERROR], parsed


def _accepted(case: dict[str, str]) -> bool:
    versions = ("polyaxon_2_18", "polyaxon_2_16", "polyaxon_2_4")
    return any(case[version] in _ACCEPTED for version in versions)


_CASES = _cases()


@pytest.mark.parametrize("case", [case for case in _CASES if _accepted(case)], ids=lambda case: case["file"])
def test_what_the_real_tool_accepts_has_no_errors(case: dict[str, str]) -> None:
    errors, _ = _errors(case)
    if any(one.rule == "kind-unsupported" for one in errors):
        pytest.skip("uses a kind that cannot be run yet")

    assert [one for one in errors if one.rule not in _STRICTER | _REFERENCES] == []


@pytest.mark.parametrize("case", [case for case in _CASES if not _accepted(case)], ids=lambda case: case["file"])
def test_what_the_real_tool_rejects_has_an_error_with_a_line(case: dict[str, str]) -> None:
    errors, parsed = _errors(case)
    if any(flow.operation.is_preset for flow in parsed.flows):
        pytest.skip("a preset: nothing is wrong with it as one")

    assert errors
    assert all(found.span.line >= 1 for found in errors)


def test_no_file_raises_as_a_preset() -> None:
    for case in _CASES:
        parse_preset((_FILES / "files" / case["file"]).read_bytes(), case["file"])
