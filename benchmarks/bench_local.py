"""What a DAG of trivial local ops costs as a whole command: time against its limit, and the largest process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from benchmarks.rows import Row

OPS = 200
LAYER = 20  # ops side by side


def _flow() -> str:
    lines = ["version: 1.1", "kind: component", "name: many", "run:", "  kind: dag", "  operations:"]
    for index in range(OPS):
        edge = f", dependencies: [op-{index - LAYER}]" if index >= LAYER else ""
        lines.append(f"  - {{name: op-{index}, dagRef: nothing{edge}}}")
    lines += ["  components:", "  - name: nothing", "    run: {kind: job, container: {image: any, command: ['true']}}"]
    return "\n".join(lines) + "\n"


@cache
def _measured(_round: int) -> tuple[float, float]:
    """Wall-clock seconds and MiB at the peak of `headgate run` on the flow, in a place of its own."""
    with tempfile.TemporaryDirectory() as place:
        flow = Path(place, "many.yaml")
        flow.write_text(_flow())
        words = [sys.executable, "-m", "console", "run", str(flow), "--data-dir", f"{place}/data", "--progress", "none"]
        code = (
            "import os, resource, subprocess, sys, time\n"
            "begin = time.monotonic()\n"
            "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
            "took = time.monotonic() - begin\n"
            "print(code, took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        said = subprocess.run([sys.executable, "-c", code, *words], env=environment, capture_output=True, check=True)
    exit_code, took, peak = said.stdout.split()
    assert exit_code == b"0", said.stderr.decode()
    return float(took), float(peak)


def _rounds(part: int) -> Callable[[], float]:
    """Each call is the next round, so that both rows speak of the same runs."""
    counted = iter(range(1_000))
    return lambda: _measured(next(counted))[part]


ROWS = (
    Row(
        name=f"local/run-{OPS}-ops-seconds",
        unit="s",
        ours=_rounds(0),
        bar=20,
        why=f"`headgate run` on a DAG of {OPS} trivial ops, start and end of the command included, takes under 20 s.",
        rounds=3,
    ),
    Row(
        name=f"local/run-{OPS}-ops-memory",
        unit="MiB",
        ours=_rounds(1),
        bar=100,
        why="The same command stays within 100 MiB, its largest process counted.",
        rounds=3,
    ),
)
