"""Facts about the sections that operations and components share: all their fields are read, and wrong ones are told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reconciler.flows.said import CONTAINER, built, component, rules

HUB = {
    "hub/slack.yaml": "name: slack\ninputs: [{name: text, type: str, value: hi}]\n"
    "run: {kind: job, container: {image: a, args: ['{{ text }}']}}\n",
    "presets/small.yaml": "isPreset: true\ntags: [small]\n",
}
CACHE = {"disable": False, "ttl": 3600, "io": ["lr"], "sections": ["containers", "init", "connections"]}
TERMINATION = {
    "maxRetries": 2,
    "ttl": 600,
    "timeout": 3600,
    "culling": {"timeout": 900},
    "probe": {"exec": {"command": ["true"]}, "http": {"path": "/", "port": 80}},
    "podFailurePolicy": {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}]},
}
PLUGINS = {
    **dict.fromkeys(("auth", "docker", "shm", "tmux", "mountArtifactsStore", "collectArtifacts", "collectLogs"), True),
    **dict.fromkeys(("collectResources", "syncStatuses", "autoResume", "externalHost", "sandbox", "ssh"), False),
    "logLevel": "INFO",
    "sidecar": {
        "image": "sidecar",
        "imageTag": "1",
        "imagePullPolicy": "Always",
        "sleepInterval": 10,
        "syncInterval": 10,
        "monitorLogs": True,
        "monitorSpec": False,
        "noConnections": False,
        "resources": {"limits": {"cpu": "1"}},
    },
    "notifications": [{"connections": ["slack"], "trigger": "failed"}],
}
BUILD = {
    "hubRef": "kaniko",
    "connection": "registry",
    "presets": ["small"],
    "queue": "agent/builds",
    "namespace": "builds",
    "cache": {"disable": True},
    "params": {"destination": {"value": "org/app:1"}, "context": "{{ globals.uuid }}"},
    "runPatch": {"container": {"resources": {"limits": {"cpu": "2"}}}},
    "patchStrategy": "replace",
}
HOOK = {
    "hubRef": "slack",
    "connection": "slack",
    "trigger": "failed",
    "conditions": "{{ status == 'failed' }}",
    "presets": ["small"],
    "queue": "agent/hooks",
    "namespace": "hooks",
    "params": {"text": {"value": "failed"}},
    "disableDefaults": False,
}
JOIN = {
    "query": "status: succeeded, metrics.loss: < 0.5",
    "sort": "-finished_at",
    "limit": 10,
    "offset": 1,
    "params": {"losses": {"value": "outputs.loss", "contextOnly": True, "toInit": False}},
}
EVENT_KINDS = (
    *("run_approved_actor", "run_invalidated_actor", "run_new_artifacts", "connection_git_commit"),
    *("connection_dataset_version", "connection_registry_image", "alert_info", "alert_warning", "alert_critical"),
    *("model_version_new_metric", "project_custom_event", "org_custom_event"),
)
SCHEDULES: list[dict[str, Any]] = [
    {"kind": "cron", "cron": "0 5 * * 1", "startAt": "2026-01-01T00:00:00", "endAt": "2027-01-01", "maxRuns": 9},
    {"kind": "interval", "frequency": 3600, "dependsOnPast": True, "maxRuns": 3},
    {"kind": "datetime", "startAt": "2026-01-01T00:00:00"},
]
ALL_FIELDS: dict[str, Any] = {
    "description": "Trains.",
    "tags": ["a", "b"],
    "presets": ["small"],
    "queue": "agent/gpu",
    "namespace": "training",
    "cache": CACHE,
    "termination": TERMINATION,
    "plugins": PLUGINS,
    "hooks": [HOOK],
    "isApproved": False,
    "cost": 1.5,
    "mount": ["/data:/data", {"from": "/a", "to": "/b"}],
    "template": {"enabled": False, "description": "Start here.", "fields": ["params.lr"]},
    "strictParams": True,
    "params": {"lr": {"value": 0.1, "toEnv": "LR"}, "note": {"value": "x", "contextOnly": True}},
    "joins": [JOIN],
    "schedule": SCHEDULES[0],
    "conditions": "{{ lr > 0 }}",
    "trigger": "all_done",
    "skipOnUpstreamSkip": True,
    "runPatch": {"environment": {"nodeName": "n"}},
    "patchStrategy": "post_merge",
    "inputs": [{"name": "lr", "type": "float"}],
}


def test_a_document_may_say_everything_at_once() -> None:
    made, findings = built(component(**ALL_FIELDS), HUB)

    assert findings == []
    assert made.plan is not None
    assert made.plan.root.tags == ("a", "b", "small")
    assert made.plan.root.hooks[0].trigger == "failed"
    assert made.plan.root.plugins == PLUGINS
    assert made.plan.root.run["environment"] == {"nodeName": "n"}


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule["kind"])
def test_each_kind_of_schedule_is_read_with_all_its_fields(schedule: dict[str, Any]) -> None:
    made, findings = built(component(schedule=schedule))

    assert findings == []
    assert made.plan is not None
    assert made.plan.schedule is not None
    assert made.plan.schedule.kind == schedule["kind"]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"cache": {**CACHE, "sections": ["image"]}}, "value-not-allowed"),
        ({"cache": {**CACHE, "disabled": True}}, "field-unknown"),
        ({"cache": {**CACHE, "ttl": "1h"}}, "field-type"),
        ({"termination": {"maxRetries": "2"}}, "field-type"),
        ({"termination": {"retries": 2}}, "field-unknown"),
        ({"termination": {"podFailurePolicy": {}}}, "field-missing"),
        ({"termination": {"probe": {"http": {"path": "/"}}}}, "field-missing"),
        ({"plugins": {"colectLogs": True}}, "field-unknown"),
        ({"plugins": {"notifications": [{"trigger": "failed"}]}}, "field-missing"),
        ({"plugins": {"notifications": [{"connections": ["a"], "trigger": "fails"}]}}, "value-not-allowed"),
        ({"plugins": {"sandbox": True}}, "field-conflict"),
        ({"plugins": {"ssh": True}}, "field-conflict"),
        ({"build": {"connection": "registry"}}, "field-missing"),
        ({"build": {**BUILD, "params": {"destination": "org/app:1"}}}, "field-type"),
        ({"build": {**BUILD, "patchStrategy": "merge"}}, "value-not-allowed"),
        ({"hooks": [{"trigger": "failed"}]}, "field-missing"),
        ({"hooks": [{**HOOK, "trigger": "running"}]}, "value-not-allowed"),
        ({"hooks": [{**HOOK, "params": {"text": "failed"}}]}, "field-type"),
        ({"joins": [{"sort": "name"}]}, "field-missing"),
        ({"joins": [{**JOIN, "limit": "5"}]}, "field-type"),
        ({"joins": [{**JOIN, "query": "statsu: failed"}]}, "query-invalid"),
        ({"events": [{"ref": "ops.a"}]}, "field-missing"),
        ({"events": [{"ref": "a", "kinds": ["run_status_done"]}]}, "event-invalid"),
        ({"events": [{"ref": "runs.a", "kinds": ["run_status_end"]}]}, "value-not-allowed"),
        ({"mount": [{"source": "/a"}]}, "field-unknown"),
        ({"template": {"field": ["a"]}}, "field-unknown"),
        ({"isApproved": "maybe"}, "field-type"),
        ({"patchStrategy": "merge"}, "value-not-allowed"),
        ({"trigger": "all_good"}, "value-not-allowed"),
    ],
)
def test_a_wrong_use_is_one_finding(fields: dict[str, Any], rule: str) -> None:
    found = [one for one in rules(component(**fields)) if one[1] not in ("ref-not-found", "op-unknown")]

    assert found == [("error", rule)]


def test_sandbox_and_ssh_are_for_services() -> None:
    run = {"kind": "service", "container": CONTAINER, "ports": [80]}

    assert rules(component(plugins={"sandbox": True, "ssh": True}, run=run)) == []


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_of_event_is_read(kind: str) -> None:
    _, findings = built(component(events=[{"ref": "connections.repo", "kinds": [kind]}]))

    assert [(one.rule, str(one.severity)) for one in findings] == [("kind-unsupported", "warning")]


def test_dependencies_of_a_flow_that_stands_alone_are_a_warning() -> None:
    assert rules(component(dependencies=["prep"])) == [("warning", "dependency-unknown")]


def test_all_fields_of_a_build_are_read_and_nothing_builds_it_yet() -> None:
    made, findings = built(component(build=BUILD, run={"kind": "job", "container": {"command": ["a"]}}))

    assert [(one.rule, str(one.severity)) for one in findings] == [("kind-unsupported", "warning")]
    assert made.plan is not None
    assert made.plan.root.unsupported is not None
