"""Facts about the kinds that are written like a job: all their fields are read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reconciler.flows.said import CONTAINER, POD, built, component, rules

SERVICE: dict[str, Any] = {**POD, "ports": [8080], "replicas": 2, "isExternal": True, "rewritePath": False}


@pytest.mark.parametrize("kind", ["job", "notifier", "cleaner", "tuner"])
def test_all_fields_of_a_job_are_read_as_they_stand(kind: str) -> None:
    made, findings = built(component(run={"kind": kind, **POD}))

    assert [one.rule for one in findings] == ([] if kind == "job" else ["kind-unsupported"])
    assert made.plan is not None
    assert made.plan.root.run == POD


def test_all_fields_of_a_service_are_read_as_they_stand() -> None:
    made, findings = built(component(run={"kind": "service", **SERVICE}))

    assert findings == []
    assert made.plan is not None
    assert made.plan.root.run == SERVICE


@pytest.mark.parametrize(
    ("kind", "fields", "rule"),
    [
        ("job", {"ports": [80]}, "field-unknown"),
        ("job", {"container": "python"}, "field-type"),
        ("job", {"init": [{"git": {"url": "a"}, "paths": "b"}]}, "field-conflict"),
        ("job", {"init": [{"file": {"filename": "a"}}]}, "field-missing"),
        ("job", {"environment": {"restartPolicy": "Maybe"}}, "value-not-allowed"),
        ("job", {"environment": {"securityContext": {"runAs": 1}}}, "field-unknown"),
        ("job", {"environment": {"hostAliases": [{"hostnames": ["a"]}]}}, "field-missing"),
        ("service", {"ports": ["80"]}, "field-type"),
        ("service", {"replicas": "2"}, "field-type"),
        ("notifier", {"replicas": 2}, "field-unknown"),
    ],
)
def test_a_wrong_use_is_one_finding(kind: str, fields: dict[str, Any], rule: str) -> None:
    assert rules(component(run={"kind": kind, "container": CONTAINER, **fields})) == [("error", rule)]


def test_fields_below_the_root_are_taken_in_snake_case_too() -> None:
    made, findings = built(
        component(
            termination={"max_retries": 2},
            run={"kind": "service", "container": CONTAINER, "is_external": True, "environment": {"node_name": "n"}},
        )
    )
    assert findings == []
    assert made.plan is not None
    assert made.plan.root.max_retries == 2
    assert made.plan.root.run["isExternal"] is True
    assert made.plan.root.run["environment"] == {"nodeName": "n"}


@pytest.mark.parametrize("key", ["run_patch", "is_approved", "strict_params"])
def test_fields_of_the_root_are_not(key: str) -> None:
    assert ("error", "field-unknown") in rules(component(**{key: True}))
