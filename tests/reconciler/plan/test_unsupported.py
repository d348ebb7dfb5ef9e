"""Facts about what can be written and not be run yet: a warning on its line, and a run that does not start."""

from __future__ import annotations

import pytest

from reconciler.flows.findings import Severity
from tests.reconciler.engine.driver import Driver

UUID = "d9ae64b0-b0ea-4d6c-8a1f-ab6cc1d4bf4d"
JOB = "component: {inputs: [{name: x, type: int, isOptional: true}], run: {kind: job, container: {image: a}}}"
CASES = [
    ("kind: component\nname: f\nrun:\n  kind: notifier\n  container: {image: a}\n", 4, "`notifier` cannot be run yet"),
    ("kind: component\nname: f\nrun:\n  kind: cleaner\n  container: {image: a}\n", 4, "`cleaner` cannot be run yet"),
    ("kind: component\nname: f\nrun:\n  kind: tuner\n  container: {image: a}\n", 4, "`tuner` cannot be run yet"),
    (
        "kind: component\nname: f\nrun:\n  kind: mpijob\n  launcher: {container: {image: a}}\n",
        4,
        "`mpijob` cannot be run yet",
    ),
    (
        "kind: component\nname: f\nrun:\n  kind: raycluster\n  head: {container: {image: a}}\n",
        4,
        "`raycluster` cannot be run yet",
    ),
    (
        "kind: component\nname: f\nrun:\n  kind: daskjob\n  job: {container: {image: a}}\n",
        4,
        "`daskjob` cannot be run yet",
    ),
    (
        "kind: component\nname: f\nrun:\n  kind: sparkjob\n  driver: {container: {image: a}}\n",
        4,
        "`sparkjob` cannot be run yet",
    ),
    (
        f"kind: operation\nname: f\nmatrix:\n  kind: iterative\n  maxIterations: 3\n  tuner: {{hubRef: t}}\n{JOB}\n",
        4,
        "`iterative` cannot be run yet",
    ),
    (f"kind: operation\nname: f\nbuild: {{hubRef: kaniko}}\n{JOB}\n", 3, "not built here yet"),
    (
        f"kind: operation\nname: f\nevents: [{{ref: connections.repo, kinds: [connection_git_commit]}}]\n{JOB}\n",
        3,
        "`connections.repo` are not supported",
    ),
    (
        f"kind: operation\nname: f\nevents: [{{ref: runs.{UUID}, kinds: [run_status_done]}}]\n{JOB}\n",
        3,
        "are not supported",
    ),
    (
        f"kind: operation\nname: f\nparams:\n  x: {{ref: runs.{UUID}, value: outputs.x}}\n{JOB}\n",
        4,
        "reads another run",
    ),
    (
        f"kind: operation\nname: f\njoins:\n- {{ref: runs.{UUID}, query: 'status: done'}}\n{JOB}\n",
        4,
        "are not supported",
    ),
]


@pytest.mark.parametrize(("text", "line", "words"), CASES, ids=[words for _, _, words in CASES])
def test_it_is_planned_and_a_warning_on_its_line(built, text, line, words):
    made = built(text)

    assert [(one.rule, str(one.severity), one.span.line) for one in made.findings] == [
        ("kind-unsupported", "warning", line)
    ]
    assert words in made.findings[0].message
    assert made.plan.root.unsupported == made.findings[0].message


@pytest.mark.parametrize(("text", "line", "words"), CASES, ids=[words for _, _, words in CASES])
def test_a_run_of_it_does_not_start_and_says_why_and_where(built, text, line, words):
    driver = Driver(built(text).plan).step()

    assert (driver.run.status, driver.run.reason) == ("failed", "Unsupported")
    assert words in driver.run.message
    assert driver.run.message.endswith("(flow.yaml:1)")
    assert driver.started == []


def test_a_query_that_only_polyaxon_knows_is_a_warning_and_does_not_start(built):
    text = f"kind: operation\nname: f\njoins:\n- {{query: 'artifacts.kind: model'}}\n{JOB}\n"
    made = built(text)

    assert [(one.rule, str(one.severity), one.span.line) for one in made.findings] == [("query-invalid", "warning", 4)]
    assert Driver(made.plan).step().run.reason == "Unsupported"


def test_a_repository_may_refuse_what_nothing_runs_yet(built):
    text = CASES[3][0]

    assert built(text, severities={"kind-unsupported": Severity.ERROR}).plan is None
