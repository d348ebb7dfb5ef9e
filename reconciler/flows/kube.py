"""The parts of Kubernetes that flows write themselves: containers, volumes, tolerations. Facts from its API v1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.flows.nodes import Node
from reconciler.flows.shapes import (
    ANYTHING,
    COUNT,
    FLAG,
    LENIENT_TEXT,
    MAPPING,
    TEXT,
    WHOLE,
    Built,
    Either,
    Listing,
    Record,
    Report,
    Shape,
    Table,
    Words,
)


def _object(fields: Mapping[str, Shape], required: Sequence[str] = ()) -> Record:
    """An object of the API; the spelling of its Python client (`volume_mounts`) is taken too."""
    snake = {re.sub(r"[A-Z]+", lambda found: "_" + found[0].lower(), name): name for name in fields}
    return Record(fields, required, {other: name for other, name in snake.items() if other != name})


def _pairs(value: Any, _node: Node, _path: str, _report: Report) -> list[dict[str, str]]:
    return [{"name": name, "value": text} for name, text in value.items()]


_LENIENT_TEXTS: Final = Listing(LENIENT_TEXT)
_ARGV: Final = Either(
    "a list of texts",
    list=Listing(Either("a text", str=TEXT, **dict.fromkeys(("int", "float", "bool"), LENIENT_TEXT))),
    str=TEXT,
)
QUANTITY: Final = Either("a quantity such as 500m or 2Gi", str=TEXT, int=LENIENT_TEXT, float=LENIENT_TEXT)
_PORT: Final = Either("a port", int=WHOLE, str=TEXT)
_KEY_OF: Final = _object({"name": TEXT, "key": TEXT, "optional": FLAG}, required=("key",))
_SOURCE: Final = _object({"name": TEXT, "optional": FLAG})

ENV_VAR: Final = _object(
    {
        "name": TEXT,
        "value": Either(
            "a text", str=TEXT, dict=ANYTHING, list=ANYTHING, **dict.fromkeys(("int", "float", "bool"), LENIENT_TEXT)
        ),
        "valueFrom": _object(
            {
                "configMapKeyRef": _KEY_OF,
                "secretKeyRef": _KEY_OF,
                "fieldRef": _object({"apiVersion": TEXT, "fieldPath": TEXT}, required=("fieldPath",)),
                "resourceFieldRef": _object({"containerName": TEXT, "divisor": QUANTITY, "resource": TEXT}),
                "fileKeyRef": MAPPING,
            }
        ),
    },
    required=("name",),
)
_ENV_FROM: Final = _object({"prefix": TEXT, "configMapRef": _SOURCE, "secretRef": _SOURCE})
RESOURCES: Final = _object(
    {"limits": Table(QUANTITY), "requests": Table(QUANTITY), "claims": Listing(MAPPING)},
)
_HEADER: Final = _object({"name": TEXT, "value": LENIENT_TEXT})
EXEC: Final = _object({"command": _ARGV})
HTTP_GET: Final = _object({"host": TEXT, "path": TEXT, "port": _PORT, "scheme": TEXT, "httpHeaders": Listing(_HEADER)})
_HANDLERS: Final[dict[str, Shape]] = {
    "exec": EXEC,
    "httpGet": HTTP_GET,
    "tcpSocket": _object({"host": TEXT, "port": _PORT}),
}
_PROBE: Final = _object(
    _HANDLERS
    | {
        "grpc": _object({"port": WHOLE, "service": TEXT}),
        "initialDelaySeconds": COUNT,
        "periodSeconds": COUNT,
        "timeoutSeconds": COUNT,
        "successThreshold": COUNT,
        "failureThreshold": COUNT,
        "terminationGracePeriodSeconds": COUNT,
    }
)
_HOOK: Final = _object(_HANDLERS | {"sleep": _object({"seconds": COUNT})})
_MOUNT: Final = _object(
    {
        "name": TEXT,
        "mountPath": TEXT,
        "subPath": TEXT,
        "subPathExpr": TEXT,
        "readOnly": FLAG,
        "mountPropagation": Words("None", "HostToContainer", "Bidirectional"),
        "recursiveReadOnly": TEXT,
    },
    required=("name", "mountPath"),
)
_CONTAINER_PORT: Final = _object(
    {
        "containerPort": WHOLE,
        "name": TEXT,
        "hostIP": TEXT,
        "hostPort": WHOLE,
        "protocol": Words("TCP", "UDP", "SCTP"),
    },
    required=("containerPort",),
)
_SECURITY: Final = _object(
    {
        "allowPrivilegeEscalation": FLAG,
        "appArmorProfile": MAPPING,
        "capabilities": _object({"add": _LENIENT_TEXTS, "drop": _LENIENT_TEXTS}),
        "privileged": FLAG,
        "procMount": TEXT,
        "readOnlyRootFilesystem": FLAG,
        "runAsGroup": WHOLE,
        "runAsNonRoot": FLAG,
        "runAsUser": WHOLE,
        "seLinuxOptions": MAPPING,
        "seccompProfile": MAPPING,
        "windowsOptions": MAPPING,
    }
)
PULL_POLICY: Final = Words("Always", "IfNotPresent", "Never", templated=True)

CONTAINER: Final = _object(
    {
        "name": TEXT,
        "image": TEXT,
        "imagePullPolicy": PULL_POLICY,
        "command": _ARGV,
        "args": _ARGV,
        "workingDir": TEXT,
        "env": Either("a list of variables", str=TEXT, list=Listing(ENV_VAR), dict=Built(Table(LENIENT_TEXT), _pairs)),
        "envFrom": Listing(_ENV_FROM),
        "resources": RESOURCES,
        "ports": Listing(_CONTAINER_PORT),
        "volumeMounts": Listing(_MOUNT),
        "volumeDevices": Listing(_object({"name": TEXT, "devicePath": TEXT})),
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "startupProbe": _PROBE,
        "lifecycle": _object({"postStart": _HOOK, "preStop": _HOOK, "stopSignal": TEXT}),
        "securityContext": _SECURITY,
        "terminationMessagePath": TEXT,
        "terminationMessagePolicy": Words("File", "FallbackToLogsOnError"),
        "resizePolicy": Listing(MAPPING),
        "restartPolicy": TEXT,
        "restartPolicyRules": Listing(MAPPING),
        "stdin": FLAG,
        "stdinOnce": FLAG,
        "tty": FLAG,
    }
)

_VOLUME_SOURCES: Final = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "persistentVolumeClaim",
    "photonPersistentDisk",
    "portworxVolume",
    "projected",
    "quobyte",
    "rbd",
    "scaleIO",
    "secret",
    "storageos",
    "vsphereVolume",
]
VOLUME: Final = _object({"name": TEXT, **dict.fromkeys(_VOLUME_SOURCES, MAPPING)}, required=("name",))

TOLERATION: Final = _object(
    {
        "key": TEXT,
        "operator": Words("Exists", "Equal", "Lt", "Gt", templated=True),
        "value": LENIENT_TEXT,
        "effect": Words("NoSchedule", "PreferNoSchedule", "NoExecute", templated=True),
        "tolerationSeconds": WHOLE,
    }
)
HOST_ALIAS: Final = _object({"ip": TEXT, "hostnames": _LENIENT_TEXTS})
DNS_CONFIG: Final = _object(
    {
        "nameservers": _LENIENT_TEXTS,
        "searches": _LENIENT_TEXTS,
        "options": Listing(_object({"name": TEXT, "value": LENIENT_TEXT})),
    }
)
AFFINITY: Final = _object({"nodeAffinity": MAPPING, "podAffinity": MAPPING, "podAntiAffinity": MAPPING})
