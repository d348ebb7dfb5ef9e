"""The parts of Kubernetes that flows write themselves: containers, volumes, tolerations. Facts from its API v1."""

from __future__ import annotations

from typing import Final

from reconciler.flows.shapes import (
    ANYTHING,
    COUNT,
    FLAG,
    LENIENT_TEXT,
    MAPPING,
    TEXT,
    WHOLE,
    Either,
    Listing,
    Record,
    Shape,
    Table,
    Words,
)

_LENIENT_TEXTS: Final = Listing(LENIENT_TEXT)
_ARGV: Final = Either(
    "a list of texts",
    list=Listing(Either("a text", str=TEXT, **dict.fromkeys(("int", "float", "bool"), LENIENT_TEXT))),
    str=TEXT,
)
QUANTITY: Final = Either("a quantity such as 500m or 2Gi", str=TEXT, int=LENIENT_TEXT, float=LENIENT_TEXT)
_PORT: Final = Either("a port", int=WHOLE, str=TEXT)
_KEY_OF: Final = Record({"name": TEXT, "key": TEXT, "optional": FLAG}, required=("key",))
_SOURCE: Final = Record({"name": TEXT, "optional": FLAG})

ENV_VAR: Final = Record(
    {
        "name": TEXT,
        "value": Either(
            "a text", str=TEXT, dict=ANYTHING, list=ANYTHING, **dict.fromkeys(("int", "float", "bool"), LENIENT_TEXT)
        ),
        "valueFrom": Record(
            {
                "configMapKeyRef": _KEY_OF,
                "secretKeyRef": _KEY_OF,
                "fieldRef": Record({"apiVersion": TEXT, "fieldPath": TEXT}, required=("fieldPath",)),
                "resourceFieldRef": Record({"containerName": TEXT, "divisor": QUANTITY, "resource": TEXT}),
                "fileKeyRef": MAPPING,
            }
        ),
    },
    required=("name",),
)
_ENV_FROM: Final = Record({"prefix": TEXT, "configMapRef": _SOURCE, "secretRef": _SOURCE})
RESOURCES: Final = Record(
    {"limits": Table(QUANTITY), "requests": Table(QUANTITY), "claims": Listing(MAPPING)},
)
_HEADER: Final = Record({"name": TEXT, "value": LENIENT_TEXT})
EXEC: Final = Record({"command": _ARGV})
HTTP_GET: Final = Record({"host": TEXT, "path": TEXT, "port": _PORT, "scheme": TEXT, "httpHeaders": Listing(_HEADER)})
_HANDLERS: Final[dict[str, Shape]] = {
    "exec": EXEC,
    "httpGet": HTTP_GET,
    "tcpSocket": Record({"host": TEXT, "port": _PORT}),
}
_PROBE: Final = Record(
    _HANDLERS
    | {
        "grpc": Record({"port": WHOLE, "service": TEXT}),
        "initialDelaySeconds": COUNT,
        "periodSeconds": COUNT,
        "timeoutSeconds": COUNT,
        "successThreshold": COUNT,
        "failureThreshold": COUNT,
        "terminationGracePeriodSeconds": COUNT,
    }
)
_HOOK: Final = Record(_HANDLERS | {"sleep": Record({"seconds": COUNT})})
_MOUNT: Final = Record(
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
_CONTAINER_PORT: Final = Record(
    {
        "containerPort": WHOLE,
        "name": TEXT,
        "hostIP": TEXT,
        "hostPort": WHOLE,
        "protocol": Words("TCP", "UDP", "SCTP"),
    },
    required=("containerPort",),
)
_SECURITY: Final = Record(
    {
        "allowPrivilegeEscalation": FLAG,
        "appArmorProfile": MAPPING,
        "capabilities": Record({"add": _LENIENT_TEXTS, "drop": _LENIENT_TEXTS}),
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

CONTAINER: Final = Record(
    {
        "name": TEXT,
        "image": TEXT,
        "imagePullPolicy": PULL_POLICY,
        "command": _ARGV,
        "args": _ARGV,
        "workingDir": TEXT,
        "env": Listing(ENV_VAR),
        "envFrom": Listing(_ENV_FROM),
        "resources": RESOURCES,
        "ports": Listing(_CONTAINER_PORT),
        "volumeMounts": Listing(_MOUNT),
        "volumeDevices": Listing(Record({"name": TEXT, "devicePath": TEXT})),
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "startupProbe": _PROBE,
        "lifecycle": Record({"postStart": _HOOK, "preStop": _HOOK, "stopSignal": TEXT}),
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

_VOLUME_SOURCES: Final = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI emptyDir ephemeral fc "
    "flexVolume flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi nfs persistentVolumeClaim "
    "photonPersistentDisk portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume"
).split()
VOLUME: Final = Record({"name": TEXT, **dict.fromkeys(_VOLUME_SOURCES, MAPPING)}, required=("name",))

TOLERATION: Final = Record(
    {
        "key": TEXT,
        "operator": Words("Exists", "Equal", "Lt", "Gt", templated=True),
        "value": LENIENT_TEXT,
        "effect": Words("NoSchedule", "PreferNoSchedule", "NoExecute", templated=True),
        "tolerationSeconds": WHOLE,
    }
)
HOST_ALIAS: Final = Record({"ip": TEXT, "hostnames": _LENIENT_TEXTS})
DNS_CONFIG: Final = Record(
    {
        "nameservers": _LENIENT_TEXTS,
        "searches": _LENIENT_TEXTS,
        "options": Listing(Record({"name": TEXT, "value": LENIENT_TEXT})),
    }
)
AFFINITY: Final = Record({"nodeAffinity": MAPPING, "podAffinity": MAPPING, "podAntiAffinity": MAPPING})
