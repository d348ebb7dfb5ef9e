"""The thread that watches attempts: none that was claimed goes without an end, whenever its supervisor dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.process_link import Command
from reconciler.adapters.process_living import Live
from reconciler.adapters.process_logs import LogLimits
from reconciler.adapters.process_reaper import Reaper
from reconciler.adapters.process_records import Folder, claim, folder_of, this_writer
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.model import Observed, Status
from tests.reconciler.adapters.process_world import eventually


class Watch:
    """A reaper, what it told, and attempts for it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: list[Observed] = []
        self.reaper = Reaper(self.seen.extend, lambda _: None, SystemClock(), LogLimits(), str(root / "words"))
        self.reaper.open()

    def claimed(self, attempt: str) -> Folder:
        folder = folder_of(str(self.root), attempt)
        os.makedirs(folder.root)
        assert claim(folder, this_writer())
        return folder


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(tmp_path)
    yield watch
    watch.reaper.close()


def supervisors() -> set[int]:
    """Processes that are children of this one and supervise ops."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            ours = int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid()
            if ours and b"process_supervisor" in (stat.parent / "cmdline").read_bytes():
                found.add(int(stat.parent.name))
        except OSError:
            continue
    return found


def test_an_attempt_whose_supervisor_died_just_before_it_was_handed_over_is_lost(watch, tmp_path):
    before = supervisors()
    watch.reaper.prepare()
    folder = watch.claimed("op-1")
    assert eventually(lambda: bool(supervisors() - before)), "it has not become one"
    [pid] = supervisors() - before
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not Path(f"/proc/{pid}").exists()), "the reaper has not heard of it"

    watch.reaper.run(Live(folder, "run-1", "job", 0.3), Command(["/bin/touch", f"{tmp_path}/ran"], {}, "/"))

    assert eventually(lambda: bool(watch.seen))
    [end] = watch.seen
    assert (end.attempt, end.status, end.reason, end.disruption) == ("op-1", Status.FAILED, "NodeLost", True)
    assert eventually(lambda: not watch.reaper.living.all())
    assert not (tmp_path / "ran").exists()
