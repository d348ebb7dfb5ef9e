"""Facts about distributed kinds: all their fields are read, and nothing runs them yet."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.flows.kinds.table import KINDS
from tests.reconciler.engine.driver import Driver
from tests.reconciler.flows.said import CONTAINER, POD, built, component, rules

REPLICA: dict[str, Any] = {"replicas": 2, **POD}
RAY: dict[str, Any] = {"minReplicas": 1, "maxReplicas": 3, "rayStartParams": {"num-cpus": "1"}, **REPLICA}
POLICIES: dict[str, Any] = {
    "cleanPodPolicy": "Running",
    "schedulingPolicy": {
        "minAvailable": 2,
        "queue": "gpu",
        "minResources": 4,
        "priorityClass": "high",
        "scheduleTimeoutSeconds": 60,
    },
}
TORCH_ELASTIC: dict[str, Any] = {
    "minReplicas": 1,
    "maxReplicas": 4,
    "rdvzBackend": "c10d",
    "rdvzPort": 29500,
    "rdvzHost": "host",
    "rdvzId": "id",
    "rdvzConf": [{"key": "timeout", "value": "900"}],
    "standalone": False,
    "nProcPerNode": 2,
    "maxRestarts": 3,
    "Metrics": [{"type": "Resource"}],
}
PADDLE_ELASTIC: dict[str, Any] = {"minReplicas": 1, "maxReplicas": 4, "maxRestarts": 3, "Metrics": [{"type": "Pods"}]}
RAY_FIELDS: dict[str, Any] = {
    "entrypoint": "python train.py",
    "runtimeEnv": {"pip": ["torch"]},
    "metadata": {"team": "churn"},
    "rayVersion": "2.9.0",
    "head": RAY,
    "workers": {"small": RAY, "large": RAY},
}
ALL_FIELDS: dict[str, dict[str, Any]] = {
    "tfjob": {
        **POLICIES,
        "enableDynamicWorker": True,
        "successPolicy": "AllWorkers",
        **dict.fromkeys(("chief", "ps", "worker", "evaluator"), REPLICA),
    },
    "pytorchjob": {
        **POLICIES,
        "elasticPolicy": TORCH_ELASTIC,
        "nProcPerNode": 2,
        **dict.fromkeys(("master", "worker"), REPLICA),
    },
    "mpijob": {**POLICIES, "slotsPerWorker": 2, **dict.fromkeys(("launcher", "worker"), REPLICA)},
    "jaxjob": {**POLICIES, "worker": REPLICA},
    "xgbjob": {**POLICIES, **dict.fromkeys(("master", "worker"), REPLICA)},
    "paddlejob": {**POLICIES, "elasticPolicy": PADDLE_ELASTIC, **dict.fromkeys(("master", "worker"), REPLICA)},
    "mxjob": {
        **POLICIES,
        "mode": "MXTrain",
        **dict.fromkeys(("scheduler", "server", "worker", "tuner", "tunerTracker", "tunerServer"), REPLICA),
    },
    "raycluster": {
        **RAY_FIELDS,
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {
            "upscalingMode": "Default",
            "imagePullPolicy": "Always",
            "resources": {"limits": {"cpu": "1"}},
        },
    },
    "rayjob": RAY_FIELDS,
    "daskcluster": {"minReplicas": 1, "maxReplicas": 4, **dict.fromkeys(("worker", "scheduler"), REPLICA)},
    "daskjob": dict.fromkeys(("job", "worker", "scheduler"), REPLICA),
    "sparkjob": {
        "type": "python",
        "sparkVersion": "3.5.0",
        "pythonVersion": "3",
        "deployMode": "cluster",
        "mainClass": "org.example.Main",
        "mainApplicationFile": "local:///app/main.py",
        "arguments": ["--rows", "10"],
        "hadoopConf": {"fs.s3a.endpoint": "store"},
        "sparkConf": {"spark.executor.memory": "2g"},
        "hadoopConfigMap": "hadoop",
        "sparkConfigMap": "spark",
        **dict.fromkeys(("driver", "executor"), REPLICA),
    },
}


def run(kind: str, **fields: Any) -> dict[str, Any]:
    return component(run={"kind": kind, **fields})


def test_every_distributed_kind_is_tried_here() -> None:
    assert set(ALL_FIELDS) == {name for name, kind in KINDS.items() if kind.replica is not None}


@pytest.mark.parametrize("kind", ALL_FIELDS)
def test_all_fields_of_a_kind_are_read_as_they_stand(kind: str) -> None:
    made, findings = built(run(kind, **ALL_FIELDS[kind]))

    assert [(one.rule, str(one.severity), one.span.line) for one in findings] == [("kind-unsupported", "warning", 5)]
    assert made.plan is not None
    assert made.plan.root.run == ALL_FIELDS[kind]


@pytest.mark.parametrize("kind", ALL_FIELDS)
def test_a_run_of_a_kind_that_nothing_runs_does_not_start(kind: str) -> None:
    made, _ = built(run(kind, **ALL_FIELDS[kind]))
    assert made.plan is not None
    driver = Driver(made.plan).step()

    assert (driver.run.status, driver.run.reason) == ("failed", "Unsupported")
    assert driver.run.message == (
        f"train: Ops of kind `{kind}` cannot be run yet; jobs, services and dags can. (flow.yaml:1)"
    )
    assert driver.started == []


@pytest.mark.parametrize("kind", ALL_FIELDS)
def test_a_field_that_a_kind_does_not_have_is_told(kind: str) -> None:
    assert rules(run(kind, **ALL_FIELDS[kind], portz=[80])) == [("error", "field-unknown")]


@pytest.mark.parametrize(
    ("kind", "fields", "rule"),
    [
        ("tfjob", {"cleanPodPolicy": "Sometimes"}, "value-not-allowed"),
        ("tfjob", {"schedulingPolicy": {"minAvailable": "2"}}, "field-type"),
        ("tfjob", {"schedulingPolicy": {"minAvailabel": 2}}, "field-unknown"),
        ("tfjob", {"enableDynamicWorker": "{{ x }}"}, "template-not-allowed"),
        ("tfjob", {"successPolicy": 1}, "field-type"),
        ("tfjob", {"worker": {"replicas": "2", "container": CONTAINER}}, "field-type"),
        ("tfjob", {"worker": {"replica": 2, "container": CONTAINER}}, "field-unknown"),
        ("tfjob", {"master": {"container": CONTAINER}}, "field-unknown"),
        ("pytorchjob", {"nProcPerNode": "two"}, "field-type"),
        ("pytorchjob", {"elasticPolicy": {"rdvzPort": "a"}}, "field-type"),
        ("pytorchjob", {"elasticPolicy": {"Metrics": {}}}, "field-type"),
        ("mpijob", {"slotsPerWorker": 1.5}, "field-type"),
        ("mxjob", {"mode": "MXRun"}, "value-not-allowed"),
        ("raycluster", {"rayVersion": 2.9}, "field-type"),
        ("raycluster", {"workers": [{"container": CONTAINER}]}, "field-type"),
        ("raycluster", {"head": {"rayStartParams": ["a"], "container": CONTAINER}}, "field-type"),
        ("raycluster", {"autoscalerOptions": {"upscalingmode": "x"}}, "field-unknown"),
        ("daskcluster", {"minReplicas": "1"}, "field-type"),
        ("sparkjob", {"type": "perl"}, "value-not-allowed"),
    ],
)
def test_a_wrong_use_is_one_finding(kind: str, fields: dict[str, Any], rule: str) -> None:
    assert rules(run(kind, **{**ALL_FIELDS[kind], **fields})) == [("error", rule)]


@pytest.mark.parametrize("kind", ALL_FIELDS)
def test_a_kind_without_replicas_has_no_container_to_run(kind: str) -> None:
    assert rules(run(kind)) == [("error", "image-missing")]


def test_each_replica_needs_an_image() -> None:
    _, findings = built(
        run("tfjob", chief={"container": CONTAINER}, worker={"replicas": 2}, ps={"container": {"args": ["a"]}})
    )
    found = [one for one in findings if one.rule == "image-missing"]

    assert [one.message for one in found] == [
        "`worker` has no container: add `container` with an `image`.",
        "The container of `ps` has no image: add `image` to it, or a preset that brings one.",
    ]


def test_a_replica_may_be_a_template() -> None:
    made, _ = built(component(inputs=[{"name": "w"}], params={"w": 1}, run={"kind": "tfjob", "worker": "{{ w }}"}))
    assert made.plan is not None
    assert made.plan.root.run == {"worker": "{{ w }}"}


@pytest.mark.parametrize("kind", ["builder", "watchdog", "matrix", "schedule", "tfjobs"])
def test_a_kind_that_nobody_writes_is_unknown(kind: str) -> None:
    assert rules(run(kind))[0] == ("error", "kind-unknown")
