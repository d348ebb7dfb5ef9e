"""What is said on a merged commit about the run of a flow: one check per flow, and one per op while the budget lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.checks.model import Check
from reconciler.engine.model import OpState, RunFacts, RunState
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
    logs: Mapping[str, str] = field(default_factory=dict)  # tail of the log of `first_failed`
    exit_codes: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    last_good: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # metrics of the last run that succeeded
    last_good_run: str = ""
    url: str = ""  # of the run's page, "" = none


@dataclass(frozen=True, slots=True)
class MergedFlow:
    """What a merge meant for one flow. `did`: started, unchanged, registered, retired, frozen, held, queued, known."""

    flow: str
    file: str
    did: str
    run: RunState | None = None  # of `started`
    why: str = ""  # of `frozen` and `held`
    url: str = ""


def flow_check(evidence: RunEvidence) -> Check:
    """The check `headgate/<flow>` of the commit that started the run."""
    raise NotImplementedError


def op_checks(evidence: RunEvidence, budget: int) -> list[Check]:
    """A check `headgate/<flow>/<op path>` per op of the plan's top, at most `budget`; none where they are more."""
    raise NotImplementedError


def merged_gate(flows: Sequence[MergedFlow], sha: str, now: float, url: str = "") -> Check:
    """The umbrella check `headgate` of a merged commit: what was started, registered, frozen and held."""
    raise NotImplementedError


def superseded(name: str, sha: str, by: str, at: float) -> Check:
    """A check of a commit that was passed over: another one came before it was looked at."""
    raise NotImplementedError
