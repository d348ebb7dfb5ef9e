"""What is said about a file: findings with a place, a rule and a severity. Wording is each rule's own business."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LINE_BREAK: Final = re.compile("\r\n|\n|\r")  # what lines of a file are counted by


class Severity(StrEnum):
    """How much a finding matters; only errors stop a proposal."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where something stands in its file: lines and columns count from 1, the end column is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


NOWHERE = Span(0, 0, 0, 0)  # of what stands in no file, as an option of a command


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an author should know, at one place.

    `rule` is a stable kebab-case name with a page under docs/rules, `file` is relative to the repository's root,
    `path` names the op or field (`train-flow.ops.train.params.lr`). `also` holds further places of the same cause,
    such as the other edges of a cycle, each with a word on what stands there. `accepted` is the reason for which the
    file itself accepts it; then it is a notice, whatever its rule says. `sure` says that nothing but the suggestion can
    be meant.
    """

    rule: str
    severity: Severity
    message: str
    file: str
    span: Span
    path: str = ""
    suggestion: str | None = None
    also: tuple[tuple[str, Span, str], ...] = field(default=())
    accepted: str = ""
    sure: bool = False

    @property
    def place(self) -> tuple[str, Span, str]:
        """What findings are sorted by; those of one place have one cause, however many flows lead to it."""
        return (self.file, self.span, self.rule)
