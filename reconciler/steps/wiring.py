"""Which step belongs to which kind of key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from reconciler.keys import CheckKey, FlowKey, Key, RepositoryKey, ReviewKey, RunKey
from reconciler.ports import World
from reconciler.records import Changes, Lease
from reconciler.steps.advance_run import AdvanceRun
from reconciler.steps.discover import discover
from reconciler.steps.reconcile_flow import reconcile_flow
from reconciler.steps.report import report
from reconciler.steps.review import review

Step = Callable[[Any, Lease], Changes]


def steps_of(world: World) -> Mapping[type[Key], Step]:
    """The five steps, each given the ports."""
    return {
        RepositoryKey: partial(discover, world),
        ReviewKey: partial(review, world),
        FlowKey: partial(reconcile_flow, world),
        RunKey: AdvanceRun(world),
        CheckKey: partial(report, world),
    }
