"""Flows as plain data, for facts about the language: what is found in them and what they become."""

from __future__ import annotations

import json
from typing import Any

from reconciler.flows.findings import Finding
from reconciler.flows.parse import parse
from reconciler.plan.build import Built, build

CONTAINER: dict[str, Any] = {"image": "python:3.11", "command": ["python"], "args": ["train.py"]}
POD: dict[str, Any] = {
    "environment": {
        **{key: {"tier": "gpu"} for key in ("labels", "annotations", "nodeSelector")},
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
        "tolerations": [{"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}],
        "nodeName": "node-1",
        "serviceAccountName": "trainer",
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["store"]}],
        "securityContext": {"runAsUser": 1000, "fsGroup": 1000},
        "imagePullSecrets": ["registry"],
        "hostNetwork": False,
        "hostPID": False,
        "dnsPolicy": "ClusterFirst",
        "dnsConfig": {"nameservers": ["10.0.0.2"], "options": [{"name": "ndots", "value": "2"}]},
        "schedulerName": "volcano",
        "priorityClassName": "high",
        "priority": 10,
        "restartPolicy": "Never",
    },
    "connections": ["datasets"],
    "volumes": [{"name": "scratch", "emptyDir": {}}],
    "init": [
        {"git": {"url": "https://example.com/a.git", "revision": "main", "flags": ["--depth=1"]}, "path": "/code"},
        {"artifacts": {"files": ["a", ["b", "c"]], "dirs": ["d"], "workers": 2}, "connection": "datasets"},
        {"container": CONTAINER},
    ],
    "sidecars": [{"name": "proxy", "image": "proxy:1"}],
    "container": CONTAINER,
}


def built(document: dict[str, Any], files: dict[str, str] | None = None) -> tuple[Built, list[Finding]]:
    """The plan of a document, and all findings of reading and of judging it."""
    parsed = parse(json.dumps(document, indent=1).encode(), "flow.yaml")
    data = {path: text.encode() for path, text in (files or {}).items()}
    made = build(parsed.flows[0], data.get)
    return made, [*parsed.findings, *made.findings]


def rules(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The severity and rule of each finding, without the word that nothing runs it yet."""
    return [(str(one.severity), one.rule) for one in built(document)[1] if one.rule != "kind-unsupported"]


def component(**fields: Any) -> dict[str, Any]:
    """A component with these fields; a job where they say no run."""
    return {"kind": "component", "name": "train", "run": {"kind": "job", "container": CONTAINER}, **fields}
