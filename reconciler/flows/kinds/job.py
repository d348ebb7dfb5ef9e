"""`kind: job`: one container that runs to its end, and the kinds that are written exactly like it."""

from __future__ import annotations

from typing import Final

from reconciler.flows.kinds.kind import RunKind
from reconciler.flows.pods import POD_FIELDS

JOB: Final = RunKind("job", lambda _parts: POD_FIELDS)
NOTIFIER: Final = RunKind("notifier", lambda _parts: POD_FIELDS, runs=False)
CLEANER: Final = RunKind("cleaner", lambda _parts: POD_FIELDS, runs=False)
TUNER: Final = RunKind("tuner", lambda _parts: POD_FIELDS, runs=False)
