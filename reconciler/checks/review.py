"""What is said on a proposal: the gate, and one check per flow it touches. Evidence in, words out; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.checks.model import Check
from reconciler.flows.findings import Finding
from reconciler.plan.model import Plan

if TYPE_CHECKING:
    from reconciler.plan.diff import PlanDiff


@dataclass(frozen=True, slots=True)
class Proposed:
    """The commit that is judged: `changed` are the files that the proposal changes, seen from its base."""

    sha: str
    base: str  # sha or name of what it wants into
    changed: frozenset[str] = frozenset()
    url: str = ""  # of the page that shows everything, "" = none


@dataclass(frozen=True, slots=True)
class FlowVerdict:
    """One flow that a proposal touches, judged: what is wrong with it and what merging it would do."""

    flow: str  # name
    file: str
    findings: tuple[Finding, ...] = ()
    plan: Plan | None = None  # None: it could not be made, the findings say why, or the flow is removed
    plan_diff: PlanDiff | None = None  # None: nothing was applied before, or there is no plan
    starts: bool = True  # merging starts a run
    reason: str = ""  # what starts it or why nothing does: `merge`, `manual`, `schedule`, `no effective change` …
    removed: bool = False  # merging retires the flow
    will_reuse: tuple[str, ...] = ()  # paths of the ops that will hit the cache
    will_run: Mapping[str, str] = field(default_factory=dict)  # path -> why it misses the cache ("" = not known)


def gate(
    verdicts: Sequence[FlowVerdict],
    findings: Sequence[Finding],
    proposed: Proposed,
    conflicts: Sequence[str] = (),
    settings_broken: str = "",
) -> Check:
    """The umbrella check `headgate` of a proposal's head. `findings` are those that belong to no flow of `verdicts`.

    Fails with an error among the findings, a conflict with the base, or settings that cannot be read.
    """
    raise NotImplementedError


def flow_review(verdict: FlowVerdict, proposed: Proposed) -> Check:
    """The check `headgate/<flow>` of a proposal's head: its findings, and what merging would change and run."""
    raise NotImplementedError
