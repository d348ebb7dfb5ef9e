"""Dask: `daskcluster` of Polyaxon 2.18, and `daskjob` of 2.4."""

from __future__ import annotations

from typing import Final

from reconciler.flows.kinds.kind import distributed
from reconciler.flows.kinds.replicas import REPLICA
from reconciler.flows.shapes import COUNT

DASKCLUSTER: Final = distributed(
    "daskcluster",
    "A Dask cluster: a scheduler and its workers.",
    {"minReplicas": COUNT, "maxReplicas": COUNT},
    REPLICA,
    ("worker", "scheduler"),
)
DASKJOB: Final = distributed(
    "daskjob", "A job with a Dask cluster of its own, of Polyaxon 2.4.", {}, REPLICA, ("job", "worker", "scheduler")
)
DASK: Final = (DASKCLUSTER, DASKJOB)
