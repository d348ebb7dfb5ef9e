"""Replicas: the parts of a distributed run, each a number of equal pods. Which kind has which stands with the kind."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import section
from reconciler.flows.pods import POD_FIELDS
from reconciler.flows.shapes import COUNT, Shape

REPLICA_FIELDS: Final[dict[str, Shape]] = {"replicas": COUNT, **POD_FIELDS}
REPLICA: Final = section(REPLICA_FIELDS)
