"""The training jobs of Kubeflow: TensorFlow, PyTorch, MPI, JAX, and those of 2.4: MXNet, XGBoost, Paddle.

Facts from Polyaxon 2.18 and 2.4 and from the API `kubeflow.org/v1`.
"""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import MAPPING, Either, Listing, section
from reconciler.flows.kinds.kind import distributed
from reconciler.flows.kinds.replicas import REPLICA
from reconciler.flows.shapes import COUNT, FLAG, PLAIN_FLAG, TEXT, Shape, Words

_SCHEDULING: Final = section(
    {
        "minAvailable": COUNT,
        "queue": TEXT,
        # a whole number in Polyaxon, a list of resources in the API
        "minResources": Either("a whole number or a mapping", int=COUNT, dict=MAPPING, str=COUNT),
        "priorityClass": TEXT,
        "scheduleTimeoutSeconds": COUNT,
    },
    templated=False,
)
_POLICIES: Final[dict[str, Shape]] = {
    "cleanPodPolicy": Words("All", "Running", "None"),
    "schedulingPolicy": _SCHEDULING,
}
_METRICS: Final = Listing(MAPPING, templated=False)
_TORCH_ELASTIC: Final = section(
    {
        "minReplicas": COUNT,
        "maxReplicas": COUNT,
        "rdvzBackend": TEXT,
        "rdvzPort": COUNT,
        "rdvzHost": TEXT,
        "rdvzId": TEXT,
        "rdvzConf": Listing(MAPPING, templated=False),
        "standalone": FLAG,
        "nProcPerNode": COUNT,
        "maxRestarts": COUNT,
        "Metrics": _METRICS,
    },
    aliases={"metrics": "Metrics"},
    templated=False,
)
_PADDLE_ELASTIC: Final = section(
    {"minReplicas": COUNT, "maxReplicas": COUNT, "maxRestarts": COUNT, "Metrics": _METRICS},
    aliases={"metrics": "Metrics"},
    templated=False,
)

TFJOB: Final = distributed(
    "tfjob",
    "A distributed TensorFlow training job.",
    {**_POLICIES, "enableDynamicWorker": PLAIN_FLAG, "successPolicy": TEXT},
    REPLICA,
    ("chief", "ps", "worker", "evaluator"),
)
PYTORCHJOB: Final = distributed(
    "pytorchjob",
    "A distributed PyTorch training job.",
    {**_POLICIES, "elasticPolicy": _TORCH_ELASTIC, "nProcPerNode": COUNT},
    REPLICA,
    ("master", "worker"),
)
MPIJOB: Final = distributed(
    "mpijob",
    "A distributed job whose launcher starts its workers with MPI.",
    {**_POLICIES, "slotsPerWorker": COUNT},
    REPLICA,
    ("launcher", "worker"),
)
JAXJOB: Final = distributed("jaxjob", "A distributed JAX training job.", _POLICIES, REPLICA, ("worker",))
XGBJOB: Final = distributed(
    "xgbjob", "A distributed XGBoost training job, of Polyaxon 2.4.", _POLICIES, REPLICA, ("master", "worker")
)
PADDLEJOB: Final = distributed(
    "paddlejob",
    "A distributed PaddlePaddle training job, of Polyaxon 2.4.",
    {**_POLICIES, "elasticPolicy": _PADDLE_ELASTIC},
    REPLICA,
    ("master", "worker"),
)
MXJOB: Final = distributed(
    "mxjob",
    "A distributed MXNet training or tuning job, of Polyaxon 2.4.",
    {**_POLICIES, "mode": Words("MXTrain", "MXTune")},
    REPLICA,
    ("scheduler", "server", "worker", "tuner", "tunerTracker", "tunerServer"),
)
KUBEFLOW: Final = (TFJOB, PYTORCHJOB, MPIJOB, JAXJOB, XGBJOB, PADDLEJOB, MXJOB)
