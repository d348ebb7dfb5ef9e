"""`kind: job`: one container that runs to its end, and the kinds that are written exactly like it."""

from __future__ import annotations

from typing import Final

from reconciler.flows.kinds.kind import RunKind
from reconciler.flows.pods import POD_FIELDS

JOB: Final = RunKind("job", "One container that runs to its end.", lambda _parts: POD_FIELDS)
NOTIFIER: Final = RunKind(
    "notifier", "A job that tells people about another run.", lambda _parts: POD_FIELDS, runs=False
)
CLEANER: Final = RunKind("cleaner", "A job that removes what runs left behind.", lambda _parts: POD_FIELDS, runs=False)
TUNER: Final = RunKind(
    "tuner", "A job that suggests the next values of a search.", lambda _parts: POD_FIELDS, runs=False
)
