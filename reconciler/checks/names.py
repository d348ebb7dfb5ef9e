"""Names of checks: of the one that speaks for all of a commit, of flows, of runs and of their ops."""

from __future__ import annotations

from reconciler.engine.model import RunFacts

GATE = "headgate"  # the check that speaks for all of a commit


def name_of(flow: str, op: str = "") -> str:
    """Under which name is spoken of a flow, or of one of its ops."""
    return "/".join((GATE, flow, op)) if op else f"{GATE}/{flow}"


def name_of_run(facts: RunFacts, op: str = "") -> str:
    """The name of the check of a run, or of an op of it.

    That of a trial run is `headgate/churn (trial)`, as what merging would do is said under the flow's own name.
    """
    return name_of(f"{facts.flow} (trial)" if facts.proposal else facts.flow, op)
