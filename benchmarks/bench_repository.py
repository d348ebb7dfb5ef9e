"""What a large repository costs: to know it, to look again, to judge proposals, to fetch. Real Git, a real store."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter

from benchmarks import repository
from benchmarks.dags import folder
from benchmarks.processes import ROOT, spent
from benchmarks.rows import Row
from reconciler.adapters.git_source import GitSource
from reconciler.adapters.notes_checks import NotesChecks
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.keys import FlowKey, Key, RepositoryKey, ReviewKey, RunKey
from reconciler.ports import World
from reconciler.records import Changes, RepositoryRow, Wake
from reconciler.steps.wiring import steps_of

NAME = "large"
PROPOSALS = 200
_BESIDE = repository.CHANGED.rpartition("/")[0]
_edits = count()


class Site:
    """A data directory and the repository that it watches; steps are taken one by one."""

    def __init__(self) -> None:
        self.place = Path(mkdtemp(dir=folder()))
        self.remote = repository.copy(self.place / "remote.git")
        self.clock = SystemClock()
        self.store = open_store(self.place / "headgate.db", self.clock)
        self.source = GitSource(self.place / "data", lambda name: str(self.remote))
        world = World(self.store, self.source, None, NotesChecks(lambda name: str(self.remote)), self.clock)
        self._steps = steps_of(world)
        self.store.add_repository(RepositoryRow(NAME, str(self.remote)))

    def step(self) -> Key | None:
        """Take the next step; the key that it was of. Runs are left alone: nothing here could run them."""
        lease = self.store.lease("bench", 600)
        if lease is None:
            return None
        left = isinstance(lease.key, RunKey)
        changes = Changes() if left else self._steps[type(lease.key)](lease.key, lease)
        self.store.commit(lease, changes)
        return lease.key

    def rest(self) -> None:
        """Step until nothing is due."""
        while self.step() is not None:
            pass

    def until(self, kind: type[Key]) -> float:
        """The ms from waking the repository to the end of the first step of that kind."""
        self.store.wake([Wake(RepositoryKey(NAME))])
        start = perf_counter()
        while not isinstance(self.step(), kind):
            pass
        return (perf_counter() - start) * 1000

    def merge(self, files: Mapping[str, bytes] | None = None) -> None:
        """Change one flow on the default branch, or these files."""
        repository.push(self.remote, files or {repository.CHANGED: _edited(repository.NUMBER)})


@cache
def _known() -> Site:
    """A site that is at rest; rows change it and let it come to rest again."""
    site = Site()
    site.rest()
    return site


@cache
def _crowded() -> Site:
    """The same with two hundred open proposals."""
    site = Site()
    branches = {f"change-{number}": {f"{_BESIDE}/new_{number}.py": b"1\n"} for number in range(PROPOSALS)}
    repository.push_all(site.remote, branches)
    site.rest()
    return site


def _edited(number: int) -> bytes:
    return repository.flow(number, f"tags: [edit-{next(_edits)}]\n").encode()


def _cold(with_mirror: bool) -> Callable[[], float]:
    def once() -> float:
        site = Site()
        if with_mirror:
            site.source.refs(NAME)
        took = site.until(RepositoryKey)
        assert len(site.store.flows(NAME)) == repository.FLOWS
        return took

    return once


def _connected() -> float:
    site = Site()
    start = perf_counter()
    site.rest()
    return (perf_counter() - start) * 1000


def _unchanged() -> float:
    return _known().until(RepositoryKey)


def _merged(kind: type[Key]) -> Callable[[], float]:
    def once() -> float:
        site = _known()
        site.merge()
        took = site.until(RepositoryKey)
        if kind is FlowKey:
            start = perf_counter()
            while not isinstance(site.step(), FlowKey):
                pass
            took = (perf_counter() - start) * 1000
        site.rest()
        return took

    return once


def _review(popular: bool) -> Callable[[], float]:
    """The proposal changes four files of code and a flow, or instead of that a component of two hundred flows."""

    def once() -> float:
        site, number = _known(), next(_edits)
        files = {f"{_BESIDE}/{name}.py": f"x = {number}\n".encode() for name in ("train", "model", "data", "new")}
        files |= (
            {repository.POPULAR: repository.component("popular").encode() + f"tags: [edit-{number}]\n".encode()}
            if popular
            else {repository.CHANGED: _edited(repository.NUMBER)}
        )
        repository.push(site.remote, files, f"proposal-{number}")
        site.until(RepositoryKey)
        start = perf_counter()
        while not isinstance(site.step(), ReviewKey):
            pass
        took = (perf_counter() - start) * 1000
        site.rest()
        return took

    return once


def _one_of_many() -> float:
    site = _crowded()
    repository.push(site.remote, {f"{_BESIDE}/new_7.py": f"{next(_edits)}\n".encode()}, "change-7")
    took = site.until(RepositoryKey)
    site.rest()
    return took


def _fetch() -> float:
    site = _known()
    site.merge()
    start = perf_counter()
    site.source.refs(NAME)
    return (perf_counter() - start) * 1000


def _bare_fetch() -> float:
    site = _known()
    mirror = site.place / "bare.git"
    if not mirror.exists():
        subprocess.run(["git", "clone", "--quiet", "--mirror", str(site.remote), str(mirror)], check=True)
    site.merge()
    start = perf_counter()
    subprocess.run(["git", "fetch", "--quiet", "origin"], cwd=mirror, check=True)
    return (perf_counter() - start) * 1000


_MEMORY = "import benchmarks.bench_repository as bench; bench.Site().rest()"


def _memory() -> float:
    return spent([sys.executable, "-c", _MEMORY], {"PYTHONPATH": ROOT}).peak


def _cpu() -> float:
    """Seconds of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _cpu_of(work: Callable[[], float]) -> Callable[[], float]:
    def once() -> float:
        before = _cpu()
        work()
        return (_cpu() - before) * 1000

    return once


_SIZE = f"{repository.FILES} files, {repository.FLOWS} flows"


def _row(name: str, ours: Callable[[], float], bar: float, why: str, rounds: int = 5) -> Row:
    return Row(f"repository/{name}", "ms", ours, bar, f"{_SIZE}: {why}", rounds=rounds, limit=True)


ROWS = (
    _row(
        "discover-cold",
        _cold(False),
        3000,
        "the first look with nothing there: the mirror is made, every flow judged, its row stored.",
        2,
    ),
    _row(
        "discover-cold-with-mirror",
        _cold(True),
        3000,
        "the same with the mirror there and no row, no tree and no file known.",
        2,
    ),
    Row(
        "repository/connect-until-at-rest",
        "ms CPU",
        _cpu_of(_connected),
        8000,
        f"{_SIZE}: from nothing until no key is due; 180 flows have a schedule and a step of their own.",
        rounds=2,
        limit=True,
    ),
    _row("discover-unchanged", _unchanged, 150, "nobody has pushed."),
    _row("discover-one-flow-changed", _merged(RepositoryKey), 300, "a merge, fetched, that changes one flow."),
    _row("reconcile-changed-flow", _merged(FlowKey), 150, "the step of that flow: it is planned and its run begun."),
    _row("review-5-files", _review(False), 300, "a proposal; beside the fetch, until its checks are committed."),
    _row(
        "review-component-of-200-flows",
        _review(True),
        4000,
        "each of the flows is judged and planned twice, before and after, as each may start a run.",
        2,
    ),
    _row("discover-1-of-200-proposals", _one_of_many, 300, f"{PROPOSALS} open proposals, of which one moved."),
    Row(
        "repository/fetch-one-commit",
        "ms",
        _fetch,
        3,
        "The reference is a bare `git fetch` of as small a commit. Ours asks for refs before and after it, and what "
        "HEAD names: four short processes of git more.",
        reference=_bare_fetch,
    ),
    Row(
        "repository/connect-memory",
        "MiB",
        _memory,
        130,
        f"{_SIZE}: largest resident set of a process that connects them and comes to rest.",
        rounds=1,
        limit=True,
    ),
)
