"""The supervisor of local ops: it outlives its service, loses nothing when it dies, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.process_records import folder_of, is_alive, pid_of, read_record
from reconciler.engine.model import Status
from tests.reconciler.adapters.process_world import Machine, eventually, killed_service, sh, spec

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "data")
    yield machine
    machine.executor.close()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> list[str]:
    """States of the processes that this one has to take from the table, or still waits for."""
    return [
        fields[0]
        for stat in Path("/proc").glob("[0-9]*/stat")
        if (fields := _fields(stat)) and int(fields[1]) == os.getpid()
    ]


def _fields(stat: Path) -> list[str]:
    try:
        return stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@pytest.mark.slow
def test_a_thousand_ops_leave_no_file_open_no_thread_and_no_process(tmp_path):
    before = (open_files(), threading.active_count(), len(children()))
    machine = Machine(tmp_path / "data")
    machine.run(sh("first", "true"))
    while_idle = (open_files(), threading.active_count(), len(children()))
    supervisor = machine.supervisor(sh("first", ""))
    for batch in range(20):
        ops = [spec(f"op-{batch}-{number}", ["/bin/true"]) for number in range(50)]
        assert set(machine.start(*ops)) == {"done"}
        assert {machine.end(op).status for op in ops} == {Status.SUCCEEDED}

    assert eventually(lambda: (open_files(), threading.active_count(), len(children())) == while_idle)
    # The line, its words twice, and how it hears of ends.
    assert eventually(lambda: len(os.listdir(f"/proc/{supervisor}/fd")) == 5)
    assert eventually(lambda: not Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text())
    machine.executor.close()
    assert eventually(lambda: (open_files(), threading.active_count(), len(children())) == before)


def test_all_ops_of_a_service_have_one_supervisor(machine):
    first, second = sh("a-1", "true"), sh("a-2", "true")

    machine.run(first)
    machine.run(second)

    assert machine.supervisor(first) == machine.supervisor(second) != os.getpid()


def test_a_supervisor_ends_with_the_last_op_once_its_service_is_gone(tmp_path):
    machine = Machine(tmp_path / "data")
    op = sh("a-1", f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; exit 6")
    machine.start(op)
    machine.running(op)
    supervisor = machine.record(op).supervisor
    assert supervisor is not None
    machine.executor.close()
    assert is_alive(supervisor)

    (tmp_path / "go").touch()

    assert eventually(lambda: not is_alive(supervisor))
    record = machine.record(op)
    assert record.exit is not None
    assert (record.exit.code, record.exit.word) == (6, "ended")
    os.waitpid(pid_of(supervisor), 0)


def test_what_ran_under_a_killed_supervisor_is_a_disruption_and_later_ops_have_a_new_one(machine, tmp_path):
    ops = [sh(f"op-{number}", "echo up; sleep 60") for number in range(5)]
    machine.start(*ops)
    assert eventually(lambda: all(machine.log(op) == "up\n" for op in ops))
    pids = [machine.record(op).pid for op in ops]
    before = machine.supervisor(ops[0])

    os.kill(before, signal.SIGKILL)

    ends = [machine.end(op) for op in ops]
    assert {(end.status, end.reason, end.disruption) for end in ends} == {(Status.FAILED, "NodeLost", True)}
    assert eventually(lambda: not any(pid and Path(f"/proc/{pid}").exists() for pid in pids))
    later = sh("later", "exit 3")
    assert machine.run(later).exit_code == 3
    assert machine.supervisor(later) != before


@pytest.mark.slow
def test_what_ran_under_a_supervisor_that_died_with_its_service_is_ended_by_the_next(tmp_path):
    data = tmp_path / "data"
    killed_service(data, stays="echo up; sleep 60")
    op = sh("stays", "")
    folder = folder_of(str(data.resolve()), "stays")
    assert eventually(lambda: bool((record := read_record(folder)) and record.pid))
    record = read_record(folder)
    assert record is not None
    assert record.supervisor is not None
    os.kill(pid_of(record.supervisor), signal.SIGKILL)
    assert eventually(lambda: not is_alive(record.supervisor or ""))
    machine = Machine(data)

    machine.executor.resume()

    assert machine.end(op).reason == "NodeLost"
    assert eventually(lambda: not Path(f"/proc/{record.pid}").exists())
    machine.executor.close()


@pytest.mark.parametrize("killed_after", range(0, 30, 5))
def test_a_supervisor_that_is_killed_while_ops_are_started_runs_each_at_most_once(machine, tmp_path, killed_after):
    names = [f"op-{number}" for number in range(40)]
    ops = {name: sh(name, f"echo >> {tmp_path}/{name}; exit 7") for name in names}
    machine.run(sh("first", "true"))
    supervisor = machine.supervisor(sh("first", ""))

    for number, op in enumerate(ops.values()):
        if number == killed_after:
            os.kill(supervisor, signal.SIGKILL)
        machine.start(op)

    for name, op in ops.items():
        end = machine.end(op)
        runs = (tmp_path / name).read_text().count("\n") if (tmp_path / name).exists() else 0
        assert (end.exit_code == 7 and runs == 1) or (end.reason == "NodeLost" and end.disruption and runs <= 1), name
    later = sh("later", "exit 7")
    assert machine.run(later).exit_code == 7
    assert machine.supervisor(later) != supervisor


def test_an_op_that_deletes_its_own_directory_harms_no_other(machine):
    gone = sh("gone", 'rm -rf "$(dirname "$HEADGATE_ARTIFACTS_PATH")"')
    other = sh("other", "sleep 0.2; exit 4")
    machine.start(other, gone)

    assert machine.end(gone).reason == "NodeLost"
    assert machine.end(other).exit_code == 4


def test_a_file_without_a_first_line_is_run_by_the_shell(machine, tmp_path):
    script = tmp_path / "script"
    script.write_text('echo "$1"\n')
    script.chmod(0o755)
    op = spec("a-1", [str(script), "hello"])

    assert machine.run(op).status is Status.SUCCEEDED
    assert machine.log(op) == "hello\n"


def test_a_file_whose_interpreter_is_missing_says_so_in_the_log(machine, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    op = spec("a-1", [str(script)])

    assert machine.run(op).exit_code == 127
    assert machine.log(op) == f"headgate: {script}: No such file or directory\n"


def test_a_directory_of_code_that_vanished_is_told_of(machine, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    init = ({"container": {"command": ["/bin/rmdir", str(tree)]}},)
    op = spec("a-1", ["/bin/pwd"], labels={"code_dir": str(tree)}, init=init)

    end = machine.run(op)

    assert (end.status, end.reason) == (Status.FAILED, "ConfigError")


def test_attempts_share_the_link_to_their_code(machine, tmp_path):
    first, second = (spec(f"a-{number}", ["/bin/pwd"], labels={"code_dir": str(tmp_path)}) for number in (1, 2))
    machine.run(first)
    machine.run(second)

    links = [os.lstat(folder_of(str(machine.executor.data_dir), op.attempt).code) for op in (first, second)]
    assert links[0].st_ino == links[1].st_ino
    assert os.path.samefile(machine.executor.paths(second).code, tmp_path)
