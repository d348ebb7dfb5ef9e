"""A whole Headgate in one thread: the real store, steps, engine and wording in a fake world (tests/fakes.py).

Tests say what people do and look at what came of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from reconciler.adapters.sql_store import SqlStore
from reconciler.checks.actions import kind_of
from reconciler.checks.external_ids import external_id
from reconciler.checks.model import Check
from reconciler.engine.model import OpState
from reconciler.keys import CheckKey, FlowKey, Key, RepositoryKey, ReviewKey, RunKey
from reconciler.loop import Loop
from reconciler.ports import World
from reconciler.records import RepositoryRow, RequestRow, RunRow, Wake
from reconciler.steps.wiring import steps_of
from tests.documents import dag, exits, op, runs_forever, writes
from tests.fakes import Ending, FakeChecks, FakeClock, FakeConversations, FakeExecutor, FakeLogs, FakeSource
from tests.stores import store_at

REPOSITORY = "shop"
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # histories write thousands of files
_QUEUE = ("wakes", "counters", "sqlite_sequence")


class TestWorld:
    """Everything at once; `settle` lets it come to rest."""

    __test__ = False

    def __init__(self, directory: Path = Path()) -> None:
        self.clock = FakeClock()
        self.source = self.new_source()
        self.executor = self.new_executor()
        self.checks = self.new_checks()
        self.conversations = FakeConversations(self.clock)
        self.conversations.heads = self.source.branches
        self.path = directory / "headgate.db"
        self.store = self.new_store()
        self.executor.report, self.executor.wake = self.store.observe, self.store.wake
        self.queues: dict[str, int] = {}
        self.files: dict[str, bytes] = {}
        self.loops: list[Loop] = []
        self.requests = 0
        self.runs_here = True
        self.restart()

    def restart(self) -> None:
        """A new process on the same store: nothing in memory survives."""
        self.loop = self.new_loop("test")

    def another_loop(self) -> Loop:
        """A second process on the same store."""
        return self.new_loop("another")

    def new_store(self) -> SqlStore:
        """The database, at `path`."""
        return store_at(self.path, self.clock)

    def new_source(self) -> FakeSource:
        """Where flows are committed."""
        return FakeSource()

    def new_executor(self) -> FakeExecutor:
        """Where ops run."""
        return FakeExecutor(self.clock)

    def new_checks(self) -> FakeChecks:
        """Where checks are posted."""
        return FakeChecks()

    def new_loop(self, owner: str) -> Loop:
        """A process that works on the store."""
        world = World(
            self.store,
            self.source,
            self.executor,
            self.checks,
            self.clock,
            FakeLogs(),
            queues=self.queues,
            conversations=self.conversations,
            may_run=lambda repository: self.runs_here,
        )
        loop = Loop(self.store, steps_of(world), self.clock, owner=owner, workers=1)
        self.loops.append(loop)
        return loop

    def faults(self) -> int:
        """How many steps failed through a fault of our own."""
        return sum(number for loop in self.loops for (what, _), number in loop.counts.items() if what == "fault")

    def wake_everything(self) -> None:
        """Wake every key there is, as a doubled event or a nervous person would."""
        store = self.store
        flows, runs = store.flows(), store.runs()
        keys: list[Key] = [
            RepositoryKey(REPOSITORY),
            *(FlowKey(row.id) for row in flows),
            *(RunKey(row.id) for row in runs),
        ]
        keys += [ReviewKey(REPOSITORY, row.proposal) for row in store.reviews(REPOSITORY)]
        keys += [CheckKey(REPOSITORY, sha) for sha in store.commits_with_checks(REPOSITORY)]
        store.wake([Wake(key) for key in keys])

    def tell(self, wakes: Sequence[Wake]) -> None:
        """Wake keys from outside, as a webhook does."""
        self.store.wake(wakes)

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
        self.tell([Wake(RepositoryKey(REPOSITORY))])
        return sha

    def settings(self, repository: str = "", **fields: Any) -> str:
        """Commit a `.headgate.yaml` with these settings for all flows; settles. `repository` is more text of it."""
        text = yaml.safe_dump({"settings": {"**": fields}}) if fields else ""
        if not self.store.repositories():
            self.connect()
        sha = self.push(**{".headgate.yaml": text + repository})
        self.settle()
        return sha

    def hand_over(self) -> str:
        """Merge two plans of which the newer one cancels the older; its run is handed `long`, and has not begun yet."""
        self.settings(onNewPlan="cancel")
        self.merge(ops={"long": runs_forever(), "train": op("forever", "one")})
        self.settle()
        self.merge(ops={"long": runs_forever(), "train": op("forever", "two")})
        while len(self.runs()) == 1:
            self.loop.turn()
        return self.run().id

    def accept(self, branch: str) -> str:
        """Merge a proposal into the default branch and delete it."""
        merged = self.source.merge(REPOSITORY, self.source.branches[branch], self.source.branches["main"])
        assert merged.tree is not None
        self.files = dict(self.source.trees[merged.tree])
        self.close_proposal(branch)
        return self.push()

    def close_proposal(self, branch: str) -> None:
        """Delete a proposal's branch."""
        del self.source.branches[branch]
        self.tell([Wake(RepositoryKey(REPOSITORY))])

    def approve_head(self) -> None:
        """Approve the repository at its head, as `headgate approve REPOSITORY@SHA` does."""
        self.requests += 1
        target = f"{REPOSITORY}@{self.source.branches['main']}"
        key, now = RepositoryKey(REPOSITORY), self.clock.now()
        self.store.ask(RequestRow(f"request-{self.requests}", key, "approve", "ada", now, target))

    def propose(self, branch: str, **files: Mapping[str, Any] | str | None) -> str:
        """Commit on a proposal's branch."""
        tree = dict(self.source.trees[self.source.branches.get(branch) or self.source.branches["main"]])
        sha = self.source.commit(branch, _changed(tree, files))
        self.tell([Wake(RepositoryKey(REPOSITORY))])
        return sha

    def ask(self, verb: str, run: str, op: str | None = None, **arguments: Any) -> str:
        """Ask something of a run as a person would; returns the request's id."""
        self.requests += 1
        request = f"request-{self.requests}"
        row = RequestRow(request, RunKey(run), verb, "ada", self.clock.now(), run, op, arguments)
        self.store.ask(row)
        return request

    def comment(self, branch: str, body: str, by: str = "ann", **fields: bool) -> str:
        """Somebody comments on a proposal; the request's id."""
        return self.hear_of(branch, self.conversations.write(body, by, **fields), by)

    def hear_of(self, branch: str, comment: str, by: str = "ann") -> str:
        """A comment is told of, now or later; the request's id."""
        key = ReviewKey(REPOSITORY, branch)
        self.store.ask(RequestRow(f"comment:1:{comment}", key, "comment", by, self.clock.now(), comment))
        return f"comment:1:{comment}"

    def press(self, action: str, sha: str, check: Check | None = None, by: str = "ann") -> str:
        """Somebody presses a button of a check, or asks for all of a commit again; the request's id."""
        self.requests += 1
        target = external_id(REPOSITORY, check) if check else ""
        name = f"button:{self.requests}"
        shown = [one.name for one in check.actions if kind_of(one.name) == action] if check else []
        arguments = {"action": shown[0] if shown else action}
        key = CheckKey(REPOSITORY, sha)
        self.store.ask(RequestRow(name, key, "button", by, self.clock.now(), target, arguments=arguments))
        return name

    def ask_flow(self, verb: str, name: str, **arguments: Any) -> None:
        """Ask something of a flow."""
        self.requests += 1
        flow = self.flow(name).id
        row = RequestRow(
            f"request-{self.requests}", FlowKey(flow), verb, "ada", self.clock.now(), flow, None, arguments
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
            self.pass_to_next(until)

    def pass_to_next(self, until: float) -> None:
        """Let time pass until the next key is due: nothing happens before."""
        due = min((row.due_at for row in self.store.pending()), default=until)
        self.clock.time = min(until, max(due, self.clock.time))

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
        """The row of the flow of this name on the default branch; of one that is gone only if there is no other."""
        found = [row for row in self.store.flows(REPOSITORY, "") if row.name == name]
        return next((row for row in found if not row.retired), found[0])

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

    def answer(self, request: str) -> str:
        """What was answered to a request."""
        found = self.store.request(request)
        return found.answer if found is not None else ""

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the database but the queue's, which knows when it was looked at last."""
        with closing(sqlite3.connect(self.path)) as database:
            names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
            return {name: list(database.execute(f"select * from {name}")) for name in names if name not in _QUEUE}

    def starts(self, op: str) -> int:
        """How often attempts of an op were really started."""
        return sum(1 for _, path, _ in self.executor.started if path == op)


def _changed(tree: Mapping[str, bytes], files: Mapping[str, Mapping[str, Any] | str | None]) -> dict[str, bytes]:
    changed = dict(tree)
    for name, content in files.items():
        path = name if "." in name or name.isupper() else f"flows/{name}.yaml"
        if content is None:
            changed.pop(path)
        else:
            text = content if isinstance(content, str) else yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False)
            changed[path] = text.encode()
    return changed


__all__ = ["Ending", "TestWorld", "dag", "exits", "op", "runs_forever", "writes"]
