"""Ray: `raycluster` of Polyaxon 2.18, and `rayjob` of 2.4. Facts from there and from the API `ray.io/v1`."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import MAPPING, Table, section
from reconciler.flows.kinds.kind import distributed
from reconciler.flows.kinds.replicas import REPLICA_FIELDS
from reconciler.flows.kube import RESOURCES
from reconciler.flows.shapes import COUNT, FLAG, LENIENT_TEXT, TEXT, Shape

_REPLICA: Final = section(
    {
        **REPLICA_FIELDS,
        "minReplicas": COUNT,
        "maxReplicas": COUNT,
        "rayStartParams": Table(LENIENT_TEXT, templated=False),
    }
)
_FIELDS: Final[dict[str, Shape]] = {
    "entrypoint": TEXT,
    "runtimeEnv": MAPPING,
    "metadata": Table(TEXT),
    "rayVersion": TEXT,
}
_AUTOSCALER: Final = section({"upscalingMode": TEXT, "imagePullPolicy": TEXT, "resources": RESOURCES})

RAYCLUSTER: Final = distributed(
    "raycluster",
    "A Ray cluster: a head, and groups of workers by name.",
    {**_FIELDS, "enableInTreeAutoscaling": FLAG, "autoscalerOptions": _AUTOSCALER},
    _REPLICA,
    ("head",),
    ("workers",),
)
_LENIENT: Final[dict[str, Shape]] = {  # 2.4 takes numbers for texts
    "entrypoint": LENIENT_TEXT,
    "metadata": Table(LENIENT_TEXT),
    "rayVersion": LENIENT_TEXT,
}
RAYJOB: Final = distributed(
    "rayjob",
    "A Ray cluster that runs one entry point, of Polyaxon 2.4.",
    {**_FIELDS, **_LENIENT},
    _REPLICA,
    ("head",),
    ("workers",),
)
RAY: Final = (RAYCLUSTER, RAYJOB)
