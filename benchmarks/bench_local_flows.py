"""What a large DAG and a wide sweep of `/bin/true` cost as a whole command: time, processor time per op, memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from benchmarks.rows import Row

DAG = 1_000
LAYER = 50  # ops side by side
SWEEP = 10_000
SLOTS = 16
NOTHING = "{kind: job, container: {image: any, command: [/bin/true]}}"


def _dag() -> str:
    lines = ["version: 1.1", "kind: component", "name: many", "run:", "  kind: dag", "  operations:"]
    for index in range(DAG):
        edges = f", dependencies: [op-{index - LAYER}, op-{(index - LAYER) // LAYER * LAYER}]" if index >= LAYER else ""
        lines.append(f"  - {{name: op-{index}, dagRef: nothing{edges}}}")
    lines += ["  components:", f"  - {{name: nothing, run: {NOTHING}}}"]
    return "\n".join(lines) + "\n"


def _sweep() -> str:
    values = ", ".join(f"{{n: {number}}}" for number in range(SWEEP))
    return "\n".join(
        (
            "version: 1.1",
            "kind: operation",
            f"matrix: {{kind: mapping, values: [{values}]}}",
            f"component: {{name: wide, inputs: [{{name: n, type: int}}], run: {NOTHING}}}",
            "",
        )
    )


_CODE = """
import os, resource, subprocess, sys, time
begin = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
took = time.monotonic() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


@cache
def _measured(flow: Callable[[], str], ops: int, _round: int) -> tuple[float, float, float]:
    """Seconds by the clock, ms of processor time per op without that of the ops, and MiB at the peak of the largest
    process, of `headgate run` on the flow, in a place of its own."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "many.yaml")
        path.write_text(flow())
        words = [
            sys.executable,
            "-m",
            "console",
            "run",
            str(path),
            "--data-dir",
            f"{place}/data",
            "--slots",
            str(SLOTS),
        ]
        words += ["--progress", "none"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        said = subprocess.run([sys.executable, "-c", _CODE, *words], env=environment, capture_output=True, check=True)
    exit_code, took, cpu, peak = said.stdout.split()
    assert exit_code == b"0", said.stderr.decode()
    return float(took), float(cpu) * 1000 / ops - _bare(), float(peak)


def _bare() -> float:
    """Milliseconds of processor time that the op's command costs by itself."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(100):
        os.waitpid(os.posix_spawn("/bin/true", ["/bin/true"], dict(os.environ)), 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000 / 100


def _row(name: str, unit: str, part: int, bar: float, flow: Callable[[], str], ops: int, why: str) -> Row:
    counted = iter(range(1_000))  # each call is the next round, so that the rows of a flow speak of the same runs
    return Row(name, unit, lambda: _measured(flow, ops, next(counted))[part], bar, why, rounds=1)


def _all(name: str, what: str, flow: Callable[[], str], ops: int, seconds: float, cpu: float, mib: float) -> list[Row]:
    start = "start and end of the command included"
    return [
        _row(f"local/{name}-seconds", "s", 0, seconds, flow, ops, f"`headgate run` on {what}, {start}."),
        _row(
            f"local/{name}-cpu-per-op",
            "ms",
            1,
            cpu,
            flow,
            ops,
            f"The same per op, the op's own process excluded, {start}.",
        ),
        _row(f"local/{name}-memory", "MiB", 2, mib, flow, ops, "The largest process of the same command, at its peak."),
    ]


ROWS = (
    *_all("dag-1000", f"a DAG of {DAG:,} ops, {LAYER} side by side", _dag, DAG, seconds=30, cpu=25, mib=150),
    *_all("sweep-10000", f"a mapping of {SWEEP:,} values", _sweep, SWEEP, seconds=120, cpu=15, mib=150),
)
