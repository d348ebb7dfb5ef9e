"""A disk that is full, or that may not be written any more: said once, nothing damaged, and on it goes by itself."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.process_records import folder_of, pid_of
from tests.e2e.disks import Disk, failing_disk, small_disk
from tests.e2e.service import Place, flow, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    if place.process is not None and place.process.poll() is None:
        place.kill()


@pytest.fixture
def disk(place: Place) -> Iterator[Disk]:
    with small_disk(place.data) as disk:
        place.prefix = disk.prefix
        place.start()
        place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
        yield disk


def noted(place: Place, name: str, seconds: float = 0.0) -> tuple[str, tuple[str, ...]]:
    """An op that writes down its name and attempt and takes a while."""
    return f'echo "{name} $HEADGATE_ATTEMPT" >> {place.ledger}; sleep {seconds}', ()


def pushed(place: Place, name: str) -> str:
    return place.push({f"flows/{name}.yaml": flow({name: noted(place, name)})})


def supervisor(disk: Disk, place: Place, attempt: str) -> int:
    """The process that watches over an attempt."""
    claim = disk.read(folder_of(str(place.data), attempt).claim).splitlines()
    return pid_of(next(line.split()[1] for line in claim if line.startswith("supervisor ")))


def assert_once(place: Place, *names: str) -> None:
    assert sorted(line.split()[0] for line in place.lines()) == sorted(names)


def assert_told_well(place: Place) -> None:
    assert "Traceback" not in place.log()


def test_a_full_disk_is_told_and_waited_out(place, disk):
    disk.fill()
    sha = pushed(place, "churn")
    place.eventually(lambda: "full" in place.log())
    doctor = place.command("doctor")
    status = place.command("status")
    disk.make_room()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert doctor.returncode == 1
    assert "disk: 0 MiB of its disk are free" in doctor.stdout
    assert status.returncode == 0, status.stderr
    assert_once(place, "churn")
    assert place.conclusion(sha, "headgate/churn") == "success"
    assert place.log().count("disk is full") < 8, place.log()
    assert_told_well(place)


def test_a_disk_that_fills_while_an_op_runs_loses_nothing_of_it(place, disk):
    script, _ = noted(place, "churn")
    sha = place.push({"flows/churn.yaml": flow({"churn": (f"{script}; {until(place.root / 'filled')}", ())})})
    place.eventually(place.lines)
    disk.fill()
    (place.root / "filled").touch()
    place.eventually(lambda: "full" in place.log())
    disk.make_room()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert {line.split()[0] for line in place.lines()} == {"churn"}
    assert len(set(place.lines())) == len(place.lines())  # an end that could not be noted down is a lost machine's
    assert place.conclusion(sha, "headgate/churn") == "success"
    assert_told_well(place)


def test_a_verdict_that_finds_no_room_is_written_later(place, disk):
    """The supervisor is killed, so the service must mark the attempt as lost: and there is room for no file."""
    once = f"mkdir {place.root / 'once'} && sleep 600; true"
    sha = place.push({"flows/churn.yaml": flow({"churn": (f"{noted(place, 'churn')[0]}; {once}", ())})})
    place.eventually(lambda: (place.root / "once").exists())
    attempt = place.lines()[0].split()[1]
    folder = folder_of(str(place.data), attempt)
    watcher = supervisor(disk, place, attempt)
    disk.take_every_name()
    os.kill(watcher, signal.SIGKILL)
    time.sleep(6)
    assert place.process.poll() is None
    assert len(place.lines()) == 1, "nothing is started for it while its end is not written down"
    assert place.conclusion(sha, "headgate/churn") is None
    with pytest.raises(AssertionError):
        disk.read(folder.lost)

    disk.give_names_back()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert place.conclusion(sha, "headgate/churn") == "success"
    assert [line.split()[0] for line in place.lines()] == ["churn", "churn"]
    assert len(set(place.lines())) == 2
    assert_told_well(place)


def test_nothing_starts_on_a_full_disk_and_the_reason_is_told(place, disk):
    place.stop()
    disk.fill()
    place.start()
    code = place.died()
    file = place.root / "one.yaml"
    file.write_text(flow({"one": ("true", ())}))
    run = place.command("run", str(file))

    assert code == 3
    assert "headgate doctor" in place.log()
    assert any(word in place.log() for word in ("is full", "No space", "disk I/O error")), place.log()
    assert run.returncode == 3
    assert_told_well(place)
    disk.make_room()
    sha = pushed(place, "churn")
    place.start()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))


def test_commands_on_a_read_only_disk_say_so(place, disk):
    sha = pushed(place, "churn")
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))
    place.stop()
    disk.forbid_writing()
    one = place.root / "one.yaml"
    one.write_text(flow({"one": ("true", ())}))
    commands = (("status",), ("doctor",), ("run", str(one)), ("logs", "@last"), ("stop", "@last"))
    said = {words[0]: place.command(*words) for words in commands}

    assert not [words for words, answer in said.items() if "Traceback" in answer.stderr], said
    codes = {words: answer.returncode for words, answer in said.items()}
    assert codes == {"status": 0, "doctor": 1, "run": 3, "logs": 0, "stop": 1}, said


def test_a_service_does_not_start_on_a_read_only_disk_and_does_when_it_is_mended(place, disk):
    place.stop()
    disk.forbid_writing()
    place.start()
    code = place.died()
    disk.allow_writing()
    sha = pushed(place, "churn")
    place.start()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert code == 3
    assert "ead-only" in place.log()
    assert_told_well(place)


def test_a_disk_that_turns_read_only_below_a_service_is_told_and_damages_nothing(place, tmp_path):
    with failing_disk(place.data, tmp_path / "disk.img") as disk:
        place.prefix = disk.prefix
        place.start()
        place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
        done = pushed(place, "done")
        place.eventually(lambda: place.conclusion(done, "headgate/done"))
        place.push({"flows/churn.yaml": flow({"churn": noted(place, "churn", 3)})})
        place.eventually(lambda: len(place.lines()) == 2)
        watcher = supervisor(disk, place, place.lines()[1].split()[1])

        disk.fail()
        late = pushed(place, "late")
        place.eventually(lambda: any(word in place.log() for word in ("ead-only", "disk I/O error", "readonly")))
        time.sleep(5)
        assert place.process.poll() is None, "it waits for somebody to mend the disk"
        doctor, status = place.command("doctor"), place.command("status")
        assert doctor.returncode == 1
        assert "data-directory: Its disk is mounted read-only." in doctor.stdout, doctor.stdout
        assert "Traceback" not in doctor.stderr + status.stderr
        assert len(place.log().splitlines()) < 40, place.log()
        assert [line.split()[0] for line in place.lines()] == ["done", "churn"], "nothing starts"

        place.kill()
        os.kill(watcher, signal.SIGKILL)
        disk.mend()
        place.start()
        place.eventually(lambda: place.conclusion(late, "headgate/late"))
        place.eventually(lambda: place.conclusion(late, "headgate/late") == "success")
        ended = place.command("status", "churn", "--wait")
        place.stop()

    assert ended.returncode == 0, ended.stdout
    assert len(set(place.lines())) == len(place.lines())
    assert {line.split()[0] for line in place.lines()} == {"done", "churn", "late"}
    assert_told_well(place)
