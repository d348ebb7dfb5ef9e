"""Files of attempts as retention sees them: real directories, real processes, also as a user who is not root."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from reconciler.adapters.process_files import ProcessFiles
from reconciler.adapters.process_records import claim, folder_of, this_writer
from tests.reconciler.adapters.process_world import Machine, lease, row, sh

NOBODY = 65534


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "data")
    yield machine
    machine.executor.close()


@pytest.fixture
def files(machine: Machine) -> ProcessFiles:
    return ProcessFiles(machine.data_dir)


@pytest.fixture
def anywhere() -> Iterator[Path]:
    """A directory that every user can reach, and that this one can remove whatever became of it."""
    with TemporaryDirectory() as place:
        os.chmod(place, 0o777)
        yield Path(place)


def as_nobody(work: Callable[[Path], None], place: Path) -> None:
    """Do it as a user to whom permissions apply."""

    def inside() -> None:
        if os.geteuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        work(place)

    process = multiprocessing.get_context("fork").Process(target=inside)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_nothing_is_there_before_the_first_attempt(tmp_path):
    assert ProcessFiles(tmp_path / "new").shelves() == []


def test_attempts_stand_on_shelves_with_the_time_of_their_last_change(machine, files):
    ops = [sh("aa-1", "true"), sh("aa-2", "true"), sh("bb-1", "true")]
    before = time.time() - 1
    for op in ops:
        machine.run(op)

    assert files.shelves() == ["aa", "bb"]
    found = [one for shelf in files.shelves() for one in files.on_shelf(shelf)]

    assert [one.attempt for one in found] == ["aa-1", "aa-2", "bb-1"]
    assert all(before < one.touched_at < time.time() + 1 for one in found)
    assert not any(one.alive for one in found)


def test_who_runs_is_alive_until_its_end(machine, files):
    op = sh("aa-1", "sleep 30")
    machine.start(op)
    machine.running(op)
    assert [one.alive for one in files.on_shelf("aa")] == [True]

    machine.stop(op)
    machine.end(op)

    assert [one.alive for one in files.on_shelf("aa")] == [False]


def test_a_claim_is_alive_as_long_as_somebody_may_start_it(machine, files):
    ours, gone = (folder_of(str(machine.executor.data_dir), name) for name in ("aa-1", "aa-2"))
    for folder, writer in ((ours, this_writer()), (gone, "boot:1:1")):
        os.makedirs(folder.root)
        claim(folder, writer)

    assert [(one.attempt, one.alive) for one in files.on_shelf("aa")] == [("aa-1", True), ("aa-2", False)]


def test_an_attempt_that_shall_never_start_is_not_alive(machine, files):
    op = sh("aa-1", "true")
    machine.executor.stop([row(op, wanted="stop")], lease())

    assert [one.alive for one in files.on_shelf("aa")] == [False]


def test_what_is_no_attempt_is_passed_over(machine, files):
    machine.run(sh("aa-1", "true"))
    (machine.data_dir / "attempts" / "aa" / "-lost+found-").mkdir()

    assert [one.attempt for one in files.on_shelf("aa")] == ["aa-1"]


def test_a_shelf_that_vanished_is_empty(files):
    assert files.on_shelf("zz") == []


def test_the_size_is_what_the_files_take_and_not_what_links_lead_to(machine, files, tmp_path):
    (tmp_path / "large").write_bytes(b"x" * (4 << 20))
    linked = f"ln -s {tmp_path} all; ln -s {tmp_path}/large one"
    machine.run(sh("aa-1", f'dd if=/dev/zero of="$HEADGATE_ARTIFACTS_PATH/model" bs=1M count=1; {linked}'))

    assert 1 << 20 <= files.size("aa-1") < 2 << 20
    assert files.size("aa-2") == 0


def test_what_is_removed_is_gone_and_nothing_else(machine, files, tmp_path):
    (tmp_path / "kept").write_text("theirs")
    machine.run(sh("aa-1", f"ln -s {tmp_path} there; ln -s {tmp_path}/kept file"))
    machine.run(sh("aa-2", "true"))

    assert files.remove(["aa-1", "aa-3"]) == {}

    assert [one.attempt for one in files.on_shelf("aa")] == ["aa-2"]
    assert (tmp_path / "kept").read_text() == "theirs"


def test_what_cannot_be_removed_is_named_and_the_rest_goes(machine, files):
    machine.run(sh("aa-2", "true"))
    (machine.data_dir / "attempts" / "aa" / "aa-1").write_text("no directory")

    failed = files.remove(["aa-1", "aa-2"])

    assert list(failed) == ["aa-1"]
    assert failed["aa-1"].endswith("aa-1: Not a directory")
    assert not (machine.data_dir / "attempts" / "aa" / "aa-2").exists()


def test_what_an_op_made_read_only_is_removed_whoever_the_service_is(anywhere):
    def work(place: Path) -> None:
        root = place / "data" / "attempts" / "aa" / "aa-1"
        inner = root / "artifacts" / "outputs" / "deep"
        inner.mkdir(parents=True)
        (inner / "file").write_text("x")
        for path in (inner / "file", inner, inner.parent, root):
            path.chmod(0o555)
        assert ProcessFiles(place / "data").remove(["aa-1"]) == {}
        assert not root.exists()

    as_nobody(work, anywhere)


def test_a_link_of_an_op_changes_no_mode_outside(anywhere):
    def work(place: Path) -> None:
        theirs = place / "theirs"
        theirs.mkdir(mode=0o555)
        root = place / "data" / "attempts" / "aa" / "aa-1"
        (root / "work").mkdir(parents=True)
        (root / "work" / "link").symlink_to(theirs)
        (root / "work" / "file").write_text("x")
        (root / "work").chmod(0o555)
        assert ProcessFiles(place / "data").remove(["aa-1"]) == {}
        assert theirs.stat().st_mode & 0o777 == 0o555

    as_nobody(work, anywhere)
