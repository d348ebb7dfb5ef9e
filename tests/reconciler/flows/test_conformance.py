"""Real files with the verdicts of the real tool. They are not part of the project; without them this is skipped."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from reconciler.flows.findings import Severity
from reconciler.flows.parse import parse, parse_preset

_HERE = Path(__file__).resolve().parents[3]
_FILES = Path(os.environ.get("HEADGATE_CONFORMANCE", _HERE.parent / "shared" / "conformance"))
_ACCEPTED = ("valid", "lint-ok-needs-params", "unresolved-network-ref", "unresolved-path-ref")
# Rules by which we refuse what the real tool lets pass, since it is certain to fail later.
_STRICTER = {
    "cron-invalid", "yaml-duplicate-key", "input-duplicate", "op-duplicate", "type-unknown",
}  # fmt: skip
# What the real tool refuses for reasons that only the compiled plan can see.
_BY_PLAN = (
    "dag contains an orphan ops", "not acyclic", "requires a component with name", "has no ops to validate",
    "no such information", "does not correspond to", "non optional inputs", "could not be resolved",
    "contextOnly", "has no run",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not _FILES.is_dir(), reason=f"no conformance files at {_FILES}")


def _cases() -> list[dict[str, str]]:
    index = _FILES / "index.jsonl"
    return [json.loads(line) for line in index.read_text().splitlines()] if index.is_file() else []


def _rules(case: dict[str, str]) -> Counter[str]:
    data = (_FILES / "files" / case["file"]).read_bytes()
    found = parse(data, case["file"]).findings
    return Counter(one.rule for one in found if one.severity is Severity.ERROR)


def _accepted(case: dict[str, str]) -> bool:
    versions = ("polyaxon_2_18", "polyaxon_2_16", "polyaxon_2_4")
    return any(case[version] in _ACCEPTED for version in versions)


_CASES = _cases()


@pytest.mark.parametrize("case", [case for case in _CASES if _accepted(case)], ids=lambda case: case["file"])
def test_what_the_real_tool_accepts_has_no_errors(case: dict[str, str]) -> None:
    rules = _rules(case)
    if "kind-unsupported" in rules:
        pytest.skip("uses a kind that cannot be run yet")

    assert set(rules) <= _STRICTER, parse((_FILES / "files" / case["file"]).read_bytes(), "f").findings


@pytest.mark.parametrize("case", [case for case in _CASES if not _accepted(case)], ids=lambda case: case["file"])
def test_what_the_real_tool_rejects_has_an_error_with_a_line(case: dict[str, str]) -> None:
    if any(words in case["reason_2_18"] for words in _BY_PLAN):
        pytest.skip("refused by what only the plan knows")

    parsed = parse((_FILES / "files" / case["file"]).read_bytes(), case["file"])
    if any(flow.operation.is_preset for flow in parsed.flows):
        pytest.skip("a preset: nothing is wrong with it as one")
    errors = [found for found in parsed.findings if found.severity is Severity.ERROR]
    assert errors
    assert all(found.span.line >= 1 for found in errors)


def test_no_file_raises_as_a_preset() -> None:
    for case in _CASES:
        parse_preset((_FILES / "files" / case["file"]).read_bytes(), case["file"])
