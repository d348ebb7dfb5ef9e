"""`kind: random`: `numRuns` children with values drawn from a seed."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import section
from reconciler.flows.matrix.kind import SEARCH_FIELDS, MatrixKind

RANDOM: Final = MatrixKind(
    "random",
    "A number of children with values drawn at random.",
    section(SEARCH_FIELDS, required=("params", "numRuns"), templated=False),
)
