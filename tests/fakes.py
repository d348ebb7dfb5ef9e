"""The fake world around the steps: a repository with commits, an executor with processes, checks, and a clock.

Fakes have state and behaviour, as the world has; what really is ours is never faked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from reconciler.checks.model import Check
from reconciler.engine.model import AttemptPaths, AttemptSpec, Observed, Performed, Status
from reconciler.errors import Stalled, Waiting
from reconciler.keys import RunKey
from reconciler.plan.tree import Tree as FileTree
from reconciler.plan.tree import TreeEntry
from reconciler.ports import CheckTerms, Comment, Merged, Opened, Proposal, Refs
from reconciler.records import AttemptRow, Lease, Wake

Tree = Mapping[str, bytes]


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self._jumped = 0.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time - self._jumped

    def jump(self, seconds: float) -> None:
        """Set the clock of the wall; no time passes."""
        self.time += seconds
        self._jumped += seconds


class FakeSource:
    """One repository: commits, a default branch `main`, and proposals (the other branches)."""

    def __init__(self) -> None:
        self.trees: dict[str, Tree] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.branches: dict[str, str] = {}
        self.away = False
        self.kept_commits: set[str] = set()

    def commit(self, branch: str, tree: Tree) -> str:
        """Commit a whole tree on a branch, which is made where it is new."""
        parent = self.branches.get(branch) or self.branches.get("main", "")
        sha = hashlib.sha1(repr((branch, parent, sorted(tree.items()), len(self.trees))).encode()).hexdigest()
        self.trees[sha] = dict(tree)
        self.parents[sha] = (parent,) if parent else ()
        self.branches[branch] = sha
        return sha

    def refs(self, repository: str) -> Refs:
        if self.away:
            raise Waiting("RepositoryAway", "The repository cannot be reached.", timedelta(seconds=5))
        proposals = [Proposal(name, sha, "main") for name, sha in self.branches.items() if name != "main"]
        return Refs("main", self.branches.get("main", ""), tuple(proposals), {})

    def tree(self, repository: str, treeish: str) -> FileTree:
        return FileTree(self._entries(treeish))

    def changed(self, repository: str, old: str, new: str) -> Mapping[str, TreeEntry | None]:
        before, after = self._entries(old), self._entries(new)
        return {path: after.get(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}

    def _entries(self, treeish: str) -> dict[str, TreeEntry]:
        blob = lambda data: hashlib.sha1(data).hexdigest()  # noqa: E731
        return {path: TreeEntry("100644", blob(data)) for path, data in self.trees[treeish].items()}

    def read(self, repository: str, treeish: str, paths: Sequence[str]) -> Mapping[str, bytes]:
        tree = self.trees[treeish]
        return {path: tree[path] for path in paths if path in tree}

    def merge(self, repository: str, head: str, base: str) -> Merged:
        """Paths changed since the merge base on either side; a path changed differently on both conflicts."""
        origin = self.trees.get(self.merge_base(repository, head, base) or "", {})
        ours, theirs = self.trees[base], self.trees[head]
        merged, conflicts = dict(ours), []
        for path in ours.keys() | theirs.keys() | origin.keys():
            mine, other, old = ours.get(path), theirs.get(path), origin.get(path)
            if other in (old, mine):
                continue
            if mine != old:
                conflicts.append(path)
            elif other is None:
                merged.pop(path)
            else:
                merged[path] = other
        if conflicts:
            return Merged(None, tuple(conflicts))
        tree = hashlib.sha1(repr(sorted(merged.items())).encode()).hexdigest()
        self.trees[tree] = merged
        return Merged(tree)

    def merge_base(self, repository: str, one: str, other: str) -> str | None:
        line = self._line(one)
        return next((sha for sha in self._line(other) if sha in line), None)

    def first_parents(self, repository: str, after: str, upto: str, limit: int = 100) -> Sequence[str]:
        line = self._line(upto)
        line = line[: line.index(after)] if after in line else line
        return list(reversed(line))[-limit:]

    def _line(self, sha: str) -> list[str]:
        line = [sha]
        while self.parents.get(line[-1]):
            line.append(self.parents[line[-1]][0])
        return line

    def keep(self, repository: str, sha: str) -> None:
        assert sha in self.trees
        self.kept_commits.add(sha)

    def checkout(self, repository: str, sha: str) -> str:
        return f"/code/{sha}"

    def kept(self, repository: str, before: float) -> Sequence[str]:
        return sorted(self.kept_commits)

    def let_go(self, repository: str, shas: Sequence[str]) -> None:
        self.kept_commits -= set(shas)


@dataclass
class Process:
    """An attempt that the fake executor runs, and how it will end."""

    spec: AttemptSpec
    ends: Ending
    started: bool = False
    last: Observed | None = None  # what was seen of it last
    ended: bool = False


@dataclass(frozen=True)
class Ending:
    """How an op behaves: its exit code and outputs, or that it never ends by itself."""

    code: int = 0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    forever: bool = False
    disruption: bool = False


class FakeExecutor:
    """Attempts that end when `work` is called, as their command says (see tests/documents.py).

    What it does is kept apart from what is told of it, so that a process that dies in between finds it done.
    """

    place = "here"

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.processes: dict[str, Process] = {}
        self.started: list[tuple[str, str, str]] = []  # (run that made it, op, attempt), in order
        self.slots: int | None = None
        self.endings: dict[str, list[Ending]] = {}  # by op path: what the next attempts do instead
        self.answers: dict[str, list[Performed]] = {}  # by op path: what comes of the next starts, nothing done
        self.report: Callable[[Sequence[Observed]], None] = lambda seen: None
        self.wake: Callable[[Sequence[Wake]], None] = lambda wakes: None
        self.starved: set[str] = set()
        self.mute = False  # observations get lost

    def paths(self, spec: AttemptSpec | str) -> AttemptPaths:
        attempt = spec if isinstance(spec, str) else spec.attempt
        return AttemptPaths("/a", f"/a/{attempt}", f"/a/{attempt}/outputs", "/code")

    def free(self) -> int | None:
        if self.slots is None:
            return None
        jobs = [one for one in self.processes.values() if not one.ended and one.spec.kind == "job"]
        return max(0, self.slots - len(jobs))

    def await_slot(self, run: str, wanted: bool) -> None:
        self.starved.discard(run)
        if wanted:
            self.starved.add(run)

    def start(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        return [self._start(row) for row in attempts]

    def _start(self, row: AttemptRow) -> Performed:
        if self.answers.get(row.op) and row.id not in self.processes:
            return replace(self.answers[row.op].pop(0), attempt=row.id, at=self.clock.now())
        if row.id not in self.processes:
            queued = self.endings.get(row.op)
            ending = queued.pop(0) if queued else _ending(row.spec)
            self.processes[row.id] = Process(row.spec, ending)
            self.started.append((row.spec.run, row.op, row.id))
        return Performed(row.id, "start", "done", self.clock.now())

    def stop(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        for row in attempts:
            process = self.processes.setdefault(row.id, Process(row.spec, Ending()))
            if not process.ended:
                self._end(process, Observed(row.id, Status.STOPPED, self.clock.now(), "Stopped"))
        return [Performed(row.id, "stop", "done", self.clock.now()) for row in attempts]

    def look(self, attempts: Sequence[AttemptRow]) -> Sequence[Observed]:
        known = (self.processes[row.id] for row in attempts if row.id in self.processes)
        return [one.last for one in known if one.last is not None]

    def end(self, op: str, ending: Ending) -> None:
        """Let the processes of an op that run now end so."""
        for process in self.processes.values():
            if process.spec.op == op and not process.ended:
                process.ends = ending
                self._end(process, _seen_at_end(process, self.clock.now()))

    def work(self) -> bool:
        """Let every process make progress: start, and end unless it runs for ever. False if nothing moved."""
        live = [process for process in self.processes.values() if not process.ended]
        moved = [self._progress(process) for process in live]
        return any(moved)

    def _progress(self, process: Process) -> bool:
        now, is_service = self.clock.now(), process.spec.kind == "service"
        begins, ends = not process.started, not process.ends.forever and (not is_service or bool(process.ends.code))
        if begins:
            process.started = True
            ready = "Ready" if is_service and not process.ends.forever else ""
            self.tell(process, Observed(process.spec.attempt, Status.RUNNING, now, ready, started_at=now))
        if ends:
            self._end(process, _seen_at_end(process, now))
        return begins or ends

    def tell(self, process: Process, seen: Observed) -> None:
        """Something was seen of a process: it is told, and whoever looks finds it."""
        process.last = seen
        if not self.mute:
            self.report([seen])

    def _end(self, process: Process, outcome: Observed) -> None:
        process.ended = True
        self.tell(process, outcome)
        woken, self.starved = self.starved, set()
        self.wake([Wake(RunKey(run)) for run in sorted(woken)])


def _seen_at_end(process: Process, now: float) -> Observed:
    attempt, ends = process.spec.attempt, process.ends
    if ends.disruption:
        return Observed(attempt, Status.FAILED, now, "NodeLost", "The node went away.", disruption=True)
    status, reason = (Status.SUCCEEDED, "") if ends.code == 0 else (Status.FAILED, "AppError")
    return Observed(attempt, status, now, reason, exit_code=ends.code, outputs=dict(ends.outputs))


class FakeChecks:
    """Commits and the checks that were posted on them."""

    def __init__(self) -> None:
        self.posted: dict[str, dict[str, Check]] = {}
        self.posts = 0
        self.away = False

    def terms(self, repository: str) -> CheckTerms:
        return CheckTerms(op_budget=50, lasting=True)

    def post(
        self, repository: str, sha: str, checks: Sequence[Check], lease: Lease, posted: Collection[str] = ()
    ) -> None:
        if self.away:
            raise Waiting("ChecksAway", "Checks cannot be posted now.", timedelta(seconds=5))
        self.posts += 1
        self.posted[sha] = {check.name: check for check in checks}


class FakeConversations:
    """Comments on proposals, who may do what, and what we have said; a proposal has one comment of ours."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.comments: dict[str, Comment] = {}
        self.permissions: dict[str, str] = {}
        self.teams: dict[str, set[str]] = {}
        self.ours: dict[str, str] = {}  # by proposal
        self.writes = 0
        self.read: list[str] = []
        self.away = False
        self.forbidden = False  # to ask what people may do
        self.refused = False
        self.busy = False  # to take what we say
        self.heads: Mapping[str, str] = {}  # by proposal
        self.foreign: set[str] = set()  # proposals of forks
        self.authors: dict[str, str] = {}  # by proposal

    def opened(self, repository: str, proposal: str) -> Opened | None:
        head = self.heads.get(proposal)
        return None if head is None else Opened(head, proposal in self.foreign, self.authors.get(proposal, ""))

    def write(self, body: str, by: str, **fields: bool) -> str:
        """A comment, and its id."""
        name = str(len(self.comments) + 1)
        given = {"edited": False, "by_program": False, **fields}
        self.comments[name] = Comment(by, body, self.clock.now(), **given)
        return name

    def comment(self, repository: str, comment: str) -> Comment | None:
        return self.comments.get(comment)

    def permission(self, repository: str, login: str) -> str:
        if self.away:
            raise Waiting("GitHubAway", "GitHub cannot answer now.", timedelta(seconds=15))
        if self.forbidden:
            raise Stalled("GitHubPermission", "GitHub refuses: grant the App *Members: read*.")
        return self.permissions.get(login, "none")

    def may_write(self, repository: str, login: str) -> bool:
        return self.permission(repository, login) in ("write", "maintain", "admin")

    def is_member(self, repository: str, team: str, login: str) -> bool:
        return login in self.teams.get(team, ())

    def react(self, repository: str, comment: str, lease: Lease) -> None:
        if self.refused:
            raise Stalled("GitHubRefused", "GitHub refuses.")
        self.read.append(comment)

    def say(self, repository: str, proposal: str, known: str, text: str, lease: Lease) -> str:
        if self.busy:
            raise Waiting("GitHubAway", "GitHub cannot answer now.", timedelta(seconds=15))
        self.writes += 1
        self.ours[proposal] = text
        return proposal


class FakeLogs:
    """What attempts have printed: nothing."""

    def tail(self, attempt: str, lines: int) -> str:
        return ""


def _ending(spec: AttemptSpec) -> Ending:
    container = spec.run_section.get("container", {})
    command = [*container.get("command", []), *container.get("args", [])]
    word, arguments = command[:1], command[1:]
    match "".join(word):
        case "exit":
            return Ending(int(arguments[0]))
        case "write":
            pairs = (argument.split("=", 1) for argument in arguments)
            return Ending(outputs={name: json.loads(value) for name, value in pairs})
        case "forever":
            return Ending(forever=True)
    return Ending()
