"""A check as data: what is said on a commit under one name. Wording and posting live elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Conclusion(StrEnum):
    """The verdict of a finished check."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"
    ACTION_REQUIRED = "action_required"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark on lines of a file of the commit."""

    file: str
    line: int
    end_line: int
    level: str  # failure, warning, notice
    title: str
    message: str
    column: int | None = None
    end_column: int | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A button beside a check. `name` is what pressing it sends."""

    name: str
    label: str
    description: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `status` is queued, in_progress or completed; `conclusion` is set when completed."""

    name: str  # `headgate`, `headgate/churn`, `headgate/churn/train`
    status: str
    title: str  # at most 60 characters: the verdict and the fact that decides
    summary: str
    conclusion: Conclusion | None = None
    text: str = ""
    annotations: tuple[Annotation, ...] = ()
    details_url: str = ""
    started_at: float | None = None
    completed_at: float | None = None
    run: str = ""
    attempt: str = ""
    actions: tuple[Action, ...] = ()

    @property
    def depth(self) -> int:
        """0 for the umbrella of a commit, 1 for a flow, 2 for an op."""
        return min(self.name.count("/"), 2)
