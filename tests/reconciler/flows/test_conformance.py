"""Real files with the verdicts of the real tool. They are not part of the project; without them this is skipped.

What each verdict asks of us is written in the collection's own README. Where we differ on purpose, the difference is a
rule, and stands here with its reason: no file and no text is named.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.flows.findings import Finding, Severity
from reconciler.flows.model import ParsedFile
from reconciler.flows.parse import parse, parse_preset
from reconciler.plan.build import build

_HERE = Path(__file__).resolve().parents[3]
_FILES = Path(os.environ.get("HEADGATE_CONFORMANCE", _HERE.parent / "shared" / "conformance"))
_STRICTER = {
    "template-unknown-name": "the name renders to nothing, and the command runs with a hole in it",
    "template-broken": "the op fails when it is compiled",
    "template-not-allowed": "templates are expressions over data, not programs",
    "cron-invalid": "the flow would never start, and nobody would be told",
    "yaml-duplicate-key": "one of the two values is lost without a word",
    "input-duplicate": "one of the two declarations is lost without a word",
    "op-duplicate": "references to the name mean either op (2.16 and 2.4 let it pass)",
    "dag-cycle": "the ops wait for each other forever, in nested dags as well",
    "op-unreachable": "nothing that can happen starts the op",
    "image-missing": "there is nothing to run, after build, presets and patches had their say",
    "matrix-param-unknown": "the children would all be the same",
    "build-on-dag": "a dag has no container that the image could be set on",
    "type-unknown": "no value could ever be of the type",
    "param-undeclared": "an error where the flow itself asks for it with `strictParams`",
}
_REFERENCES = {
    "ref-not-found": "what a file refers to is not always part of the collection, hooks and presets included",
    "ref-cycle": "two files of the collection may refer to each other",
    "ref-outside": "the collection is no repository",
    "ref-not-allowed": "nothing is fetched while a file is judged",
    "ref-unpinned": "the collection has no lock file",
}
_RUNS = ("valid",)
_NEEDS_PARAMS = ("lint-ok-needs-params",)
_NEEDS_REFERENCES = ("unresolved-network-ref", "unresolved-path-ref")
_ACCEPTED = (*_RUNS, *_NEEDS_PARAMS, *_NEEDS_REFERENCES)

pytestmark = pytest.mark.skipif(not _FILES.is_dir(), reason=f"no conformance files at {_FILES}")


def _cases(*verdicts: str) -> list[dict[str, str]]:
    """The cases with one of these verdicts of the newest tool, or all of them."""
    index = _FILES / "index.jsonl"
    cases = [json.loads(line) for line in index.read_text().splitlines()] if index.is_file() else []
    return [case for case in cases if not verdicts or case["polyaxon_2_18"] in verdicts]


def _judged(verdicts: tuple[str, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", _cases(*verdicts), ids=lambda case: case["file"])


def _read(path: str) -> bytes | None:
    file = _FILES / "files" / path
    return file.read_bytes() if file.is_file() else None


def _content(case: dict[str, str]) -> bytes:
    return (_FILES / "files" / case["file"]).read_bytes()


def _findings(parsed: ParsedFile, start: bool) -> Iterator[Finding]:
    yield from parsed.findings
    for flow in parsed.flows:
        yield from build(flow, _read, start=start).findings


def _errors(case: dict[str, str], start: bool = False) -> list[Finding]:
    parsed = parse(_content(case), case["file"])
    return [found for found in _findings(parsed, start) if found.severity is Severity.ERROR]


def _is_preset(case: dict[str, str]) -> bool:
    return any(flow.operation.is_preset for flow in parse(_content(case), case["file"]).flows)


@_judged((*_RUNS, *_NEEDS_PARAMS))
def test_what_the_real_tool_accepts_has_no_errors_but_by_our_stricter_rules(case: dict[str, str]) -> None:
    allowed = {*_STRICTER, *_REFERENCES}

    assert [found for found in _errors(case) if found.rule not in allowed] == []


@_judged(_RUNS)
def test_what_the_real_tool_accepts_can_start_without_params(case: dict[str, str]) -> None:
    assert "param-missing" not in [found.rule for found in _errors(case, start=True)]


@_judged(_NEEDS_PARAMS)
def test_a_component_with_required_inputs_cannot_start_without_params(case: dict[str, str]) -> None:
    assert "param-missing" not in [found.rule for found in _errors(case)]
    assert "param-missing" in [found.rule for found in _errors(case, start=True)]


@_judged(_NEEDS_REFERENCES)
def test_what_refers_to_something_elsewhere_has_findings_about_that_only(case: dict[str, str]) -> None:
    errors = {found.rule for found in _errors(case)}

    assert errors & set(_REFERENCES)
    assert errors <= {*_STRICTER, *_REFERENCES}


@pytest.mark.parametrize(
    "case",
    [case for case in _cases() if case["polyaxon_2_18"] not in _ACCEPTED],
    ids=lambda case: case["file"],
)
def test_what_the_real_tool_rejects_has_an_error_with_a_line(case: dict[str, str]) -> None:
    errors = _errors(case)
    older = case["polyaxon_2_16"] in _ACCEPTED or case["polyaxon_2_4"] in _ACCEPTED

    assert errors or older or _is_preset(case)
    assert all(1 <= found.span.line <= _content(case).count(b"\n") + 2 for found in errors)


@_judged(("rejected-lint-passes",))
def test_a_fragment_without_a_runtime_is_fine_as_a_preset(case: dict[str, str]) -> None:
    if {found.rule for found in _errors(case)} != {"run-missing"}:
        pytest.skip("not a fragment, or one with more to say about")

    assert [found for found in parse_preset(_content(case), case["file"])[1] if found.severity is Severity.ERROR] == []


def test_no_file_raises_as_a_preset() -> None:
    for case in _cases():
        parse_preset(_content(case), case["file"])
