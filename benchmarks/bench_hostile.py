"""What hostile inputs cost at the most: each is judged in a process of its own, and the bars are absolute."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

from benchmarks.rows import Row

_MEMORY = 2 << 30  # bytes of address space; who wants more is stopped
_WHY = "absolute: one file of a proposal must not hold up the judging of others"
BARS = {  # seconds of CPU, MiB
    "alias-bomb": (0.5, 64),
    "ops-100000": (10, 600),
    "circle-of-20000-ops": (5, 256),
    "doubling-components-24": (8, 256),
    "grid-of-1e60": (0.5, 64),
    "mapping-of-200000": (10, 800),
    "nested-lists-1000000": (0.5, 64),
    "scalar-of-9-mib": (2, 256),
    "line-of-9-mib": (8, 512),
    "keys-700000": (15, 1_024),
    "params-300000": (25, 1_024),
    "documents-10000": (1, 64),
    "templates-100000": (2, 256),
    "template-of-1-mib": (0.5, 64),
    "unique-templates-50000": (25, 512),
    "regex-nested": (0.5, 64),
    "number-of-100000-digits": (0.5, 64),
    "invalid-utf-8": (0.5, 64),
    "nul-and-bidi": (0.5, 64),
}


@cache
def _cost(name: str, _round: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hostile", name],
        capture_output=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY)),
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measured(name: str, what: str) -> Callable[[], float]:
    rounds = count()
    return lambda: float(_cost(name, next(rounds))[what])


def _row(name: str, what: str, unit: str, bar: float) -> Row:
    return Row(name=f"hostile/{name}/{what}", unit=unit, ours=_measured(name, what), bar=bar, why=_WHY, rounds=2)


ROWS = tuple(
    row
    for name, (seconds, mib) in BARS.items()
    for row in (_row(name, "seconds", "s CPU", seconds), _row(name, "mib", "MiB added", mib))
)
