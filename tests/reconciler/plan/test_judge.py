"""Flows judged without a plan: what is found, and that nobody is asked where that stands which is right."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from reconciler.flows.documents import read_fields
from reconciler.flows.fast_reader import read_fast
from reconciler.flows.findings import Severity
from reconciler.flows.model import Flow
from reconciler.flows.operations import root_component
from reconciler.flows.parse import parse
from reconciler.flows.report import Report
from reconciler.plan.build import build, plan_of
from reconciler.plan.judge import judge
from tests.reconciler.plan.test_build_answers import DATA, FILES, FLOW, places, with_value

ROOT = Path(__file__).resolve().parents[3]
CONFORMANCE = Path(os.environ.get("HEADGATE_CONFORMANCE", ROOT.parent / "shared" / "conformance"))
LOWERED = {"image-missing": Severity.WARNING, "dag-cycle": Severity.NOTICE, "ref-not-found": Severity.WARNING}

BUSY = """\
  - name: again-{0}
    dagRef: part
    dependencies: [a]
    trigger: all_done
    conditions: '{{{{ params.rate.value > 0.5 }}}}'
    params: {{rate: {{ref: ops.a, value: outputs.loss}}, seen: {{value: '{{{{ globals.name }}}}', contextOnly: true}}}}
    termination: {{maxRetries: 2}}
"""


def files_of(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*.y*ml") if path.is_file())


def differing(data: bytes, file: str, read: Any) -> list[str]:
    """The flows of a file that are judged otherwise than they are built."""
    found = []
    for flow in parse(data, file).flows:
        for severities in (None, LOWERED):
            made = build(flow, read, start=False, severities=severities)
            judged = judge(flow, read, severities=severities)
            same = (judged.findings, judged.references, judged.unbound) == (
                made.findings,
                made.references,
                made.unbound,
            )
            if not same or (judged.root is None) != (made.plan is None):
                found.append(flow.name)
    return found


@pytest.mark.parametrize("value", [None, "{{ ops.a.outputs.loss }}"], ids=repr)
def test_a_flow_is_judged_as_it_is_built_whatever_is_wrong_with_it(value: Any) -> None:
    data = {path: json.dumps(with_value(path, value)).encode() for path in places(DATA)}

    assert [path for path, text in data.items() if differing(text, "f.yaml", FILES.get)] == []


def test_examples_are_judged_as_they_are_built() -> None:
    folder = ROOT / "examples"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}

    assert [file for file, data in files.items() if differing(data, file, files.get)] == []


@pytest.mark.skipif(not CONFORMANCE.is_dir(), reason=f"no conformance files at {CONFORMANCE}")
def test_real_files_are_judged_as_they_are_built() -> None:
    folder = CONFORMANCE / "files"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}

    assert [file for file, data in files.items() if differing(data, file, files.get)] == []


def nobody_asks() -> NoReturn:
    raise AssertionError("somebody asked for a place")


def unplaced_flow(data: bytes, file: str) -> Flow:
    """The flow of a component at the root of a file, whose places must not be asked for."""
    (node,) = read_fast(data, lambda _: True, nobody_asks, 1 << 20) or ()
    report = Report(file)
    root = root_component(read_fields(node, "f", report), node, "f", report)
    return Flow("f", file, root, is_component=True, node=node)


def test_a_flow_that_is_right_is_judged_without_asking_where_anything_stands() -> None:
    text = FLOW + "".join(map(BUSY.format, range(40)))
    judged = judge(unplaced_flow(text.encode(), "f.yaml"), FILES.get)

    assert judged.findings == ()
    assert judged.root is not None


def test_who_finds_something_asks_where_it_stands() -> None:
    wrong = FLOW.replace("dependencies: [a]", "dependencies: [aa]")

    with pytest.raises(AssertionError, match="asked for a place"):
        judge(unplaced_flow(wrong.encode(), "f.yaml"), FILES.get)


def test_a_judged_flow_is_planned_later_with_its_code() -> None:
    (flow,) = parse(FLOW.encode(), "f.yaml").flows
    judged = judge(flow, FILES.get, start=True)

    assert plan_of(judged, "c0de") == build(flow, FILES.get, code="c0de").plan
