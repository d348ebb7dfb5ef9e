"""Names of checks of runs."""

from __future__ import annotations

from reconciler.checks.model import name_of
from reconciler.engine.model import RunFacts


def name_of_run(facts: RunFacts, op: str = "") -> str:
    """The name of the check of a run, or of an op of it.

    That of a trial run is `headgate/churn (trial)`, as what merging would do is said under the flow's own name.
    """
    return name_of(f"{facts.flow} (trial)" if facts.proposal else facts.flow, op)
