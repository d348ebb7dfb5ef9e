"""A whole Headgate in one thread: the real store, steps, engine and wording between a fake repository, executor and clock.

The fakes have state and behaviour, as the world has: a repository holds commits, an executor holds processes that end
when time passes, checks hold what was posted. Tests say what people do and look at what came of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from reconciler.adapters.sql_store import open_store
from reconciler.checks.model import Check
from reconciler.engine.model import AttemptPaths, AttemptSpec, Observed, OpState, Performed, Status
from reconciler.keys import FlowKey, RepositoryKey, RunKey
from reconciler.loop import Loop
from reconciler.ports import Merged, Proposal, Refs, TreeEntry, Waiting, World
from reconciler.records import AttemptRow, Lease, RepositoryRow, RequestRow, RunRow
from reconciler.steps.wiring import steps_of

REPOSITORY = "shop"
Tree = Mapping[str, bytes]


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


class FakeSource:
    """One repository: commits, a default branch `main`, and proposals (the other branches)."""

    def __init__(self) -> None:
        self.trees: dict[str, Tree] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.branches: dict[str, str] = {}
        self.away = False

    def commit(self, branch: str, tree: Tree) -> str:
        """Commit a whole tree on a branch, which is made where it is new."""
        parent = self.branches.get(branch) or self.branches.get("main", "")
        sha = hashlib.sha1(repr((branch, parent, sorted(tree.items()), len(self.trees))).encode()).hexdigest()  # noqa: S324
        self.trees[sha] = dict(tree)
        self.parents[sha] = (parent,) if parent else ()
        self.branches[branch] = sha
        return sha

    def refs(self, repository: str) -> Refs:
        if self.away:
            from datetime import timedelta

            raise Waiting("RepositoryAway", "The repository cannot be reached.", timedelta(seconds=5))
        proposals = [Proposal(name, sha, "main") for name, sha in self.branches.items() if name != "main"]
        return Refs("main", self.branches.get("main", ""), tuple(proposals), {})

    def tree(self, repository: str, treeish: str) -> Mapping[str, TreeEntry]:
        blob = lambda data: hashlib.sha1(data).hexdigest()  # noqa: E731, S324
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
            if other == old or other == mine:
                continue
            if mine != old:
                conflicts.append(path)
            elif other is None:
                merged.pop(path)
            else:
                merged[path] = other
        if conflicts:
            return Merged(None, tuple(conflicts))
        tree = hashlib.sha1(repr(sorted(merged.items())).encode()).hexdigest()  # noqa: S324
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

    def keep(self, repository: str, sha: str) -> None: ...

    def checkout(self, repository: str, sha: str) -> str:
        return f"/code/{sha}"

    def describe(self, repository: str, sha: str) -> str:
        return f"commit {sha[:7]}"


@dataclass
class Process:
    """An attempt that the fake executor runs, and how it will end."""

    spec: AttemptSpec
    ends: Ending
    started: bool = False
    ended: bool = False


@dataclass(frozen=True)
class Ending:
    """How an op behaves: its exit code and outputs, or that it never ends by itself."""

    code: int = 0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    forever: bool = False
    disruption: bool = False


class FakeExecutor:
    """Attempts that end when `work` is called, as their command says (see `exits`, `writes`, `runs_forever`)."""

    place = "here"

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.processes: dict[str, Process] = {}
        self.started: list[tuple[str, str, str]] = []  # (run, op, attempt), in order
        self.slots: int | None = None
        self.endings: dict[str, list[Ending]] = {}  # by op path: what the next attempts do instead
        self.report: Callable[[Sequence[Observed]], None] = lambda seen: None

    def paths(self, spec: AttemptSpec | str) -> AttemptPaths:
        attempt = spec if isinstance(spec, str) else spec.attempt
        return AttemptPaths("/a", f"/a/{attempt}", f"/a/{attempt}/outputs", "/code")

    def free(self, run: str) -> int | None:
        if self.slots is None:
            return None
        jobs = [one for one in self.processes.values() if not one.ended and one.spec.kind == "job"]
        return max(0, self.slots - len(jobs))

    def start(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        for row in attempts:
            if row.id not in self.processes:
                queued = self.endings.get(row.op)
                ending = queued.pop(0) if queued else _ending(row.spec)
                self.processes[row.id] = Process(row.spec, ending)
                self.started.append((row.run, row.op, row.id))
        return [Performed(row.id, "start", "done", self.clock.now()) for row in attempts]

    def stop(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        for row in attempts:
            process = self.processes.setdefault(row.id, Process(row.spec, Ending()))
            if not process.ended:
                process.ended = True
                self.report([Observed(row.id, Status.STOPPED, self.clock.now(), "Stopped")])
        return [Performed(row.id, "stop", "done", self.clock.now()) for row in attempts]

    def look(self, attempts: Sequence[AttemptRow]) -> Sequence[Observed]:
        return []

    def work(self) -> bool:
        """Let every process make progress: start, and end unless it runs for ever. False if nothing moved."""
        seen: list[Observed] = []
        for process in self.processes.values():
            seen += self._progress(process)
        if seen:
            self.report(seen)
        return bool(seen)

    def _progress(self, process: Process) -> list[Observed]:
        attempt, now, ends = process.spec.attempt, self.clock.now(), process.ends
        if process.ended:
            return []
        seen = []
        if not process.started:
            process.started = True
            ready = "Ready" if process.spec.kind == "service" else ""
            seen.append(Observed(attempt, Status.RUNNING, now, ready, started_at=now))
        if ends.forever or process.spec.kind == "service":
            return seen
        process.ended = True
        if ends.disruption:
            return [*seen, Observed(attempt, Status.FAILED, now, "NodeLost", "The node went away.", disruption=True)]
        status, reason = (Status.SUCCEEDED, "") if ends.code == 0 else (Status.FAILED, "AppError")
        return [*seen, Observed(attempt, status, now, reason, exit_code=ends.code, outputs=dict(ends.outputs))]


class FakeChecks:
    """Commits and the checks that were posted on them."""

    op_budget = 50

    def __init__(self) -> None:
        self.posted: dict[str, dict[str, Check]] = {}
        self.posts = 0
        self.away = False

    def post(self, repository: str, sha: str, checks: Sequence[Check], lease: Lease) -> Mapping[str, str]:
        if self.away:
            from datetime import timedelta

            raise Waiting("ChecksAway", "Checks cannot be posted now.", timedelta(seconds=5))
        self.posts += 1
        self.posted[sha] = {check.name: check for check in checks}
        return {check.name: f"{sha[:7]}/{check.name}" for check in checks}


class FakeLogs:
    """What attempts have printed: nothing."""

    def tail(self, attempt: str, lines: int) -> str:
        return ""


def exits(code: int, **fields: Any) -> dict[str, Any]:
    """An op that exits with a code."""
    return op("exit", str(code), **fields)


def writes(outputs: Mapping[str, str], **fields: Any) -> dict[str, Any]:
    """An op that succeeds with outputs; each is declared as a number."""
    declared = [{"name": name, "type": "float"} for name in outputs]
    made = op("write", *(f"{name}={value}" for name, value in outputs.items()), **fields)
    made["component"]["outputs"] = declared
    return made


def runs_forever(**fields: Any) -> dict[str, Any]:
    """An op that ends only when it is stopped."""
    return op("forever", **fields)


def op(*command: str, inputs: Sequence[Mapping[str, Any]] = (), **fields: Any) -> dict[str, Any]:
    """An op with an inline job; `fields` belong to the operation."""
    component: dict[str, Any] = {"run": {"kind": "job", "container": {"image": "any", "command": list(command)}}}
    if inputs:
        component["inputs"] = list(inputs)
    return {"component": component, **fields}


def dag(ops: Mapping[str, Mapping[str, Any]], **fields: Any) -> dict[str, Any]:
    """A component whose run is a dag of these ops."""
    run = {"kind": "dag", "operations": [{"name": name, **body} for name, body in ops.items()], **fields}
    return {"version": 1.1, "kind": "component", "run": run}


def _ending(spec: AttemptSpec) -> Ending:
    container = spec.run_section.get("container", {})
    word, *arguments = [*container.get("command", []), *container.get("args", [])]
    match word:
        case "exit":
            return Ending(int(arguments[0]))
        case "write":
            pairs = (argument.split("=", 1) for argument in arguments)
            return Ending(outputs={name: float(value) for name, value in pairs})
        case "forever":
            return Ending(forever=True)
    return Ending()


class TestWorld:
    """Everything at once; `settle` lets it come to rest."""

    __test__ = False

    def __init__(self, directory: Path) -> None:
        self.clock = FakeClock()
        self.source = FakeSource()
        self.executor = FakeExecutor(self.clock)
        self.checks = FakeChecks()
        self.store = open_store(directory / "headgate.db", self.clock)
        self.executor.report = self.store.observe
        self.queues: dict[str, int] = {}
        self.files: dict[str, bytes] = {}
        self._requests = 0
        self.restart()

    def restart(self) -> None:
        """A new process on the same store: nothing in memory survives."""
        world = World(self.store, self.source, self.executor, self.checks, self.clock, FakeLogs(), queues=self.queues)
        self.loop = Loop(self.store, steps_of(world), self.clock, owner="test", workers=1)

    # --- what people do -----------------------------------------------------------------------------------------------

    def connect(self, **files: Mapping[str, Any] | str | None) -> str:
        """Connect the repository with these flow files at its head; settles, so that they are known."""
        sha = self._commit("main", files)
        self.store.add_repository(RepositoryRow(REPOSITORY, "fake"))
        self.settle()
        return sha

    def merge(self, name: str = "churn", ops: Mapping[str, Mapping[str, Any]] | None = None, **fields: Any) -> str:
        """Commit a dag on the default branch; connects an empty repository first where there is none."""
        if not self.store.repositories():
            self.connect()
        return self.push(**{name: dag(ops or {}, **fields)})

    def push(self, **files: Mapping[str, Any] | str | None) -> str:
        """Commit flow files (None removes one) on the default branch, and wake the repository as a webhook would."""
        sha = self._commit("main", files)
        self.store.wake([_wake(RepositoryKey(REPOSITORY))])
        return sha

    def propose(self, branch: str, **files: Mapping[str, Any] | str | None) -> str:
        """Commit on a proposal's branch."""
        tree = dict(self.source.trees[self.source.branches.get(branch) or self.source.branches["main"]])
        sha = self.source.commit(branch, _changed(tree, files))
        self.store.wake([_wake(RepositoryKey(REPOSITORY))])
        return sha

    def ask(self, verb: str, run: str, op: str | None = None, **arguments: Any) -> str:
        """Ask something of a run as a person would; returns the request's id."""
        self._requests += 1
        request = f"request-{self._requests}"
        row = RequestRow(request, RunKey(run), verb, "ada", self.clock.now(), run, op, arguments)
        self.store.ask(row)
        return request

    def ask_flow(self, verb: str, name: str, **arguments: Any) -> None:
        """Ask something of a flow."""
        self._requests += 1
        flow = self.flow(name).id
        row = RequestRow(
            f"request-{self._requests}", FlowKey(flow), verb, "ada", self.clock.now(), flow, None, arguments
        )
        self.store.ask(row)

    def settle(self, seconds: float = 2.0, work: bool = True) -> None:
        """Turn the loop and let processes work until nothing moves, then let some time pass and see again."""
        until = self.clock.time + seconds
        while True:
            while self.loop.turn() or (work and self.executor.work()):
                pass
            if self.clock.time >= until:
                return
            self.clock.time = min(until, self.clock.time + 0.5)

    def pass_time(self, seconds: float, step: float = 5.0) -> None:
        """Let time pass in strokes, settling in each."""
        end = self.clock.time + seconds
        while self.clock.time < end:
            self.settle(min(step, end - self.clock.time))

    def _commit(self, branch: str, files: Mapping[str, Mapping[str, Any] | str | None]) -> str:
        self.files = _changed(self.files, files)
        return self.source.commit(branch, self.files)

    # --- what people see ----------------------------------------------------------------------------------------------

    def flow(self, name: str) -> Any:
        """The row of the flow of this name on the default branch."""
        return next(row for row in self.store.flows(REPOSITORY, "") if row.name == name)

    def runs(self, name: str = "churn") -> Sequence[RunRow]:
        """Runs of a flow, oldest first."""
        return list(reversed(self.store.runs(flow=self.flow(name).id)))

    def run(self, name: str = "churn") -> RunRow:
        """The newest run of a flow."""
        return self.runs(name)[-1]

    def ops(self, run: RunRow | None = None) -> dict[str, OpState]:
        """The ops of a run (the newest one of `churn`), by path."""
        return {row.state.path: row.state for row in self.store.ops((run or self.run()).id)}

    def statuses(self, run: RunRow | None = None) -> dict[str, str]:
        """Op path → status."""
        return {path: state.status.value for path, state in self.ops(run).items()}

    def check(self, name: str = "churn", sha: str | None = None) -> Check:
        """A check of a commit (the head) by the name of its flow; `headgate` is the gate."""
        full = name if name == "headgate" else f"headgate/{name}"
        return self.checks.posted[sha or self.source.branches["main"]][full]

    def starts(self, op: str) -> int:
        """How often attempts of an op were really started."""
        return sum(1 for _, path, _ in self.executor.started if path == op)


def _wake(key: RepositoryKey) -> Any:
    from reconciler.records import Wake

    return Wake(key)


def _changed(tree: Mapping[str, bytes], files: Mapping[str, Mapping[str, Any] | str | None]) -> dict[str, bytes]:
    changed = dict(tree)
    for name, content in files.items():
        path = name if "." in name else f"flows/{name}.yaml"
        if content is None:
            changed.pop(path)
        else:
            text = content if isinstance(content, str) else yaml.safe_dump(dict(content), sort_keys=False)
            changed[path] = text.encode()
    return changed


__all__ = ["TestWorld", "dag", "exits", "op", "replace", "runs_forever", "writes"]
