"""Words on what every kind with containers may say: environment, init steps and what they fetch."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.word import Section, Word

POD: Final = {
    "environment": Word("Where and how its pods run.", {"nodeSelector": {"gpu": "a100"}}),
    "connections": Word("Connections of the service that its containers are given, by name.", ["warehouse"]),
    "volumes": Word("Volumes of its pods; containers mount them by name.", [{"name": "scratch", "emptyDir": {}}]),
    "init": Word(
        "What is fetched or run before its container starts, in this order.",
        [{"git": {"url": "https://git.example.org/models.git", "revision": "v2"}}],
    ),
    "sidecars": Word("Containers beside the main one.", [{"name": "proxy", "image": "envoy:1.31"}]),
    "container": Word(
        "The container that does the work.",
        {"image": "python:3.12", "command": ["python", "train.py"], "args": ["--lr={{ lr }}"]},
    ),
}
ENVIRONMENT: Final = Section(
    "Where and how the pods of an op run, in the words of Kubernetes.",
    {
        "labels": Word("Labels of its pods.", {"team": "churn"}),
        "annotations": Word("Annotations of its pods.", {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}),
        "nodeSelector": Word("Labels that a node must have.", {"gpu": "a100"}),
        "affinity": Word(
            "Which nodes and neighbours it seeks or avoids.",
            {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        ),
        "tolerations": Word(
            "Taints of nodes that it puts up with.", [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]
        ),
        "nodeName": Word("The one node it must run on.", "node-7"),
        "serviceAccountName": Word("The service account of its pods; `serviceAccount` is taken too.", "trainer"),
        "hostAliases": Word(
            "Names for addresses, as in a hosts file.", [{"ip": "10.0.0.7", "hostnames": ["warehouse"]}]
        ),
        "securityContext": Word("Security of its pods.", {"runAsNonRoot": True, "fsGroup": 1000}),
        "imagePullSecrets": Word("Secrets with which its images are pulled.", ["registry"]),
        "hostNetwork": Word("Whether it uses the network of its node.", True, False),
        "hostPID": Word("Whether it sees the processes of its node.", True, False),
        "dnsPolicy": Word("How its pods look up names.", "ClusterFirst"),
        "dnsConfig": Word("Servers and domains that its pods look up names with.", {"nameservers": ["10.0.0.2"]}),
        "schedulerName": Word("The scheduler that places its pods.", "volcano"),
        "priorityClassName": Word("The priority class of its pods.", "batch-low"),
        "priority": Word("The priority of its pods as a number.", 1000),
        "restartPolicy": Word(
            "When its containers are started again in place; replicas of distributed kinds begin with OnFailure.",
            "OnFailure",
            "Never",
        ),
    },
)
INIT: Final = Section(
    "One step before the container starts: one source of files, or a container of your own.",
    {
        "artifacts": Word("Files of a store of artifacts.", {"files": ["model.pkl"], "dirs": ["vocab"]}),
        "paths": Word("Paths of a connection; a pair is from and to.", ["data/train", ["data/test", "/scratch/test"]]),
        "git": Word("A Git repository.", {"url": "https://git.example.org/models.git", "revision": "v2"}),
        "dockerfile": Word(
            "A Dockerfile that is written for a build.", {"image": "python:3.12", "run": ["pip install torch"]}
        ),
        "file": Word("A file with the given content.", {"filename": "run.sh", "content": "echo hello", "chmod": "755"}),
        "tensorboard": Word("Logs of runs for a TensorBoard.", {"port": 6006, "uuids": ["{{ globals.uuid }}"]}),
        "lineageRef": Word("An artifact of a run, by run and name.", "9d1b9c4a7f0e4e0c8f3f5a0f1c2d3e4f:model"),
        "modelRef": Word("A version of a registered model.", "churn:v3"),
        "artifactRef": Word("A version of a registered artifact.", "vocabulary:v1"),
        "connection": Word("The connection it comes from.", "warehouse"),
        "path": Word("Where the container finds it.", "/code"),
        "container": Word("The container that fetches, or an init container of your own.", {"image": "busybox:1.37"}),
    },
)
ARTIFACTS: Final = Section(
    "Files and folders of a store of artifacts; a pair is from and to.",
    {
        "files": Word("Files.", ["model.pkl", ["data/a.csv", "/scratch/a.csv"]]),
        "dirs": Word("Folders.", ["vocab"]),
        "workers": Word("How many are fetched at once.", 8),
    },
)
GIT: Final = Section(
    "A Git repository to fetch.",
    {
        "url": Word("Its address; without it the connection has one.", "https://git.example.org/models.git"),
        "revision": Word("A branch, tag or commit; by default the default branch.", "v2"),
        "flags": Word("Options of `git` itself.", ["--depth", "1"]),
    },
)
DOCKERFILE: Final = Section(
    "A Dockerfile that is written for a build.",
    {
        "image": Word("The image it begins from.", "python:3.12"),
        "env": Word("Environment variables of the image.", {"PIP_NO_CACHE_DIR": "1"}),
        "path": Word("Folders to fetch into the context of the build.", ["./module"]),
        "copy": Word("What to copy before the commands; a pair is from and to.", [["./requirements.txt", "/code/"]]),
        "postRunCopy": Word("What to copy after the commands.", [["./src", "/code/src"]]),
        "run": Word("Commands that make the image.", ["pip install -r /code/requirements.txt"]),
        "langEnv": Word("The value of LC_ALL, LANG and LANGUAGE.", "en_US.UTF-8"),
        "uid": Word("The id of the user that the image has.", 1000),
        "gid": Word("The id of the group that the image has.", 1000),
        "username": Word("The name of the user that the image has.", "ml"),
        "filename": Word("The name of the file.", "train.Dockerfile", "Dockerfile"),
        "workdir": Word("The working directory of the image.", "/app", "/code"),
        "workdirPath": Word("The folder of the context that becomes the working directory.", "./app"),
        "shell": Word("The shell of its commands.", "/bin/sh", "/bin/bash"),
    },
)
FILE: Final = Section(
    "A file with the given content.",
    {
        "kind": Word("The kind of artifact it is kept as.", "file"),
        "content": Word("What stands in it.", "echo hello"),
        "filename": Word("Its name.", "run.sh"),
        "chmod": Word("Its permissions.", "755"),
    },
)
TENSORBOARD: Final = Section(
    "Logs of runs for a TensorBoard.",
    {
        "port": Word("The port it answers on.", 6006),
        "uuids": Word("The runs whose logs it shows.", ["{{ globals.uuid }}"]),
        "useNames": Word("Whether runs are shown by name instead of id.", True, False),
        "pathPrefix": Word("The path below which it answers.", "/tensorboard"),
        "plugins": Word("Plugins to install.", ["tensorboard-plugin-profile"]),
    },
)
