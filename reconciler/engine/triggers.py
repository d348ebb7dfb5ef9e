"""When an op starts, is skipped or fails for its upstreams: the table of triggers, and nothing about how it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Final

from reconciler.engine.model import SKIPPED, SUCCEEDED, Status
from reconciler.flows.model import Trigger
from reconciler.plan.encoding import Record


class Verdict(Enum):
    """What the upstreams of an op say of it now."""

    WAIT = "wait"
    START = "start"
    SKIP = "skip"
    UPSTREAM_FAILED = "upstream_failed"


WAIT: Final = Verdict.WAIT  # what nearly all are told, see model.CREATED
START: Final = Verdict.START
ALL_SUCCEEDED: Final = Trigger.ALL_SUCCEEDED


class Counts(Record):
    """How the upstreams of one op stand. A skipped upstream has succeeded, too."""

    left: int  # that have not ended
    succeeded: bool = False  # one of them at least, and so on
    failed: bool = False  # failed, upstream_failed, stopped
    skipped: bool = False
    reads_left: set[int] | None = None  # upstreams that it reads from and that have not ended
    event_sources_left: set[int] | None = None  # upstreams of its event edges that have not ended
    event_seen: bool = False
    verdict: Verdict = WAIT  # over all that was counted

    @property
    def some_done(self) -> bool:
        """Whether one has ended at least."""
        return self.succeeded or self.failed

    @property
    def all_done(self) -> bool:
        """Whether every one has ended."""
        return self.left == 0

    def add(self, upstream: int, status: Status) -> bool:
        """Count one upstream that ended in `status`. Whether it may decide: others that ended so already may not."""
        self.left -= 1
        if self.reads_left or self.event_sources_left:
            self._note_end(upstream)
        elif self.left and status is SUCCEEDED and self.succeeded:
            return False
        if status is SUCCEEDED:
            self.succeeded = True
        elif status is SKIPPED:
            self.succeeded = self.skipped = True
        else:
            self.failed = True
        return True

    def _note_end(self, upstream: int) -> None:
        for waits_for in (self.reads_left, self.event_sources_left):
            if waits_for is not None:
                waits_for.discard(upstream)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: when an op starts, and when it becomes upstream_failed."""

    starts: Callable[[Counts], bool]
    fails: Callable[[Counts], bool]


TABLE: Final[Mapping[Trigger, Row]] = {
    Trigger.ALL_SUCCEEDED: Row(lambda c: c.all_done and not c.failed, lambda c: c.failed),
    Trigger.ALL_FAILED: Row(lambda c: c.all_done and not c.succeeded, lambda c: c.succeeded),
    Trigger.ALL_DONE: Row(lambda c: c.all_done, lambda _: False),
    Trigger.ONE_SUCCEEDED: Row(lambda c: c.succeeded, lambda c: c.all_done and not c.succeeded),
    Trigger.ONE_FAILED: Row(lambda c: c.failed, lambda c: c.all_done and not c.failed),
    Trigger.ONE_DONE: Row(lambda c: c.some_done, lambda _: False),
}


def _verdict(row: Row, counts: Counts) -> Verdict:
    if row.fails(counts):
        return Verdict.UPSTREAM_FAILED
    return START if row.starts(counts) else WAIT


# The same table, asked once for all that it can be asked: ops without number look here whenever an upstream ends.
_ANSWERS: Final[Mapping[tuple[Trigger, bool, bool, bool], Verdict]] = {
    (trigger, all_done, succeeded, failed): _verdict(row, Counts(int(not all_done), succeeded, failed))
    for trigger, row in TABLE.items()
    for all_done, succeeded, failed in product((False, True), repeat=3)
}


def decide(trigger: Trigger, counts: Counts, skip_on_upstream_skip: bool = False) -> Verdict:
    """What becomes of an op that has upstreams; the same facts give the same verdict, in whatever order they arrive.

    An event edge goes first, then skipOnUpstreamSkip, then the trigger. An op never starts before the upstreams it
    reads from have ended.
    """
    if counts.event_seen:
        verdict = START
    elif counts.event_sources_left:
        return WAIT
    elif skip_on_upstream_skip and (counts.skipped or counts.left):
        return Verdict.SKIP if counts.skipped else WAIT
    else:
        verdict = _ANSWERS[trigger, counts.left == 0, counts.succeeded, counts.failed]
    return WAIT if verdict is START and counts.reads_left else verdict
