"""What the checks of a run are made of: the facts as they were given, and what follows from them, computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.checks import ops as op_views
from reconciler.checks.causes import Cause, Circumstances, cause_of
from reconciler.checks.log_excerpt import Excerpt, excerpt
from reconciler.checks.ops import OpView
from reconciler.checks.roots import roots_of_failure
from reconciler.engine.model import OpState, RunFacts, RunState, Status
from reconciler.plan.model import Plan


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """All that the checks of a run are made of. Mappings are keyed by op path.

    Only what is at hand need be given: without a log no excerpt is shown, without metrics no comparison.
    """

    run: RunState
    facts: RunFacts
    plan: Plan
    ops: Sequence[OpState]
    now: float
    cause: str = ""  # why it was started, for people
    logs: Mapping[str, str] = field(default_factory=dict)  # the end of that of the op that failed first
    exit_codes: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    last_good: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # metrics of the last run that succeeded
    last_good_run: str = ""
    url: str = ""  # of the run's page, "" = none


@dataclass(frozen=True, slots=True)
class Story:
    """The evidence put in order: `failed` begins with the op that failed first."""

    evidence: RunEvidence
    views: Sequence[OpView]
    states: Mapping[str, OpState]
    leaves: Sequence[OpView]
    failed: Sequence[OpView]
    tally: Counter[Status]
    excerpts: Mapping[str, Excerpt]
    roots: Mapping[str, str]  # path of an op that was not run -> the failed op on whose account

    @property
    def total(self) -> int:
        """How many ops do something themselves."""
        return sum(self.tally.values())

    @property
    def not_run(self) -> int:
        """Ops that never started because of others."""
        return self.tally[Status.UPSTREAM_FAILED] + self.tally[Status.CREATED]

    def cause(self, view: OpView) -> Cause:
        """Why an op did not succeed."""
        state, evidence = view.state, self.evidence
        shown = self.excerpts.get(view.path)
        return cause_of(
            state,
            Circumstances(
                view.planned,
                evidence.exit_codes.get(view.path),
                self.roots.get(view.path),
                evidence.run.stop_asked_by,
                shown.error_line if shown else "",
                "below" if shown else "empty" if view.path in evidence.logs else "elsewhere",
            ),
        )


def told(evidence: RunEvidence) -> Story:
    """What follows from the evidence."""
    all_views = op_views.views(evidence.plan, evidence.ops)
    return Story(
        evidence,
        all_views,
        {op.path: op for op in evidence.ops},
        op_views.leaves(all_views),
        op_views.failed(all_views),
        op_views.tally(all_views),
        {path: excerpt(log) for path, log in evidence.logs.items() if log.strip()},
        roots_of_failure(evidence.plan, all_views),
    )
