"""The ports: what steps need from the world, in our own words. Adapters implement them, tests fake the world behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.checks.model import Check
from reconciler.engine.model import AttemptPaths, AttemptSpec, Observed, Performed
from reconciler.engine.retention import Policy
from reconciler.plan.tree import Tree, TreeEntry
from reconciler.records import (
    AttemptRow,
    Lease,
    RepositoryRow,
)
from reconciler.store import Delivery, Store


class Clock(Protocol):
    """Wall-clock time in seconds since the epoch, UTC, and a monotonic clock for deadlines."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...


# --- source -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that asks to be merged: a branch of a local repository, `pull/12`, or `queue/SHA` of a merge queue."""

    name: str
    head: str
    base: str  # branch name it wants into
    title: str = ""
    base_head: str = ""  # sha of that branch; "" = it is the default one


@dataclass(frozen=True, slots=True)
class Refs:
    """What a repository's refs are now."""

    default_branch: str
    head: str  # sha of the default branch; "" in an empty repository
    proposals: tuple[Proposal, ...]
    tags: Mapping[str, str]
    ignored: tuple[str, ...] = ()  # refs whose names are not safe to use; nothing is done with them
    source: str = ""  # where the repository is now, if it moved
    look_again: float | None = None  # s until it is worth looking again, where that is not as usual
    seen_at: float | None = None  # when that was, by the clock that dates comments, where that is not ours
    lost_checks: bool = False  # checks would be kept in it, and there are none, whatever was posted


@dataclass(frozen=True, slots=True)
class Merged:
    """The merge of a proposal's head into its base: a tree, or the paths that conflict."""

    tree: str | None
    conflicts: tuple[str, ...] = ()


class Source(Protocol):
    """Git repositories. `repository` is the name of a RepositoryRow; shas are 40 hexadecimal digits.

    Raises Waiting when the repository cannot be reached, Stalled when it is not a repository.
    """

    def refs(self, repository: str) -> Refs:
        """Fetch, and tell what is there now."""
        ...

    def tree(self, repository: str, treeish: str) -> Tree:
        """Every file under a commit or tree."""
        ...

    def changed(self, repository: str, old: str, new: str) -> Mapping[str, TreeEntry | None] | None:
        """What stands in the second of two commits or trees at the paths that differ; None: nothing.

        None as a whole where the first is not there any more, as after a push by force.
        """
        ...

    def read(self, repository: str, treeish: str, paths: Sequence[str]) -> Mapping[str, bytes]:
        """The bytes of regular files, in one batch; absent paths, links and submodules are left out."""
        ...

    def merge(self, repository: str, head: str, base: str) -> Merged:
        """Merge two commits without touching any ref."""
        ...

    def merge_base(self, repository: str, one: str, other: str) -> str | None:
        """The best common ancestor."""
        ...

    def first_parents(self, repository: str, after: str, upto: str, limit: int = 100) -> Sequence[str]:
        """Commits on the first-parent line after one commit up to another, oldest first, the last `limit` of them."""
        ...

    def keep(self, repository: str, sha: str) -> None:
        """Keep a commit from being collected, as its plan or run is still needed."""
        ...

    def checkout(self, repository: str, sha: str) -> str:
        """A shared read-only directory with the commit's tree; made once per commit, atomically."""
        ...

    def kept(self, repository: str, before: float) -> Sequence[str]:
        """Commits that `keep` holds, or whose tree is checked out, here and since before a time."""
        ...

    def let_go(self, repository: str, shas: Sequence[str]) -> None:
        """Hold these commits no longer, and remove their trees here; one that is needed again is fetched again."""
        ...


class Forge(Protocol):
    """What hosts repositories, and lets us serve some of them."""

    def unknown(self, known: Sequence[RepositoryRow]) -> Sequence[RepositoryRow]:
        """Repositories to serve that are none of these, as new rows. Raises Waiting, Stalled."""
        ...


# --- executor ---------------------------------------------------------------------------------------------------------


class Executor(Protocol):
    """Where attempts run. Calls are idempotent by attempt id; what is seen later is stored as observations."""

    place: str

    def paths(self, spec: AttemptSpec | str) -> AttemptPaths:
        """Where an attempt (or attempt id) has its files. Pure."""
        ...

    def free(self) -> int | None:
        """How many attempts may start now, None = no limit."""
        ...

    def await_slot(self, run: str, wanted: bool) -> None:
        """Have a run woken when an attempt of it may start, after those that waited before; or, not wanted, no more."""
        ...

    def start(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        """Start attempts whose intent is committed. Never raises for a single one: its outcome says what came of it."""
        ...

    def stop(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        """Stop attempts (TERM, then KILL); an outcome that already happened is never lost."""
        ...

    def look(self, attempts: Sequence[AttemptRow]) -> Sequence[Observed]:
        """What is known now about live attempts: used after a restart and whenever an outcome was unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Comment:
    """What a person, or a program, has written on a proposal."""

    author: str  # login
    body: str
    created_at: float
    edited: bool
    by_program: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """An open proposal as its forge has it now."""

    head: str
    is_foreign: bool  # its code is not from this repository: whoever wrote it may have no rights here
    author: str = ""  # who has opened it; "" = nobody who is there any more


class Conversations(Protocol):
    """What is talked about on proposals, and who may ask for things there. Raises Waiting, Stalled, LeaseLost."""

    def comment(self, repository: str, comment: str) -> Comment | None:
        """The comment as it is now; None if it was deleted."""
        ...

    def opened(self, repository: str, proposal: str) -> Opened | None:
        """The proposal as it is now; None if it is not open."""
        ...

    def permission(self, repository: str, login: str) -> str:
        """What a person may do in a repository: admin, maintain, write, triage, read or none."""
        ...

    def may_write(self, repository: str, login: str) -> bool:
        """Whether a person may push to a repository, by whatever role."""
        ...

    def is_member(self, repository: str, team: str, login: str) -> bool:
        """Whether a person is in a team `owner/name`."""
        ...

    def react(self, repository: str, comment: str, lease: Lease) -> None:
        """Show that a comment was read."""
        ...

    def say(self, repository: str, proposal: str, known: str, text: str, lease: Lease) -> str:
        """Let our one comment on a proposal say this; returns its id. `known` is that id, "" if it is not known."""
        ...


class Logs(Protocol):
    """What attempts have printed."""

    def tail(self, attempt: str, lines: int) -> str:
        """The last lines of an attempt's log; empty where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class AttemptFiles:
    """The directory of an attempt: when it changed last, and whether somebody runs there or is about to."""

    attempt: str
    touched_at: float
    alive: bool


class Files(Protocol):
    """Logs and artifacts of the attempts of this place."""

    place: str

    def shelves(self) -> Sequence[str]:
        """The parts that the attempts are kept in, each of a size to be looked at in one step."""
        ...

    def on_shelf(self, shelf: str) -> Sequence[AttemptFiles]:
        """The attempts that have files there."""
        ...

    def size(self, attempt: str) -> int:
        """Bytes of an attempt's files."""
        ...

    def remove(self, attempts: Sequence[str]) -> Mapping[str, str]:
        """Remove all files of attempts; what is gone already is no mistake. Returns which could not be, and why."""
        ...


@dataclass(frozen=True, slots=True)
class CheckTerms:
    """What holds where checks are posted."""

    op_budget: int  # how many ops of a flow may have a check of their own
    lasting: bool  # what was posted stays as it is until we post again: nobody else changes or removes it
    read_afar: bool = False  # by people on other machines, for whom an address of this one leads nowhere


class CommitChecks(Protocol):
    """Where checks of commits are posted."""

    def terms(self, repository: str) -> CheckTerms:
        """What holds for a repository's checks. Pure."""
        ...

    def post(
        self, repository: str, sha: str, checks: Sequence[Check], lease: Lease, posted: Collection[str] = ()
    ) -> None:
        """Make the commit's checks equal to these: creates, updates, and repairs.

        Where they do not last, others that were posted earlier stay as they are. `posted` are names of those that were
        posted before, by whichever process.
        """
        ...


@dataclass(frozen=True, slots=True)
class Missed:
    """A webhook that a forge could not deliver, and that may hold what a person asked for."""

    id: str  # of the delivery: the same when it is sent again
    at: float  # when it was tried, seconds since the epoch
    place: str  # where its body is at the forge


class MissedWebhooks(Protocol):
    """What a forge could not tell us. Raises Waiting, Stalled."""

    look_again: float  # s between looks that are worth their cost

    def missed(self, within: float) -> Iterator[Sequence[Missed]]:
        """What was tried in vain within so many seconds, by the forge's own clock, as ours may be wrong.

        Page by page, each asked for when it is wanted; the newest first.
        """
        ...

    def read(self, missed: Missed) -> Delivery | None:
        """What it asks for, as if it had arrived; None for nothing."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """The ports that steps are given, wired once in console/service.py."""

    store: Store
    source: Source
    executor: Executor | None  # None: nothing is configured to run flows
    checks: CommitChecks
    clock: Clock
    logs: Logs | None = None
    page_url: str = ""  # address of the page for people of this machine, "" = none
    queues: Mapping[str, int] = field(default_factory=dict)  # how many attempts a queue may hold at once
    poll_seconds: float = 30.0  # between looks at a repository of which nobody tells that it moved
    shared: bool = False  # services of other places may work on the store
    retention: Policy = field(default_factory=Policy)
    files: Files | None = None  # of this place
    known_secrets: Callable[[], Sequence[str]] = tuple  # values that nothing that is posted may hold
    forge: Forge | None = None
    missed: MissedWebhooks | None = None
    conversations: Conversations | None = None  # None: proposals cannot be talked about
    may_run: Callable[[str], bool] = lambda repository: True  # whether ops of a repository may run here at all
    public_url: str = ""  # address of the page for people elsewhere, "" = none

    def runs(self, repository: str) -> bool:
        """Whether flows of a repository are run, not only judged."""
        return self.executor is not None and self.may_run(repository)
