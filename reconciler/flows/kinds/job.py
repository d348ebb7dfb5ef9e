"""`kind: job`: one container that runs to its end."""

from __future__ import annotations

from typing import Final

from reconciler.flows.kinds.kind import RunKind
from reconciler.flows.pods import POD_FIELDS

JOB: Final = RunKind("job", lambda _parts: POD_FIELDS)
