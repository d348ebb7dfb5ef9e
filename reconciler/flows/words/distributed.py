"""Words on the fields of distributed kinds: Kubeflow, Ray, Dask, Spark, and the replicas that they consist of."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.pods import POD
from reconciler.flows.words.word import Section, Word

_POD: Final = {"replicas": 2, "container": {"image": "python:3.12", "command": ["python", "train.py"]}}
_ONE: Final = {"container": {"image": "python:3.12", "command": ["python", "train.py"]}}
_REPLICA: Final = {"replicas": Word("How many pods there are of it.", 2, 1), **POD}
REPLICA: Final = Section("A part of a distributed run: equal pods.", _REPLICA)
RAY_REPLICA: Final = Section(
    "The head or a group of workers of a Ray cluster.",
    {
        **_REPLICA,
        "minReplicas": Word("At least so many pods when the cluster scales itself.", 1),
        "maxReplicas": Word("At most so many pods when the cluster scales itself.", 8),
        "rayStartParams": Word("Options of `ray start`.", {"num-cpus": "4"}),
    },
)


def _kind(name: str) -> dict[str, Word]:
    return {"kind": Word("The kind of run.", name)}


_KUBEFLOW: Final = {
    "cleanPodPolicy": Word("Which pods are removed when the run has ended.", "Running", "None"),
    "schedulingPolicy": Word("How its pods are placed together.", {"minAvailable": 3, "queue": "gpu"}),
}
_WORKER: Final = {"worker": Word("The replicas that do the work.", _POD)}
_MASTER: Final = {"master": Word("The replica that the workers report to.", _ONE)}
_ELASTIC: Final = {
    "minReplicas": Word("At least so many workers.", 1),
    "maxReplicas": Word("At most so many workers.", 4),
    "maxRestarts": Word("How often the workers are started again.", 10),
    "Metrics": Word(
        "What decides how many workers there are, in the form of a Kubernetes autoscaler; `metrics` is taken too.",
        [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }
        ],
    ),
}
SCHEDULING_POLICY: Final = Section(
    "How the pods of a distributed run are placed together.",
    {
        "minAvailable": Word("How many pods there must be places for before any starts.", 3),
        "queue": Word("The queue of the scheduler that places them.", "gpu"),
        "minResources": Word("The resources there must be before any starts.", {"cpu": 8}),
        "priorityClass": Word("The priority class of the group.", "batch-low"),
        "scheduleTimeoutSeconds": Word("Seconds to wait for places.", 600),
    },
)
TORCH_ELASTIC: Final = Section(
    "Lets a PyTorch run go on with fewer or more workers.",
    {
        **_ELASTIC,
        "nProcPerNode": Word("How many processes each worker has.", 2),
        "rdvzBackend": Word("How workers find each other.", "c10d"),
        "rdvzHost": Word("The host at which workers find each other.", "master"),
        "rdvzPort": Word("The port at which workers find each other.", 29400),
        "rdvzId": Word("The name of the meeting.", "churn"),
        "rdvzConf": Word("Options of the meeting.", [{"key": "timeout", "value": "600"}]),
        "standalone": Word("Whether one node meets with nobody else.", True, False),
    },
)
PADDLE_ELASTIC: Final = Section("Lets a PaddlePaddle run go on with fewer or more workers.", _ELASTIC)
AUTOSCALER: Final = Section(
    "The container that scales a Ray cluster.",
    {
        "upscalingMode": Word("How fast workers are added.", "Conservative", "Default"),
        "imagePullPolicy": Word("When its image is pulled.", "IfNotPresent"),
        "resources": Word("Its resources.", {"limits": {"cpu": "500m", "memory": "512Mi"}}),
    },
)
_RAY: Final = {
    "entrypoint": Word("The command that the cluster runs.", "python train.py"),
    "runtimeEnv": Word("Packages, files and variables of the workers.", {"pip": ["torch"]}),
    "metadata": Word("Words about the job, by key.", {"team": "churn"}),
    "rayVersion": Word("The version of Ray in the images.", "2.9.0"),
    "head": Word("The replica that leads the cluster.", _ONE),
    "workers": Word("Groups of workers, by name.", {"small": {**_POD, "minReplicas": 1, "maxReplicas": 4}}),
}
_DASK: Final = {
    "scheduler": Word("The replica that gives out the work.", _ONE),
    **_WORKER,
}
_TORCH: Final = {
    "elasticPolicy": Word("Lets it go on with fewer or more workers.", {"minReplicas": 1, "maxReplicas": 4}),
    "nProcPerNode": Word("How many processes each replica has.", 2),
}
_TENSORFLOW: Final = {
    "enableDynamicWorker": Word("Whether workers may come and go.", True, False),
    "successPolicy": Word("Whose end is the end of the run: by default the chief's.", "AllWorkers"),
    "chief": Word("The replica that leads and keeps checkpoints.", _ONE),
    "ps": Word("The replicas that hold the parameters.", _POD),
    "evaluator": Word("The replica that measures the model meanwhile.", _ONE),
}
_MXNET: Final = {
    "mode": Word("Whether it trains or tunes.", "MXTrain"),
    "scheduler": Word("The replica that brings the others together.", _ONE),
    "server": Word("The replicas that hold the parameters.", _POD),
    "tuner": Word("The replica that tunes.", _ONE),
    "tunerTracker": Word("The replica that knows the tuning servers.", _ONE),
    "tunerServer": Word("The replicas that try what is tuned.", _POD),
}
_SPARK: Final = {
    "type": Word("The language of the application.", "python"),
    "sparkVersion": Word("The version of Spark in the images.", "3.5.1"),
    "pythonVersion": Word("The version of Python in the images.", "3"),
    "deployMode": Word("Where the driver runs.", "cluster"),
    "mainClass": Word("The class that is run, in Java and Scala.", "org.example.Train"),
    "mainApplicationFile": Word("The file that is run.", "local:///code/train.py"),
    "arguments": Word("Arguments of the application.", ["--lr={{ lr }}"]),
    "hadoopConf": Word("Options of Hadoop.", {"fs.s3a.endpoint": "https://store.example.org"}),
    "sparkConf": Word("Options of Spark.", {"spark.sql.shuffle.partitions": "200"}),
    "hadoopConfigMap": Word("A config map with the files of Hadoop.", "hadoop"),
    "sparkConfigMap": Word("A config map with the files of Spark.", "spark"),
    "driver": Word("The replica that leads the application.", _ONE),
    "executor": Word("The replicas that do the work.", _POD),
}
DISTRIBUTED: Final = {
    "tfjob": {**_kind("tfjob"), **_KUBEFLOW, **_TENSORFLOW, **_WORKER},
    "pytorchjob": {**_kind("pytorchjob"), **_KUBEFLOW, **_TORCH, **_MASTER, **_WORKER},
    "mpijob": {
        **_kind("mpijob"),
        **_KUBEFLOW,
        "slotsPerWorker": Word("How many processes each worker takes.", 4, 1),
        "launcher": Word("The replica that starts the others.", _ONE),
        **_WORKER,
    },
    "jaxjob": {**_kind("jaxjob"), **_KUBEFLOW, **_WORKER},
    "xgbjob": {**_kind("xgbjob"), **_KUBEFLOW, **_MASTER, **_WORKER},
    "paddlejob": {
        **_kind("paddlejob"),
        **_KUBEFLOW,
        "elasticPolicy": _TORCH["elasticPolicy"],
        **_MASTER,
        **_WORKER,
    },
    "mxjob": {**_kind("mxjob"), **_KUBEFLOW, **_MXNET, **_WORKER},
    "raycluster": {
        **_kind("raycluster"),
        **_RAY,
        "enableInTreeAutoscaling": Word("Whether the cluster scales itself.", True, False),
        "autoscalerOptions": Word("The container that scales it.", {"upscalingMode": "Conservative"}),
    },
    "rayjob": {**_kind("rayjob"), **_RAY},
    "daskcluster": {
        **_kind("daskcluster"),
        **_DASK,
        "minReplicas": Word("At least so many workers when it scales itself.", 1),
        "maxReplicas": Word("At most so many workers when it scales itself.", 8),
    },
    "daskjob": {**_kind("daskjob"), "job": Word("The replica that gives the cluster its work.", _ONE), **_DASK},
    "sparkjob": {**_kind("sparkjob"), **_SPARK},
}
