"""networkx walking a graph, from PyPI, in an environment and a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from benchmarks.installing import installed
from benchmarks.rows import NotMeasured

RELEASE = "networkx==3.4.2"

# Measured inside the peer's process, by its own clock: the graph is made and gone through once.
_WALK = """
import json, sys, time
import networkx
upstream = json.load(sys.stdin)
begin = time.process_time()
graph = networkx.DiGraph()
graph.add_nodes_from(range(len(upstream)))
graph.add_edges_from((before, op) for op, all_before in enumerate(upstream) for before in all_before)
walked = sum(1 for _ in networkx.topological_sort(graph))
took = (time.process_time() - begin) * 1000
assert walked == len(upstream)
print(took)
"""


def walked(upstream: Sequence[Sequence[int]]) -> float:
    """The processor ms that networkx takes to make the graph and to go through it. Raises NotMeasured."""
    command = [str(installed(RELEASE) / "bin" / "python"), "-c", _WALK]
    done = subprocess.run(command, input=json.dumps(upstream), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"{RELEASE} did not walk the graph: {done.stderr.strip()[-200:]}")
    return float(done.stdout)
