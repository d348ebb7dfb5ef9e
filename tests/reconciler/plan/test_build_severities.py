"""Facts about plans under the severities of a repository."""

from __future__ import annotations

import pytest

from reconciler.flows.findings import Severity

CYCLE = """\
name: f
ops:
- {name: a, dagRef: c, dependencies: [b]}
- {name: b, dagRef: c, dependencies: [a]}
components:
- {name: c, run: {kind: job, container: {image: a}}}
"""
LOST = "kind: operation\nname: f\nhubRef: nope\n"


def test_a_lowered_rule_leaves_a_plan(built):
    result = built("name: f\nrun: {kind: job, container: {args: [a]}}\n", severities={"image-missing": Severity.NOTICE})
    assert result.plan is not None
    assert [(found.rule, found.severity) for found in result.findings] == [("image-missing", Severity.NOTICE)]


@pytest.mark.parametrize(("text", "rule"), [(CYCLE, "dag-cycle"), (LOST, "ref-not-found")])
def test_a_lowered_rule_without_which_nothing_can_run_stays_an_error(built, text, rule):
    result = built(text, severities={rule: Severity.WARNING})
    assert result.plan is None
    assert [(found.rule, found.severity) for found in result.findings] == [(rule, Severity.ERROR)]
