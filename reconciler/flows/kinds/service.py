"""`kind: service`: containers that stay and answer on ports."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import Listing
from reconciler.flows.kinds.kind import RunKind
from reconciler.flows.pods import POD_FIELDS
from reconciler.flows.shapes import COUNT, FLAG, Shape, Whole

PORTS: Final = Listing(Whole(minimum=1))
_FIELDS: Final[dict[str, Shape]] = {
    **POD_FIELDS,
    "ports": PORTS,
    "rewritePath": FLAG,
    "isExternal": FLAG,
    "replicas": COUNT,
}

SERVICE: Final = RunKind("service", "A container that stays and answers on ports.", lambda _parts: _FIELDS)
