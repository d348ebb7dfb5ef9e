"""Facts about patches of distributed runs: what the run has itself is its own, all else is of each replica."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.plan.diff import diff
from tests.reconciler.flows.said import CONTAINER, built, component, rules

TFJOB: dict[str, Any] = {
    "kind": "tfjob",
    "chief": {"replicas": 1, "container": CONTAINER},
    "worker": {"replicas": 2, "container": CONTAINER},
}
RAY: dict[str, Any] = {
    "kind": "raycluster",
    "head": {"container": CONTAINER},
    "workers": {"w": {"container": CONTAINER}},
}


def operation(of: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "operation", "name": "train", "component": {"run": of}, **fields}


def planned(document: dict[str, Any]) -> Any:
    made, findings = built(document)
    assert made.plan is not None, findings
    return made.plan.root.run


def test_a_patch_of_a_replica_reaches_every_replica() -> None:
    run = planned(operation(TFJOB, runPatch={"environment": {"nodeName": "n"}, "replicas": 3}))

    assert [run[name]["environment"] for name in ("chief", "worker")] == [{"nodeName": "n"}] * 2
    assert [run[name]["replicas"] for name in ("chief", "worker")] == [3, 3]
    assert set(run) == {"chief", "worker"}


def test_a_patch_of_the_run_names_its_replica() -> None:
    run = planned(operation(TFJOB, runPatch={"worker": {"replicas": 8}, "cleanPodPolicy": "All"}))

    assert (run["worker"]["replicas"], run["chief"]["replicas"], run["cleanPodPolicy"]) == (8, 1, "All")


def test_a_patch_reaches_the_workers_of_a_ray_cluster_by_name() -> None:
    run = planned(operation(RAY, runPatch={"container": {"image": "ray:2"}, "maxReplicas": 4}))

    assert run["head"]["container"]["image"] == run["workers"]["w"]["container"]["image"] == "ray:2"
    assert run["workers"]["w"]["maxReplicas"] == 4


def test_root_shortcuts_are_for_every_replica() -> None:
    run = planned(component(cmd="python a.py", env={"A": "b"}, run=TFJOB))

    assert run["worker"]["container"]["command"] == ["/bin/sh", "-c"]
    assert run["chief"]["container"]["env"] == [{"name": "A", "value": "b"}]


def test_an_image_of_a_shortcut_is_the_image_of_every_replica() -> None:
    bare = {"kind": "tfjob", "worker": {"replicas": 2}}

    assert rules(component(container={"image": "a"}, run=bare)) == []


def test_what_a_dag_hands_down_reaches_every_replica() -> None:
    op = {"name": "train", "component": {"run": TFJOB}}
    dag = {"kind": "dag", "environment": {"nodeName": "n"}, "connections": ["c"], "operations": [op]}
    made, _ = built(component(run=dag))
    assert made.plan is not None
    run = made.plan.graph.ops[0].run

    assert run["worker"]["environment"] == run["chief"]["environment"] == {"nodeName": "n"}
    assert run["worker"]["connections"] == ["c"]


def test_connections_of_a_replica_are_names_for_templates() -> None:
    replica = {"connections": ["store"], "container": {"image": "a", "args": ["{{ store.url }}"]}}

    assert rules(component(run={"kind": "tfjob", "worker": replica})) == []


@pytest.mark.parametrize(
    ("run", "patch"),
    [
        (TFJOB, {"master": {"replicas": 2}}),
        (TFJOB, {"ports": [80]}),
        ({"kind": "job", "container": CONTAINER}, {"ports": [80]}),
        ({"kind": "job", "container": CONTAINER}, {"worker": {"replicas": 2}}),
        ({"kind": "service", "container": CONTAINER}, {"concurrency": 2}),
    ],
)
def test_a_patch_of_what_a_run_does_not_have_is_told(run: dict[str, Any], patch: dict[str, Any]) -> None:
    assert rules(operation(run, runPatch=patch)) == [("error", "field-unknown")]


def test_a_shortcut_that_the_referenced_run_does_not_have_is_told() -> None:
    assert rules(operation({"kind": "job", "container": CONTAINER}, ports=[80])) == [("error", "field-unknown")]


def test_a_run_without_a_kind_is_a_patch_of_the_run_it_refers_to() -> None:
    run = planned(operation({"kind": "job", "container": CONTAINER}, run={"container": {"image": "b"}}))

    assert run["container"]["image"] == "b"


def test_a_run_without_a_kind_needs_a_reference() -> None:
    assert rules({"kind": "operation", "name": "a", "run": {"container": CONTAINER}}) == [("error", "field-missing")]


def test_a_change_of_a_replica_is_told_by_its_name() -> None:
    old, new = (
        built(component(run={**TFJOB, "worker": {"replicas": count, "container": {**CONTAINER, "image": image}}}))[
            0
        ].plan
        for count, image in ((2, "a"), (3, "b"))
    )
    changes = {reason.what: (reason.old, reason.new) for reason in diff(old, new).changed[0].reasons}

    assert changes == {"worker.image": ("a", "b"), "worker.replicas": (2, 3)}


def test_the_order_of_replicas_and_equal_units_make_no_other_plan() -> None:
    container = {**CONTAINER, "resources": {"limits": {"cpu": "1000m"}}}
    same = {**CONTAINER, "resources": {"limits": {"cpu": "1"}}}
    first, second = (
        built(component(run=run))[0].plan
        for run in (
            {"kind": "tfjob", "chief": {"container": container}, "worker": {"container": CONTAINER}},
            {"kind": "tfjob", "worker": {"container": CONTAINER}, "chief": {"container": same}},
        )
    )
    assert first is not None
    assert second is not None
    assert first.hash == second.hash
