"""A world for steps about Git: a real repository, a real store, real notes, and a clock that stands still."""

from dataclasses import replace
from pathlib import Path

from reconciler.adapters.git_source import GitSource
from reconciler.adapters.notes_checks import NotesChecks
from reconciler.checks.model import Check
from reconciler.engine.decisions import Limits, LookUpCache
from reconciler.engine.machine import RunMachine
from reconciler.engine.model import AttemptPaths, RunFacts, RunState
from reconciler.keys import FlowKey, Key, RepositoryKey, ReviewKey
from reconciler.plan.encoding import decode
from reconciler.ports import World
from reconciler.records import CacheRow, Changes, FlowRow, RepositoryRow, RequestRow, Wake
from reconciler.steps.discover import discover
from reconciler.steps.flow_files import load
from reconciler.steps.review import review
from tests.fakes import FakeExecutor
from tests.reconciler.adapters.git_repository import GitRepository
from tests.stores import store_at

NAME = "demo"
STEPS = {RepositoryKey: discover, ReviewKey: review}


class StillClock:
    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


class ReadSource(GitSource):
    """Remembers which files were read."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.files_read: list[str] = []

    def read(self, repository, treeish, paths):
        found = super().read(repository, treeish, paths)
        self.files_read += found
        return found


class GitWorld:
    """Keys of repositories and proposals are worked off; what else was woken is only noted."""

    def __init__(self, tmp_path: Path) -> None:
        self.repository = GitRepository(tmp_path / "remote.git")
        self.clock = StillClock()
        self.store = store_at(tmp_path / "headgate.db", self.clock)
        locate = {NAME: str(self.repository.path)}.__getitem__
        source, checks = ReadSource(tmp_path / "data", locate), NotesChecks(locate)
        self.world = World(self.store, source, FakeExecutor(self.clock), checks, self.clock)
        self.files_read = source.files_read
        self.woken: list[Key] = []
        self.written: list[Changes] = []

    def connect(self) -> None:
        self.store.add_repository(RepositoryRow(NAME, str(self.repository.path)))
        self.settle()

    def look(self) -> list[Key]:
        """Look at the repository and at what that wakes. Returns the keys of other steps that were woken."""
        self.store.wake([Wake(RepositoryKey(NAME))])
        return self.settle()

    def settle(self) -> list[Key]:
        self.woken, self.written = [], []
        while (lease := self.store.lease("test", 60)) is not None:
            step = STEPS.get(type(lease.key))
            if step is None:
                self.woken.append(lease.key)
            changes = step(self.world, lease.key, lease) if step else Changes()
            self.written.append(changes)
            self.store.commit(lease, changes)
        return self.woken

    def close(self) -> None:
        self.store.close()

    def merge(self, files: dict, **how) -> str:
        return self.repository.commit(files, **how)

    def row(self) -> RepositoryRow:
        row = self.store.repository(NAME)
        assert row is not None
        return row

    def flows(self) -> dict[str, FlowRow]:
        return {row.name: row for row in self.store.flows(NAME, scope="") if not row.retired}

    def flow_names_woken(self) -> set[str]:
        rows = {row.id: row.name for row in self.store.flows(NAME)}
        return {rows[key.flow] for key in self.woken if isinstance(key, FlowKey)}

    def apply(self) -> None:
        """Stand in for the flows' own step: what is gone is retired, what was connected is known."""
        rows = [
            replace(row, retired=not row.at_head, connecting=False) for row in self.store.flows(NAME) if not row.retired
        ]
        self.commit(Changes(flows=tuple(rows)))

    def check(self, sha: str, name: str = "headgate") -> Check | None:
        found = [row for row in self.store.checks(NAME, sha) if row.name == name]
        return decode(found[0].document_json, Check) if found else None

    def remember_results(self, path: str, name: str, *ops: str) -> None:
        """As if a run of the flow at the head had succeeded: these ops have results that may be used again."""
        loaded = load(self.world.source, NAME, self.row().head, path, name)
        assert loaded is not None
        facts = RunFacts(name, NAME, self.row().head, "main")
        machine = RunMachine(loaded.plan, RunState("r0", "f"), (), facts, lambda one: AttemptPaths("", "", "", ""), {})
        asked = machine.advance((), self.clock.now(), Limits()).actions
        keys = {action.path: action.key for action in asked if isinstance(action, LookUpCache)}
        rows = tuple(CacheRow(keys[op], f"x-{op}", "r0", b"{}", f"x-{op}", self.clock.now()) for op in ops)
        self.commit(Changes(cache=rows))

    def commit(self, changes: Changes) -> None:
        self.store.wake([Wake(FlowKey("stand-in"))])
        lease = self.store.lease("test", 60)
        assert lease is not None
        self.store.commit(lease, changes)

    def approve(self, sha: str) -> None:
        target = f"{NAME}@{sha}"
        self.store.ask(RequestRow(f"r-{sha}", RepositoryKey(NAME), "approve", "ada", self.clock.now(), target))
        self.settle()
