"""A service that dies at any moment: what runs is adopted, no exit status is lost, nothing is started twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.adapters import process_records
from reconciler.adapters.process_journal import Journal
from reconciler.adapters.process_logs import read_log
from reconciler.adapters.process_records import claim, folder_of, this_writer
from reconciler.engine.model import Status
from reconciler.plan.encoding import encode
from tests.reconciler.adapters.process_world import ROOT, SERVICE, Machine, eventually, killed_service, lease, row, sh

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")

GONE = "00000000-0000-0000-0000-000000000000:1:1"


@pytest.mark.slow
def test_a_killed_service_loses_no_exit_status_and_starts_nothing_twice(tmp_path):
    data = tmp_path / "data"
    killed_service(
        data,
        quick=f"while [ ! -e {tmp_path}/killed ]; do sleep 0.02; done; exit 5",
        waits=f"echo once >> {tmp_path}/count; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; exit 6",
        stays="sleep 60",
    )
    quick, waits, stays = sh("quick", ""), sh("waits", ""), sh("stays", "")
    (tmp_path / "killed").touch()
    assert eventually(lambda: " ended " in (data / "attempts/qu/quick/claim").read_text())
    machine = Machine(data)
    machine.executor.resume()

    assert machine.end(quick).exit_code == 5
    assert machine.running(waits).started_at is not None
    assert machine.start(waits) == ["done"]
    (tmp_path / "go").touch()
    assert machine.end(waits).exit_code == 6
    machine.stop(stays)
    assert machine.end(stays).status is Status.STOPPED
    assert (tmp_path / "count").read_text() == "once\n"
    machine.executor.close()
    assert Journal(str(data / "started")).open_attempts() == {}


@pytest.mark.slow
@pytest.mark.parametrize("set_back", [0.0, 3600.0])
def test_an_op_that_ignores_term_is_killed_though_the_service_died_within_its_grace(tmp_path, set_back):
    """The clock may have been set back meanwhile."""
    data = tmp_path / "data"
    killed_service(data, stubborn="trap '' TERM; echo up; while :; do sleep 0.05; done")
    op = sh("stubborn", "")
    assert eventually(lambda: read_log(str(data), "stubborn").data == b"up\n")
    asked, asked_at = data / "attempts/st/stubborn/stop", time.time() + set_back
    asked.touch()
    os.utime(asked, (asked_at, asked_at))
    machine = Machine(data)

    machine.executor.resume()

    assert (machine.end(op).status, machine.end(op).exit_code) == (Status.STOPPED, 137)
    machine.executor.close()


def abandoned(data_dir: Path, attempt: str, writer: str) -> process_records.Folder:
    """An attempt that was claimed, and then its writer died."""
    machine = Machine(data_dir)
    op = sh(attempt, "true")
    machine.run(op)
    machine.executor.close()
    folder = folder_of(str(data_dir.resolve()), attempt)
    os.unlink(folder.claim)
    claim(folder, writer)
    (data_dir / "started").write_bytes(b"+%s %s\n" % (attempt.encode(), encode(op)))
    return folder


def dead_writer() -> str:
    """A process of this boot that is gone."""
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    return f"{process_records.boot_id()}:{child.pid}:12345"


def test_a_claim_without_a_supervisor_is_lost_once_its_writer_is_gone(tmp_path):
    folder = abandoned(tmp_path, "a-1", dead_writer())
    machine = Machine(tmp_path)

    machine.executor.resume()

    end = machine.end(sh("a-1", ""))
    assert (end.status, end.reason, end.disruption) == (Status.FAILED, "NodeLost", True)
    assert end.message == "Its process is gone and left no exit code."
    assert os.path.exists(folder.lost)
    assert machine.start(sh("a-1", "true")) == ["done"]
    assert eventually(lambda: len(machine.seen) == 2)
    assert {seen.reason for seen in machine.seen} == {"NodeLost"}
    machine.executor.close()


def test_an_attempt_of_an_earlier_boot_is_lost_with_the_machine(tmp_path):
    abandoned(tmp_path, "a-1", GONE)
    machine = Machine(tmp_path)

    machine.executor.resume()

    assert machine.end(sh("a-1", "")).message == "The machine restarted and left no exit code."
    machine.executor.close()


def test_a_claim_whose_writer_lives_is_waited_for(tmp_path):
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        ticks = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
        abandoned(tmp_path, "a-1", f"{process_records.boot_id()}:{child.pid}:{ticks}")
        machine = Machine(tmp_path)

        machine.executor.resume()
        [performed] = machine.executor.start([row(sh("a-1", "true"))], lease())

        assert performed.outcome == "unknown"
        assert machine.seen == []
        child.kill()
    assert machine.start(sh("a-1", "true")) == ["done"]
    assert machine.end(sh("a-1", "")).reason == "NodeLost"
    machine.executor.close()


def test_lines_of_a_claim_that_a_full_disk_cut_short_do_not_count(tmp_path):
    folder = abandoned(tmp_path, "a-1", this_writer())
    with open(folder.claim, "a") as file:
        file.write(f"supervisor {this_writer()}\nop 7 \nop 7 1.5\nexit 3 ended \nexit 3 ended 2.5\n")
    machine = Machine(tmp_path)

    assert machine.start(sh("a-1", "true")) == ["done"]

    end = machine.end(sh("a-1", ""))
    assert (end.exit_code, end.started_at, end.at) == (3, 1.5, 2.5)
    machine.executor.close()


def test_a_claim_of_our_own_that_came_to_no_supervisor_is_lost(tmp_path):
    """As when the disk broke just after the claim was made: the start is answered with a failure, the claim stays."""
    machine = Machine(tmp_path)
    abandoned(tmp_path, "a-1", this_writer())

    assert machine.start(sh("a-1", f"touch {tmp_path}/ran")) == ["done"]

    assert machine.end(sh("a-1", "")).reason == "NodeLost"
    assert not (tmp_path / "ran").exists()
    machine.executor.close()


def test_a_supervisor_that_comes_after_its_attempt_was_given_up_runs_nothing(tmp_path):
    machine = Machine(tmp_path / "data")
    op = sh("a-1", f"touch {tmp_path}/ran")
    folder = folder_of(str((tmp_path / "data").resolve()), "a-1")
    os.makedirs(folder.root)
    Path(folder.lost).touch()

    assert machine.run(op).reason == "NodeLost"

    assert not (tmp_path / "ran").exists()
    machine.executor.close()


def test_a_pid_that_was_given_to_another_process_is_not_the_supervisor(tmp_path):
    folder = abandoned(tmp_path, "a-1", dead_writer())
    with open(folder.claim, "a") as record:
        record.write(f"supervisor {process_records.boot_id()}:{os.getpid()}:1\nop {os.getpid()} 1.0\n")
    machine = Machine(tmp_path)

    machine.executor.resume()

    assert machine.end(sh("a-1", "")).reason == "NodeLost"
    machine.executor.close()


def test_a_start_that_never_came_to_a_claim_is_forgotten(tmp_path):
    (tmp_path / "started").write_bytes(b"+a-1 %s\n" % encode(sh("a-1", "true")))
    machine = Machine(tmp_path)

    machine.executor.resume()

    machine.executor.close()
    assert Journal(str(tmp_path / "started")).open_attempts() == {}
    assert machine.seen == []


def test_an_attempt_that_left_no_trace_is_lost_and_never_starts_later(tmp_path):
    machine = Machine(tmp_path)
    op = sh("a-1", "true")

    [seen] = machine.executor.look([row(op, phase="started")])

    assert (seen.reason, seen.disruption) == ("NodeLost", True)
    assert machine.executor.look([row(sh("a-2", "true"), phase="intended")]) == []
    assert machine.start(op) == ["refused"]
    machine.executor.close()


def test_looking_again_says_what_became_of_an_attempt(tmp_path):
    machine = Machine(tmp_path)
    done, runs = sh("a-1", "exit 9"), sh("a-2", "sleep 60")
    machine.run(done)
    machine.start(runs)
    machine.running(runs)

    seen = machine.executor.look([row(done, phase="started"), row(runs, phase="started")])

    assert [(each.attempt, each.status, each.exit_code) for each in seen] == [
        ("a-1", Status.FAILED, 9),
        ("a-2", Status.RUNNING, None),
    ]
    machine.stop(runs)
    machine.end(runs)
    machine.executor.close()


@pytest.mark.slow
def test_what_could_not_be_stored_is_reported_again(tmp_path):
    machine = Machine(tmp_path)
    machine.store_away = 1

    assert machine.run(sh("a-1", "exit 3")).exit_code == 3
    machine.executor.close()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.002, 0.004, 0.006, 0.01, 0.02])
def test_killed_at_any_moment_of_starting_each_op_runs_at_most_once_and_is_accounted_for(tmp_path, seconds):
    data = tmp_path / "data"
    names = [f"op-{number}" for number in range(30)]
    ops = {name: f"echo >> {tmp_path}/{name}; exit 7" for name in names}
    pairs = [f"{name}={script}" for name, script in ops.items()]
    early = SERVICE.replace("print(", "print('up', flush=True); print(")
    service = subprocess.Popen([sys.executable, "-c", early, str(data), *pairs], stdout=subprocess.PIPE, cwd=ROOT)
    assert service.stdout is not None
    service.stdout.readline()
    time.sleep(seconds)
    os.kill(service.pid, signal.SIGKILL)
    service.wait()
    service.stdout.close()

    machine = Machine(data)
    machine.executor.resume()
    machine.start(*(sh(name, script) for name, script in ops.items()))

    ends = {name: machine.end(sh(name, "")) for name in names}
    runs = {name: (tmp_path / name).read_text().count("\n") if (tmp_path / name).exists() else 0 for name in names}
    for name, end in ends.items():
        assert (end.exit_code, runs[name]) == (7, 1) or (end.reason == "NodeLost" and runs[name] == 0), name
    machine.executor.close()
