"""The sections that operations and components share, each with its fields: cache, termination, plugins, hooks, …"""

from __future__ import annotations

from typing import Any, Final

from reconciler.flows.composite import COMMAS, PLAIN_TEXTS, TEXTS, Built, Either, Listing, Table, section
from reconciler.flows.kube import EXEC, HTTP_GET, POD_FAILURES, PULL_POLICY, RESOURCES
from reconciler.flows.model import NO_SETTINGS, Cache, EventTrigger, Hook, Settings, Termination
from reconciler.flows.nodes import Node
from reconciler.flows.params import BUILD_PARAMS, FULL_PARAMS
from reconciler.flows.report import Report
from reconciler.flows.shapes import (
    ANYTHING,
    COUNT,
    FLAG,
    NUMBER,
    PLAIN_FLAG,
    TEXT,
    WHOLE,
    Shape,
    Whole,
    Words,
    is_template,
)

PATCH_STRATEGY: Final = Words("replace", "isnull", "post_merge", "pre_merge")
HOOK_TRIGGERS: Final = ("succeeded", "failed", "stopped", "skipped", "upstream_failed", "done")
_STATUSES: Final = [
    "created",
    "resuming",
    "compiled",
    "on_schedule",
    "queued",
    "scheduled",
    "starting",
    "running",
    "processing",
    "stopping",
    "failed",
    "stopped",
    "succeeded",
    "skipped",
    "warning",
    "unschedulable",
    "upstream_failed",
    "retrying",
    "unknown",
    "done",
]
EVENT_KINDS: Final = (
    *(f"run_status_{status}" for status in _STATUSES),
    "run_approved_actor",
    "run_invalidated_actor",
    "run_new_artifacts",
    "connection_git_commit",
    "connection_dataset_version",
    "connection_registry_image",
    "alert_info",
    "alert_warning",
    "alert_critical",
    "model_version_new_metric",
    "project_custom_event",
    "org_custom_event",
)


def _cache(value: Any, _node: Node, _path: str, _report: Report) -> Cache:
    return Cache(value.get("disable"), value.get("ttl"), _tuple(value, "io"), _tuple(value, "sections"))


def _tuple(value: Any, key: str) -> tuple[Any, ...] | None:
    items = value.get(key)
    return tuple(items) if isinstance(items, list) else None


CACHE: Final = Built(
    section(
        {
            "disable": FLAG,
            "ttl": COUNT,
            "io": PLAIN_TEXTS,
            "sections": Listing(Words("containers", "init", "connections"), templated=False),
        },
        templated=False,
    ),
    _cache,
)


def _termination(value: Any, _node: Node, _path: str, _report: Report) -> Termination:
    culling = value.get("culling")
    return Termination(
        max_retries=value.get("maxRetries"),
        timeout=value.get("timeout"),
        ttl=value.get("ttl"),
        culling_timeout=culling.get("timeout") if isinstance(culling, dict) else None,
        probe=value.get("probe"),
        pod_failure_policy=value.get("podFailurePolicy"),
    )


TERMINATION: Final = Built(
    section(
        {
            "maxRetries": COUNT,
            "ttl": COUNT,
            "timeout": COUNT,
            "culling": section({"timeout": Whole(minimum=0, templated=False, quoted=True)}, templated=False),
            "probe": section({"exec": EXEC, "http": HTTP_GET}),
            "podFailurePolicy": POD_FAILURES,
        },
        templated=False,
    ),
    _termination,
)

_SIDECAR: Final = section(
    {
        "image": TEXT,
        "imageTag": TEXT,
        "imagePullPolicy": PULL_POLICY,
        "sleepInterval": WHOLE,
        "syncInterval": WHOLE,
        "monitorLogs": FLAG,
        "monitorSpec": FLAG,
        "noConnections": FLAG,
        "resources": RESOURCES,
    }
)
_NOTIFICATION: Final = section({"connections": TEXTS, "trigger": Words(*_STATUSES)}, required=("connections",))
PLUGINS: Final = section(
    {
        **dict.fromkeys(
            [
                "auth",
                "docker",
                "shm",
                "tmux",
                "sandbox",
                "ssh",
                "mountArtifactsStore",
                "collectArtifacts",
                "collectLogs",
                "collectResources",
                "syncStatuses",
                "autoResume",
                "externalHost",
            ],
            FLAG,
        ),
        "logLevel": TEXT,
        "sidecar": _SIDECAR,
        "notifications": Listing(_NOTIFICATION),
    },
    templated=False,
)

BUILD: Final = section(
    {
        "hubRef": TEXT,
        "connection": TEXT,
        "presets": TEXTS,
        "queue": TEXT,
        "namespace": TEXT,
        "cache": CACHE,
        "params": BUILD_PARAMS,
        "runPatch": Table(ANYTHING, templated=False),
        "patchStrategy": PATCH_STRATEGY,
    },
    required=("hubRef",),
    templated=False,
)


def _hook(value: Any, node: Node, _path: str, _report: Report) -> Hook:
    return Hook(
        hub_ref=value.get("hubRef", ""),
        trigger=value.get("trigger", "done"),
        conditions=value.get("conditions"),
        connection=value.get("connection"),
        presets=tuple(value.get("presets", ())),
        queue=value.get("queue"),
        namespace=value.get("namespace"),
        params=value.get("params", {}),
        disable_defaults=value.get("disableDefaults") is True,
        node=node,
    )


HOOK: Final = Built(
    section(
        {
            "hubRef": TEXT,
            "connection": TEXT,
            "trigger": Words(*HOOK_TRIGGERS),
            "conditions": TEXT,
            "presets": PLAIN_TEXTS,
            "queue": TEXT,
            "namespace": TEXT,
            "params": FULL_PARAMS,
            "disableDefaults": PLAIN_FLAG,
        },
        required=("hubRef",),
        templated=False,
    ),
    _hook,
)


def _event(value: Any, node: Node, path: str, report: Report) -> EventTrigger:
    ref = value.get("ref", "")
    kind, _, name = ref.partition(".")
    if ref and (kind not in ("ops", "runs", "connections") or not name) and not is_template(ref):
        message = f"Refer to `ops.<name>`, `runs.<id>` or `connections.<name>`, not `{ref}`."
        report.add("event-invalid", message, node.at("ref").span, path)
    return EventTrigger(ref, tuple(value.get("kinds", ())), node)


EVENT: Final = Built(
    section(
        {"ref": TEXT, "kinds": Listing(Words(*EVENT_KINDS, templated=True), templated=False)},
        required=("ref", "kinds"),
        templated=False,
    ),
    _event,
)

MOUNT: Final = Either("a text such as /from:/to or a mapping", str=TEXT, dict=section({"from": TEXT, "to": TEXT}))
TEMPLATE: Final = section({"enabled": FLAG, "description": TEXT, "fields": TEXTS}, templated=False)

SETTINGS_FIELDS: Final[dict[str, Shape]] = {
    "description": TEXT,
    "tags": COMMAS,
    "presets": COMMAS,
    "queue": TEXT,
    "namespace": TEXT,
    "cache": CACHE,
    "termination": TERMINATION,
    "plugins": PLUGINS,
    "build": BUILD,
    "hooks": Listing(HOOK, templated=False),
    "isApproved": FLAG,
    "cost": NUMBER,
    "mount": Listing(MOUNT, templated=False),
}


def settings(values: dict[str, Any]) -> Settings:
    """The shared fields among the values of an operation or component."""
    if SETTINGS_FIELDS.keys().isdisjoint(values):
        return NO_SETTINGS
    return Settings(
        description=values.get("description"),
        tags=_items(values, "tags"),
        presets=_items(values, "presets"),
        queue=values.get("queue"),
        namespace=values.get("namespace"),
        cache=values.get("cache"),
        termination=values.get("termination"),
        plugins=values.get("plugins"),
        build=values.get("build"),
        hooks=_items(values, "hooks"),
        is_approved=values.get("isApproved"),
        cost=values.get("cost"),
        mount=_items(values, "mount"),
    )


def _items(values: dict[str, Any], key: str) -> tuple[Any, ...]:
    items = values.get(key)
    if isinstance(items, str):
        return (items,)
    return tuple(items) if isinstance(items, list) else ()
