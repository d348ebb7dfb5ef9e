"""One frame of a followed run: how it stands at a moment, and that in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.checks.glyphs import look
from reconciler.checks.ops import OpView, tally, views
from reconciler.checks.words import duration
from reconciler.engine.model import OpState, RunState, Status
from reconciler.plan.model import Plan
from reconciler.records import RunRow


@dataclass(frozen=True, slots=True)
class Frame:
    """A run as it stands now."""

    row: RunRow
    plan: Plan
    ops: Sequence[OpState]

    @property
    def run(self) -> RunState:
        """Its state."""
        return self.row.state

    @property
    def views(self) -> list[OpView]:
        """Its ops in the order of the plan."""
        return views(self.plan, self.ops)


def verdict(frame: Frame) -> str:
    """The run in one line."""
    run, counts = frame.run, tally(frame.views)
    parts = [f"{number:,} {look(status).word}" for status, number in sorted(counts.items(), key=_weight)]
    took = duration((run.finished_at or run.created_at) - (run.started_at or run.created_at))
    shown = look(run.status)
    return f"{shown.glyph} {frame.row.facts.flow} {shown.word} in {took}: {', '.join(parts)} (run {run.id})"


def _weight(item: tuple[Status, int]) -> tuple[bool, str]:
    return (item[0] is not Status.FAILED, item[0].value)
