"""`kind: mapping`: one child for each of a list of values, in their order."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import Listing, Table, section
from reconciler.flows.matrix.kind import SHARED_FIELDS, MatrixKind
from reconciler.flows.shapes import ANYTHING

MAPPING: Final = MatrixKind(
    "mapping",
    "One child for each of a list of values.",
    section(
        {**SHARED_FIELDS, "values": Listing(Table(ANYTHING, templated=False))}, required=("values",), templated=False
    ),
)
