"""The parts of Kubernetes that flows write themselves: containers, volumes, tolerations. Facts from its API v1."""

from __future__ import annotations

from typing import Any, Final

from reconciler.flows.composite import MAPPING, Built, Either, Listing, Table, section
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import ANYTHING, COUNT, FLAG, LENIENT_TEXT, TEXT, WHOLE, Shape, Words


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
_KEY_OF: Final = section({"name": TEXT, "key": TEXT, "optional": FLAG}, required=("key",))
_SOURCE: Final = section({"name": TEXT, "optional": FLAG})

ENV_VAR: Final = section(
    {
        "name": TEXT,
        "value": Either(
            "a text", str=TEXT, dict=ANYTHING, list=ANYTHING, **dict.fromkeys(("int", "float", "bool"), LENIENT_TEXT)
        ),
        "valueFrom": section(
            {
                "configMapKeyRef": _KEY_OF,
                "secretKeyRef": _KEY_OF,
                "fieldRef": section({"apiVersion": TEXT, "fieldPath": TEXT}, required=("fieldPath",)),
                "resourceFieldRef": section({"containerName": TEXT, "divisor": QUANTITY, "resource": TEXT}),
                "fileKeyRef": MAPPING,
            }
        ),
    },
    required=("name",),
)
_ENV_FROM: Final = section({"prefix": TEXT, "configMapRef": _SOURCE, "secretRef": _SOURCE})
RESOURCES: Final = section(
    {"limits": Table(QUANTITY), "requests": Table(QUANTITY), "claims": Listing(MAPPING)},
)
_HEADER: Final = section({"name": TEXT, "value": LENIENT_TEXT})
EXEC: Final = section({"command": _ARGV})
HTTP_GET: Final = section(
    {"host": TEXT, "path": TEXT, "port": _PORT, "scheme": TEXT, "httpHeaders": Listing(_HEADER)}, required=("port",)
)
_HANDLERS: Final[dict[str, Shape]] = {
    "exec": EXEC,
    "httpGet": HTTP_GET,
    "tcpSocket": section({"host": TEXT, "port": _PORT}),
}
_PROBE: Final = section(
    _HANDLERS
    | {
        "grpc": section({"port": WHOLE, "service": TEXT}),
        "initialDelaySeconds": COUNT,
        "periodSeconds": COUNT,
        "timeoutSeconds": COUNT,
        "successThreshold": COUNT,
        "failureThreshold": COUNT,
        "terminationGracePeriodSeconds": COUNT,
    }
)
_HOOK: Final = section(_HANDLERS | {"sleep": section({"seconds": COUNT})})
_MOUNT: Final = section(
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
_CONTAINER_PORT: Final = section(
    {
        "containerPort": WHOLE,
        "name": TEXT,
        "hostIP": TEXT,
        "hostPort": WHOLE,
        "protocol": Words("TCP", "UDP", "SCTP"),
    },
    required=("containerPort",),
)
_SECURITY_FIELDS: Final[dict[str, Shape]] = {
    "allowPrivilegeEscalation": FLAG,
    "appArmorProfile": MAPPING,
    "capabilities": section({"add": _LENIENT_TEXTS, "drop": _LENIENT_TEXTS}),
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
_SECURITY: Final = section(_SECURITY_FIELDS)
POD_SECURITY: Final = section(  # a pod's own fields, and those of a container, which Polyaxon takes here
    {
        **_SECURITY_FIELDS,
        "fsGroup": WHOLE,
        "fsGroupChangePolicy": TEXT,
        "seLinuxChangePolicy": TEXT,
        "supplementalGroups": Listing(WHOLE),
        "supplementalGroupsPolicy": TEXT,
        "sysctls": Listing(MAPPING),
    }
)
PULL_POLICY: Final = Words("Always", "IfNotPresent", "Never", templated=True)

CONTAINER: Final = section(
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
        "volumeDevices": Listing(section({"name": TEXT, "devicePath": TEXT})),
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "startupProbe": _PROBE,
        "lifecycle": section({"postStart": _HOOK, "preStop": _HOOK, "stopSignal": TEXT}),
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
VOLUME: Final = section({"name": TEXT, **dict.fromkeys(_VOLUME_SOURCES, MAPPING)}, required=("name",))

TOLERATION: Final = section(
    {
        "key": TEXT,
        "operator": Words("Exists", "Equal", "Lt", "Gt", templated=True),
        "value": LENIENT_TEXT,
        "effect": Words("NoSchedule", "PreferNoSchedule", "NoExecute", templated=True),
        "tolerationSeconds": WHOLE,
    }
)
HOST_ALIAS: Final = section({"ip": TEXT, "hostnames": _LENIENT_TEXTS}, required=("ip",))
DNS_CONFIG: Final = section(
    {
        "nameservers": _LENIENT_TEXTS,
        "searches": _LENIENT_TEXTS,
        "options": Listing(section({"name": TEXT, "value": LENIENT_TEXT})),
    }
)
POD_FAILURES: Final = section({"rules": Listing(MAPPING)}, required=("rules",))
AFFINITY: Final = section({"nodeAffinity": MAPPING, "podAffinity": MAPPING, "podAntiAffinity": MAPPING})
