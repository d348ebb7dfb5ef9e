"""`kind: tpe`, and `hyperopt` as it was called up to 2.16, with a choice of algorithms."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import section
from reconciler.flows.matrix.kind import METRIC, SEARCH_FIELDS, TUNER, MatrixKind
from reconciler.flows.shapes import POSITIVE, Shape, Words

_FIELDS: Final[dict[str, Shape]] = {**SEARCH_FIELDS, "maxIterations": POSITIVE, "metric": METRIC, "tuner": TUNER}
TPE: Final = MatrixKind(
    "tpe",
    "Children drawn near the best ones so far (a tree of Parzen estimators).",
    section(_FIELDS, required=("metric", "params"), templated=False),
    runs=False,
)
HYPEROPT: Final = MatrixKind(
    "hyperopt",
    "The name of `tpe` up to Polyaxon 2.16, with a choice of algorithms.",
    section(
        {**_FIELDS, "algorithm": Words("tpe", "rand", "anneal")},
        required=("metric", "numRuns", "params"),
        templated=False,
    ),
    runs=False,
)
