"""Patches, presets and the defaults of components."""

from __future__ import annotations

import pytest

from reconciler.flows.model import Cache, Component, Json, Operation, Param, Run, Settings, Termination
from reconciler.flows.patch import apply_preset, merge, patched_run, with_defaults

BASE = {"a": 1, "l": [1, 2], "d": {"x": 1, "y": [1]}, "n": None}
PATCH = {"a": 2, "l": [2, 3], "d": {"x": 2, "y": [2]}, "n": 5, "new": 1}


@pytest.mark.parametrize(
    ("strategy", "merged"),
    [
        ("replace", {"a": 2, "l": [2, 3], "d": {"x": 2, "y": [2]}, "n": 5, "new": 1}),
        ("isnull", {"a": 1, "l": [1, 2], "d": {"x": 1, "y": [1]}, "n": 5, "new": 1}),
        ("post_merge", {"a": 2, "l": [1, 2, 3], "d": {"x": 2, "y": [1, 2]}, "n": 5, "new": 1}),
        ("pre_merge", {"a": 1, "l": [2, 3, 1], "d": {"x": 1, "y": [2, 1]}, "n": 5, "new": 1}),
    ],
)
def test_the_four_strategies(strategy: str, merged: Json) -> None:
    assert merge(BASE, PATCH, strategy) == merged
    assert BASE["l"] == [1, 2]


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(ValueError, match="post_merge"):
        merge({}, {}, "merge")


def test_a_null_of_a_patch_says_nothing() -> None:
    assert merge({"a": 1}, {"a": None}, "replace") == {"a": 1}


def test_a_run_patch_is_laid_over_the_run() -> None:
    run = Run("job", {"container": {"image": "x", "command": ["a"]}})

    patched = patched_run(run, {"container": {"resources": {"limits": {"cpu": "1"}}}, "environment": {"nodeName": "n"}})

    assert patched.data == {
        "container": {"image": "x", "command": ["a"], "resources": {"limits": {"cpu": "1"}}},
        "environment": {"nodeName": "n"},
    }


def test_shortcuts_in_a_patch_replace_the_command_and_variables_of_the_container() -> None:
    run = Run(
        "job", {"container": {"image": "x", "command": ["a"], "args": ["b"], "env": [{"name": "A", "value": "1"}]}}
    )

    patched = patched_run(run, {"cmd": ["c", "d"], "env": {"A": "2"}})

    assert patched.data["container"] == {
        "image": "x",
        "command": ["/bin/sh", "-c"],
        "args": ["set -e\nc\nd"],
        "env": [{"name": "A", "value": "2"}],
    }


def test_a_preset_merges_tags_and_the_newest_number_wins() -> None:
    op = Operation("a", settings=Settings(tags=("x",), termination=Termination(max_retries=1, timeout=5)))
    preset = Operation("p", is_preset=True, settings=Settings(tags=("y",), termination=Termination(max_retries=3)))

    merged = apply_preset(op, preset)

    assert (merged.name, merged.is_preset) == ("a", False)
    assert merged.settings.tags == ("x", "y")
    assert merged.settings.termination == Termination(max_retries=3, timeout=5)


def test_a_preset_that_fills_what_is_empty_changes_nothing_that_is_said() -> None:
    op = Operation("a", settings=Settings(queue="cpu"))
    preset = Operation(None, patch_strategy="isnull", settings=Settings(queue="gpu", namespace="n"))

    merged = apply_preset(op, preset)

    assert (merged.settings.queue, merged.settings.namespace) == ("cpu", "n")


def test_a_preset_can_turn_a_switch_off() -> None:
    op = Operation("a", settings=Settings(cache=Cache(disable=True), is_approved=True))
    preset = Operation(None, settings=Settings(cache=Cache(disable=False), is_approved=False))

    merged = apply_preset(op, preset)

    assert merged.settings.cache == Cache(disable=False)
    assert merged.settings.is_approved is False


def test_an_operation_wins_over_the_defaults_of_its_component() -> None:
    component = Component("c", defaults=Operation(None, params={"a": Param(1, True), "b": Param(2, True)}))
    op = Operation("o", params={"a": Param(9, True)})

    merged = with_defaults(op, component)

    assert {name: param.value for name, param in merged.params.items()} == {"a": 9, "b": 2}


POD = {
    "container": {"image": "a", "command": ["x"], "env": [{"name": "A", "value": "1"}]},
    "environment": {"nodeName": "n", "nodeSelector": {"a": "1"}, "securityContext": {"runAsUser": 1}},
}
OVER = {
    "container": {"image": "b", "workingDir": "/w"},
    "environment": {"nodeSelector": {"b": "2"}, "securityContext": {"runAsGroup": 2}, "schedulerName": "s"},
}


@pytest.mark.parametrize(("strategy", "image", "selector"), [("replace", "b", {"b": "2"}), ("isnull", "a", {"a": "1"})])
def test_containers_and_environments_are_patched_field_by_field(strategy: str, image: str, selector: Json) -> None:
    data = patched_run(Run("job", POD), OVER, strategy).data

    assert data["container"] == {**POD["container"], "image": image, "workingDir": "/w"}
    assert data["environment"] == {
        "nodeName": "n",
        "nodeSelector": selector,
        "securityContext": {"runAsUser": 1, "runAsGroup": 2},
        "schedulerName": "s",
    }


@pytest.mark.parametrize("strategy", ["replace", "isnull"])
def test_replicas_are_patched_field_by_field(strategy: str) -> None:
    run = Run("raycluster", {"head": POD, "workers": {"w": {"replicas": 1, **POD}}, "rayVersion": "2"})
    data = patched_run(run, {"workers": {"w": {"maxReplicas": 4}}, "head": {"connections": ["c"]}}, strategy).data

    assert data["workers"]["w"] == {"replicas": 1, "maxReplicas": 4, **POD}
    assert data["head"] == {"connections": ["c"], **POD}


@pytest.mark.parametrize(
    ("strategy", "command", "env", "resources"),
    [
        ("post_merge", ["/bin/sh", "-c"], {"A": "2", "B": "3"}, {"requests": {"cpu": "4", "memory": "1"}}),
        ("pre_merge", ["x"], {"A": "1", "B": "3"}, {"requests": {"cpu": "1", "memory": "1"}}),
        ("replace", ["/bin/sh", "-c"], {"A": "2", "B": "3"}, {"requests": {"cpu": "4", "memory": "1"}}),
        ("isnull", ["x"], {"A": "1"}, {"requests": {"cpu": "1"}}),
    ],
)
def test_shortcuts_follow_the_strategy(strategy: str, command: Json, env: Json, resources: Json) -> None:
    run = Run("job", {"container": {**POD["container"], "resources": {"requests": {"cpu": "1"}}}})
    patch = {"cmd": "ls", "env": {"A": "2", "B": "3"}, "resources": {"cpu": "4", "memory": "1"}}
    container = patched_run(run, patch, strategy).data["container"]

    assert container["command"] == command
    assert {one["name"]: one["value"] for one in container["env"]} == env
    assert container["resources"] == resources
