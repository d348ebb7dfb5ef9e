"""Facts about plans of flows that accept findings in their files."""

from __future__ import annotations

from reconciler.flows.findings import Severity
from tests.reconciler.plan.test_build_severities import CYCLE

HUB = """\
kind: component
name: part
run:
  kind: job
  # headgate: accept image-missing (every cluster fills it in)
  container:
    args: [a]
"""


def test_an_accepted_error_leaves_a_plan(built):
    text = "name: f\n# headgate: accept image-missing (filled in)\nrun: {kind: job, container: {args: [a]}}\n"
    result = built(text, {"flow.yaml": text})

    assert result.plan is not None
    assert [(found.severity, found.accepted) for found in result.findings] == [(Severity.NOTICE, "filled in")]


def test_the_file_that_a_finding_stands_in_accepts_it(built):
    user = "kind: operation\nname: f\nhubRef: part\n"
    result = built(user, {"flow.yaml": user, "hub/part.yaml": HUB})

    assert result.plan is not None
    assert [(found.file, found.accepted) for found in result.findings] == [
        ("hub/part.yaml", "every cluster fills it in")
    ]


def test_an_accepted_error_without_which_nothing_can_run_stays_an_error(built):
    text = "# headgate: accept-file dag-cycle (it works here)\n" + CYCLE
    result = built(text, {"flow.yaml": text})

    assert result.plan is None
    assert [(found.rule, found.severity, found.accepted) for found in result.findings] == [
        ("dag-cycle", Severity.ERROR, "")
    ]


def test_what_the_repository_insists_on_cannot_be_accepted(built):
    text = (
        "name: f\nparams: {x: 1} # headgate: accept param-undeclared (later)\nrun: {kind: job, container: {image: a}}\n"
    )
    result = built(text, {"flow.yaml": text}, severities={"param-undeclared": Severity.ERROR})

    assert result.plan is None
    assert [(found.rule, found.severity) for found in result.findings] == [("param-undeclared", Severity.ERROR)]
