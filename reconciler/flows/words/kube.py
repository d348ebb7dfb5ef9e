"""Words on the parts of Kubernetes that flows write themselves: containers, probes, volumes, tolerations."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.word import Section, Word

CONTAINER: Final = Section(
    "A container in the words of Kubernetes; `volume_mounts` and the like are taken for `volumeMounts`.",
    {
        "name": Word("Its name in the pod.", "main"),
        "image": Word("The image it runs.", "python:3.12"),
        "imagePullPolicy": Word("When its image is pulled.", "IfNotPresent"),
        "command": Word("The program it runs instead of the image's own.", ["python", "train.py"]),
        "args": Word("Arguments of the program; templates are filled in when the op starts.", ["--lr={{ lr }}"]),
        "workingDir": Word("The directory it works in.", "/code"),
        "env": Word("Environment variables, as a list or a mapping.", [{"name": "OMP_NUM_THREADS", "value": "4"}]),
        "envFrom": Word("Config maps and secrets whose entries become variables.", [{"secretRef": {"name": "tokens"}}]),
        "resources": Word(
            "What it asks for and what it may use at most.",
            {"requests": {"cpu": 2}, "limits": {"memory": "8Gi", "nvidia.com/gpu": 1}},
        ),
        "ports": Word("Ports it answers on.", [{"containerPort": 8080}]),
        "volumeMounts": Word("Where it sees the volumes of its pod.", [{"name": "scratch", "mountPath": "/scratch"}]),
        "volumeDevices": Word("Where it sees block devices.", [{"name": "disk", "devicePath": "/dev/xvda"}]),
        "livenessProbe": Word(
            "Asks whether it still works; if not, it is started again.", {"tcpSocket": {"port": 8080}}
        ),
        "readinessProbe": Word(
            "Asks whether it can be used; a service is ready when it can.", {"httpGet": {"path": "/", "port": 8080}}
        ),
        "startupProbe": Word(
            "Asks whether it has started; the other probes wait for it.", {"tcpSocket": {"port": 8080}}
        ),
        "lifecycle": Word("What is done after its start and before its end.", {"preStop": {"sleep": {"seconds": 5}}}),
        "securityContext": Word("What it may do on its node.", {"runAsNonRoot": True}),
        "terminationMessagePath": Word("The file its last words are read from.", "/dev/termination-log"),
        "terminationMessagePolicy": Word("Whether its logs stand in for last words.", "FallbackToLogsOnError", "File"),
        "resizePolicy": Word(
            "What happens when its resources change.", [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]
        ),
        "restartPolicy": Word("When it is started again by itself; for sidecars.", "Always"),
        "restartPolicyRules": Word(
            "Exit codes after which it is started again.",
            [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}],
        ),
        "stdin": Word("Whether it has an input that can be attached to.", True, False),
        "stdinOnce": Word("Whether that input ends with the first who attached to it.", True, False),
        "tty": Word("Whether it has a terminal.", True, False),
    },
)
VARIABLE: Final = Section(
    "An environment variable.",
    {
        "name": Word("Its name.", "OMP_NUM_THREADS"),
        "value": Word("Its value.", "4"),
        "valueFrom": Word("Where its value is read from.", {"secretKeyRef": {"name": "tokens", "key": "hub"}}),
    },
)
VALUE_FROM: Final = Section(
    "Where the value of a variable is read from.",
    {
        "configMapKeyRef": Word("An entry of a config map.", {"name": "training", "key": "bucket"}),
        "secretKeyRef": Word("An entry of a secret.", {"name": "tokens", "key": "hub"}),
        "fieldRef": Word("A field of the pod.", {"fieldPath": "status.podIP"}),
        "resourceFieldRef": Word("A resource of a container.", {"resource": "limits.memory"}),
        "fileKeyRef": Word("An entry of a file.", {"volumeName": "settings", "path": "train.env", "key": "BUCKET"}),
    },
)
KEY_OF: Final = Section(
    "An entry of a config map or secret.",
    {
        "name": Word("The name of the config map or secret.", "tokens"),
        "key": Word("The entry.", "hub"),
        "optional": Word("Whether it may be missing.", True, False),
    },
)
FIELD_OF: Final = Section(
    "A field of the pod.",
    {
        "apiVersion": Word("The version of the API that the path is written for.", "v1", "v1"),
        "fieldPath": Word("The path of the field.", "status.podIP"),
    },
)
RESOURCE_OF: Final = Section(
    "A resource of a container.",
    {
        "containerName": Word("The container.", "main"),
        "resource": Word("The resource.", "limits.memory"),
        "divisor": Word("The unit it is written in.", "1Mi", "1"),
    },
)
ENV_FROM: Final = Section(
    "A config map or secret whose entries become environment variables.",
    {
        "prefix": Word("What their names begin with.", "TRAIN_"),
        "configMapRef": Word("A config map.", {"name": "training"}),
        "secretRef": Word("A secret.", {"name": "tokens"}),
    },
)
SOURCE: Final = Section(
    "A config map or secret by name.",
    {"name": Word("Its name.", "tokens"), "optional": Word("Whether it may be missing.", True, False)},
)
RESOURCES: Final = Section(
    "What a container asks for and what it may use at most.",
    {
        "requests": Word("What it is sure to get.", {"cpu": "500m", "memory": "2Gi"}),
        "limits": Word("What it may use at most.", {"memory": "8Gi", "nvidia.com/gpu": 1}),
        "claims": Word("Claims on devices, by name.", [{"name": "gpu"}]),
    },
)
PORT: Final = Section(
    "A port of a container.",
    {
        "containerPort": Word("The number of the port.", 8080),
        "name": Word("A name for it.", "http"),
        "protocol": Word("Its protocol.", "UDP", "TCP"),
        "hostPort": Word("The port of the node that leads to it.", 30080),
        "hostIP": Word("The address of the node that leads to it.", "10.0.0.7"),
    },
)
VOLUME_MOUNT: Final = Section(
    "Where a container sees a volume.",
    {
        "name": Word("The volume.", "scratch"),
        "mountPath": Word("The path in the container.", "/scratch"),
        "subPath": Word("The folder of the volume.", "train"),
        "subPathExpr": Word("The same with variables of the container.", "$(POD_NAME)"),
        "readOnly": Word("Whether it cannot be written.", True, False),
        "mountPropagation": Word("Whether later mounts pass between node and container.", "HostToContainer", "None"),
        "recursiveReadOnly": Word("Whether the mounts below cannot be written either.", "IfPossible"),
    },
)
VOLUME_DEVICE: Final = Section(
    "Where a container sees a block device.",
    {"name": Word("The volume.", "disk"), "devicePath": Word("The path in the container.", "/dev/xvda")},
)
SECURITY: Final = Section(
    "What a container may do on its node.",
    {
        "runAsUser": Word("The id of its user.", 1000),
        "runAsGroup": Word("The id of its group.", 1000),
        "runAsNonRoot": Word("Whether it is refused as root.", True),
        "privileged": Word("Whether it may do all that the node may.", False, False),
        "allowPrivilegeEscalation": Word("Whether a process may gain rights.", False),
        "readOnlyRootFilesystem": Word("Whether its own files cannot be written.", True, False),
        "capabilities": Word("Rights of the kernel to give or take.", {"drop": ["ALL"]}),
        "appArmorProfile": Word("Its AppArmor profile.", {"type": "RuntimeDefault"}),
        "seccompProfile": Word("Its seccomp profile.", {"type": "RuntimeDefault"}),
        "seLinuxOptions": Word("Its SELinux labels.", {"level": "s0:c123,c456"}),
        "procMount": Word("How it sees /proc.", "Default"),
        "windowsOptions": Word("What holds on Windows.", {"runAsUserName": "ContainerUser"}),
    },
)
POD_SECURITY: Final = Section(
    "What the pods of an op may do on their node; what stands here holds for their containers.",
    {
        **SECURITY.fields,
        "fsGroup": Word("The group that its volumes belong to.", 1000),
        "fsGroupChangePolicy": Word("When volumes are given to that group.", "OnRootMismatch", "Always"),
        "supplementalGroups": Word("Further groups of its processes.", [2000]),
        "supplementalGroupsPolicy": Word("Whether groups of the image count too.", "Strict", "Merge"),
        "seLinuxChangePolicy": Word("How volumes get their SELinux label.", "MountOption"),
        "sysctls": Word("Settings of the kernel.", [{"name": "net.core.somaxconn", "value": "1024"}]),
    },
)
CAPABILITIES: Final = Section(
    "Rights of the kernel.", {"add": Word("Those to give.", ["IPC_LOCK"]), "drop": Word("Those to take.", ["ALL"])}
)
