"""Spark: `sparkjob`, a kind of our own with the fields that Polyaxon 1 had for it."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import Listing, Table
from reconciler.flows.kinds.kind import distributed
from reconciler.flows.kinds.replicas import REPLICA
from reconciler.flows.shapes import LENIENT_TEXT, TEXT, Words

SPARKJOB: Final = distributed(
    "sparkjob",
    "A Spark application: a driver and its executors.",
    {
        "type": Words("java", "scala", "python", "r", templated=True),
        "sparkVersion": TEXT,
        "pythonVersion": LENIENT_TEXT,
        "deployMode": Words("cluster", "client", "in_cluster_client", templated=True),
        "mainClass": TEXT,
        "mainApplicationFile": TEXT,
        "arguments": Listing(LENIENT_TEXT),
        "hadoopConf": Table(LENIENT_TEXT),
        "sparkConf": Table(LENIENT_TEXT),
        "hadoopConfigMap": TEXT,
        "sparkConfigMap": TEXT,
    },
    REPLICA,
    ("driver", "executor"),
)
