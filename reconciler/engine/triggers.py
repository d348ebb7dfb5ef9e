"""When an op starts, is skipped or fails for its upstreams: the table of triggers, and nothing about how it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from reconciler.engine.model import SKIPPED, SUCCEEDED, Status
from reconciler.flows.model import Trigger


class Verdict(Enum):
    """What the upstreams of an op say of it now."""

    WAIT = "wait"
    START = "start"
    SKIP = "skip"
    UPSTREAM_FAILED = "upstream_failed"


WAIT: Final = Verdict.WAIT  # what nearly all are told, see model.CREATED
START: Final = Verdict.START


@dataclass(slots=True)
class Counts:
    """How the upstreams of one op stand. A skipped upstream counts as succeeded, too."""

    total: int
    succeeded: int = 0
    failed: int = 0  # failed, upstream_failed, stopped
    skipped: int = 0
    reads_left: int = 0  # upstreams that it reads from and that have not ended
    event_sources_left: int = 0  # upstreams of its event edges that have not ended
    event_seen: bool = False

    @property
    def done(self) -> int:
        """How many have ended."""
        return self.succeeded + self.failed

    @property
    def all_done(self) -> bool:
        """Whether every one has ended."""
        return self.succeeded + self.failed == self.total

    def add(self, status: Status) -> None:
        """Count one upstream that ended in `status`."""
        if status is SUCCEEDED:
            self.succeeded += 1
        elif status is SKIPPED:
            self.succeeded += 1
            self.skipped += 1
        else:
            self.failed += 1


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: when an op starts, and when it becomes upstream_failed."""

    starts: Callable[[Counts], bool]
    fails: Callable[[Counts], bool]


TABLE: Final[Mapping[Trigger, Row]] = {
    Trigger.ALL_SUCCEEDED: Row(lambda c: c.all_done and not c.failed, lambda c: c.failed > 0),
    Trigger.ALL_FAILED: Row(lambda c: c.all_done and not c.succeeded, lambda c: c.succeeded > 0),
    Trigger.ALL_DONE: Row(lambda c: c.all_done, lambda _: False),
    Trigger.ONE_SUCCEEDED: Row(lambda c: c.succeeded > 0, lambda c: c.all_done and not c.succeeded),
    Trigger.ONE_FAILED: Row(lambda c: c.failed > 0, lambda c: c.all_done and not c.failed),
    Trigger.ONE_DONE: Row(lambda c: c.done > 0, lambda _: False),
}


def decide(trigger: Trigger, counts: Counts, skip_on_upstream_skip: bool = False) -> Verdict:
    """What becomes of an op; the same facts give the same verdict, in whatever order they arrive.

    An event edge goes first, then skipOnUpstreamSkip, then the trigger. An op never starts before the upstreams it
    reads from have ended.
    """
    if counts.event_seen:
        return _start(counts)
    if counts.event_sources_left:
        return WAIT
    if counts.total == 0:
        return START
    if skip_on_upstream_skip and (counts.skipped or not counts.all_done):
        return Verdict.SKIP if counts.skipped else Verdict.WAIT
    row = TABLE[trigger]
    if row.fails(counts):
        return Verdict.UPSTREAM_FAILED
    return _start(counts) if row.starts(counts) else WAIT


def _start(counts: Counts) -> Verdict:
    return WAIT if counts.reads_left else START
