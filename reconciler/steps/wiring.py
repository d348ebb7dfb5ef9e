"""Which step belongs to which kind of key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from reconciler.keys import (
    CheckKey,
    FlowKey,
    ForgeKey,
    Key,
    MissedKey,
    RemainsKey,
    RepositoryKey,
    RetentionKey,
    ReviewKey,
    RunKey,
    SweepKey,
)
from reconciler.ports import World
from reconciler.records import Changes, Lease
from reconciler.steps.advance_run import AdvanceRun
from reconciler.steps.connect import Connect
from reconciler.steps.discover import discover
from reconciler.steps.reconcile_flow import reconcile_flow
from reconciler.steps.recover import Recover
from reconciler.steps.report import report
from reconciler.steps.retain import Retain, remove_remains
from reconciler.steps.review import review
from reconciler.steps.sweep import Sweep

Step = Callable[[Any, Lease], Changes]


def steps_of(world: World) -> Mapping[type[Key], Step]:
    """The steps, each given the ports."""
    return {
        RepositoryKey: partial(discover, world),
        ForgeKey: Connect(world),
        MissedKey: Recover(world),
        ReviewKey: partial(review, world),
        FlowKey: partial(reconcile_flow, world),
        RunKey: AdvanceRun(world),
        CheckKey: partial(report, world),
        RetentionKey: Retain(world),
        RemainsKey: partial(remove_remains, world),
        SweepKey: Sweep(world),
    }
