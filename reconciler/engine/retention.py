"""What may be forgotten: how long things are kept, and which runs and files are past that. Nothing is removed here.

Facts in, decision out. Whatever something that is kept still needs is kept as well, whatever its age.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.engine.model import FINAL, GOOD, RunState, Status

DAY = 86_400.0
FOREVER = float("inf")
MARGIN = 3600.0  # s between the end of what may be reused and the removal of what it was made of
ORPHANED = 2 * DAY  # s that files which no row speaks of stay: a database of an older backup may ask for them yet
COMES_AGAIN = 8 * DAY  # s: forges send webhooks again for days, and comments are read that are a week old


@dataclass(frozen=True, slots=True)
class Policy:
    """How long things are kept, in seconds (FOREVER: always); counts are of the finished runs of each flow."""

    runs: float = 90 * DAY  # finished runs that succeeded or were skipped
    failed_runs: float = 180 * DAY  # finished runs that did not
    newest: int = 20  # of a flow, kept whatever their age
    most: int = 5000  # of a flow, older ones go whatever their age
    cache: float = 30 * DAY  # results that may be reused
    files: float = 30 * DAY  # logs and artifacts
    files_size: float = FOREVER  # bytes of logs and artifacts of one place
    history: float = 90 * DAY  # answered requests, webhooks, events and checks that belong to no run
    deliveries: int = 100_000  # webhooks, older ones go once they cannot come again
    events: int = 1_000_000  # of all kinds; of more, older ones go unless they are of a run
    traces: float = 365 * DAY  # that a run was there

    @property
    def heard(self) -> float:
        """How long answered requests and webhooks are remembered: as long as they may come again, at least."""
        return max(self.history, COMES_AGAIN)

    def run_age(self, status: Status) -> float:
        """How long a run that ended so is kept."""
        return self.runs if status in GOOD else self.failed_runs

    @property
    def youngest(self) -> float:
        """No finished run goes for its age before it is so old."""
        return min(self.runs, self.failed_runs)


@dataclass(frozen=True, slots=True)
class FlowMarks:
    """What a flow needs of its runs."""

    newest_from: float = 0.0  # creation of the oldest of those that are kept for being newest
    most_from: float = 0.0  # creation of the oldest that its count allows
    last_good: str = ""  # its last run that succeeded
    applied_sha: str = ""  # commit of its applied plan
    waiting_sha: str = ""


@dataclass(frozen=True, slots=True)
class RunMark:
    """A run as retention sees it."""

    state: RunState
    version: int
    repository: str
    sha: str = ""  # commit whose check speaks of it
    commit: str = ""

    @property
    def id(self) -> str:
        """The run's id."""
        return self.state.id


@dataclass(frozen=True, slots=True)
class Needs:
    """What others still need, over all runs that are asked about."""

    flows: Mapping[str, FlowMarks] = field(default_factory=dict)
    used: frozenset[str] = frozenset()  # runs whose results a run that is kept has taken over or reused
    serving: frozenset[str] = frozenset()  # runs that declared a service which is still wanted
    asked: frozenset[str] = frozenset()  # runs of which somebody asked something that is not answered
    unsaid: frozenset[str] = frozenset()  # runs with something to say, or to do, that waits in the queue
    cached_since: float = FOREVER  # end of the oldest result that may be reused


def past(groups: Iterable[Sequence[RunMark]], needs: Needs, policy: Policy, now: float) -> list[RunMark]:
    """The runs that may go. Those of a group (of one commit) go together, as the commit's checks speak of all."""
    return [run for group in groups if all(may_go(run, needs, policy, now) for run in group) for run in group]


def may_go(run: RunMark, needs: Needs, policy: Policy, now: float) -> bool:
    """Whether nothing keeps a run: neither its age and its flow's counts, nor anybody who needs it."""
    state = run.state
    if state.status not in FINAL or state.finished_at is None or _needed(run, needs):
        return False
    marks = needs.flows.get(state.flow, FlowMarks())
    if state.created_at >= marks.newest_from or state.finished_at >= needs.cached_since - MARGIN:
        return False
    return now - state.finished_at > policy.run_age(state.status) or state.created_at < marks.most_from


def _needed(run: RunMark, needs: Needs) -> bool:
    marks = needs.flows.get(run.state.flow, FlowMarks())
    held = needs.used | needs.serving | needs.asked | needs.unsaid
    standing = {marks.applied_sha, marks.waiting_sha} - {""}
    return run.id in held or run.id == marks.last_good or run.sha in standing


@dataclass(frozen=True, slots=True)
class FilesMark:
    """The files of an attempt, and what is known of it. `ended_at`: None while it lives, or is not known."""

    attempt: str
    known: bool  # the store has a row of it
    live: bool  # by its row, or as somebody runs it
    pruned: bool  # that its files go is written down
    ended_at: float | None
    touched_at: float  # when its directory changed last
    needed: bool = False  # a live run, or one whose own files are kept, has reused what it made


@dataclass(frozen=True, slots=True)
class FilesPast:
    """What is to become of files: `remove` them now, or `mark` their attempts first."""

    remove: tuple[str, ...]
    mark: tuple[str, ...]


def files_past(found: Iterable[FilesMark], cached_since: float, cutoff: float, now: float) -> FilesPast:
    """Which files go. Those of a known attempt go in a later look than the one that decides it: first it is written.

    `cutoff`: the end of an attempt before which its files are not kept (`files_cutoff`).
    """
    remove, mark, oldest = [], [], min(cutoff, cached_since - MARGIN)
    for one in found:
        if one.live:
            continue
        if one.pruned or (not one.known and now - one.touched_at > ORPHANED):
            remove.append(one.attempt)
        elif one.known and not one.needed and one.ended_at is not None and one.ended_at < oldest:
            mark.append(one.attempt)
    return FilesPast(tuple(remove), tuple(mark))


def files_cutoff(sizes: Iterable[tuple[float, int]], policy: Policy, now: float) -> float:
    """Files of attempts that ended before this are past their time. `sizes`: (end, bytes) of each attempt of a place.

    What is over the size that is kept makes the time shorter for all, so that the oldest go first.
    """
    left, cutoff = policy.files_size, now - policy.files
    if left == FOREVER:
        return cutoff
    for ended_at, size in sorted(sizes, reverse=True):
        left -= size
        if left < 0:
            return max(cutoff, ended_at + 1e-3)
    return cutoff
