"""Attempts as local processes: what they get, how they end, how they are stopped."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.engine.model import AttemptSpec, Status
from tests.reconciler.adapters.process_world import PYTHON, Machine, eventually, lease, row, sh, spec

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "data")
    yield machine
    machine.executor.close()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_an_op_that_exits_with_0_has_succeeded_and_its_log_is_kept(machine):
    op = sh("a-1", "echo to stdout; echo to stderr >&2")

    end = machine.run(op)

    assert (end.status, end.exit_code, end.reason) == (Status.SUCCEEDED, 0, "")
    assert end.started_at is not None
    assert end.started_at <= end.at
    assert machine.log(op) == "to stdout\nto stderr\n"


def test_an_exit_code_is_a_failure_of_the_app(machine):
    end = machine.run(sh("a-1", "exit 3"))

    assert (end.status, end.reason, end.exit_code, end.disruption) == (Status.FAILED, "AppError", 3, False)
    assert end.message == "It ended with exit code 3."


def test_an_op_that_dies_of_a_signal_says_which(machine):
    end = machine.run(sh("a-1", "kill -SEGV $$"))

    assert (end.status, end.exit_code) == (Status.FAILED, 139)
    assert end.message == "It was ended by SIGSEGV (exit code 139)."


def test_the_supervisor_adds_nothing_to_the_log(machine):
    op = sh("a-1", "kill -KILL $$")

    machine.run(op)

    assert machine.log(op) == ""


def test_a_word_of_the_shell_is_a_command_like_any_other(machine):
    op = spec("a-1", ["echo", "-n", "*", "$HOME", "a  b"])

    machine.run(op)

    assert machine.log(op) == "* $HOME a  b"


def test_an_op_that_runs_for_a_while_is_told_of_as_running(machine, tmp_path):
    op = sh("a-1", f"until [ -e {tmp_path}/go ]; do sleep 0.02; done")
    machine.start(op)

    running = machine.running(op)
    (tmp_path / "go").touch()

    assert machine.seen == [running, machine.end(op)]
    assert running.started_at == machine.end(op).started_at


def test_many_ops_end_each_once(machine):
    ops = [sh(f"op-{number}", f"exit {number % 3}") for number in range(60)]
    machine.start(*ops)

    assert [machine.end(op).exit_code for op in ops] == [number % 3 for number in range(60)]


def test_the_same_attempt_is_never_started_twice(machine, tmp_path):
    op = sh("a-1", f"echo started >> {tmp_path}/count; sleep 0.1")

    assert machine.start(op, op) == ["done", "done"]
    machine.end(op)
    assert machine.start(op) == ["done"]

    assert (tmp_path / "count").read_text() == "started\n"


def test_what_an_op_left_in_the_background_ends_with_it(machine):
    op = sh("a-1", "sleep 60 & echo $!")

    machine.run(op)

    assert eventually(lambda: not alive(int(machine.log(op))))


# --- environment ------------------------------------------------------------------------------------------------------


def test_an_op_gets_its_own_environment_and_little_of_ours(machine, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    op = spec(
        "a-1",
        [PYTHON, "-c", program],
        repository="acme/ml",
        commit="c0ffee",
        env={"LR": "0.1", "with.dot": "kept"},
        container={"env": [{"name": "MODE", "value": "fast"}, {"name": "FLAG", "value": True}]},
    )

    machine.run(op)

    env = json.loads(machine.log(op))
    folder = str(machine.folder(op))
    shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {name: value for name, value in env.items() if name not in shell and not name.startswith("LC_")} == {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LANGUAGE", "TZ") if name in os.environ},
        "LR": "0.1",
        "with.dot": "kept",
        "MODE": "fast",
        "FLAG": "true",
        "HEADGATE_RUN": "run-1",
        "HEADGATE_OP": "train",
        "HEADGATE_ATTEMPT": "a-1",
        "HEADGATE_COMMIT": "c0ffee",
        "HEADGATE_ARTIFACTS_PATH": f"{folder}/artifacts",
        "HEADGATE_OUTPUTS_PATH": f"{folder}/outputs.json",
        "HEADGATE_API": "http://127.0.0.1:1",
        "HEADGATE_TOKEN": "token-of-a-1",
        "POLYAXON_RUN_INSTANCE": "acme.ml.runs.a-1",
    }


def test_an_op_has_default_signals_and_only_its_own_files(machine):
    program = (
        "import os, signal; "
        "print([s for s in signal.valid_signals() if s not in (2, 13, 25) and signal.getsignal(s) is signal.SIG_IGN]); "
        "print(sorted(os.listdir('/proc/self/fd'))[:-1]); print(os.readlink('/proc/self/fd/0'))"
    )
    op = spec("a-1", [PYTHON, "-I", "-c", program])

    machine.run(op)

    assert machine.log(op) == "[]\n['0', '1', '2']\n/dev/null\n"


def test_an_op_runs_in_the_tree_of_its_commit(tmp_path):
    tree = tmp_path / "tree"
    (tree / "src").mkdir(parents=True)
    (tree / "run.sh").write_text("#!/bin/sh\npwd\n")
    (tree / "run.sh").chmod(0o755)
    machine = Machine(tmp_path / "data", checkout=lambda repository, sha: str(tree))
    here = spec("a-1", ["./run.sh"], repository="ml", commit="c0ffee")
    below = spec("a-2", ["pwd"], repository="ml", commit="c0ffee", container={"workingDir": "src"})
    given = spec("a-3", ["pwd"], labels={"code_dir": str(tree / "src")})

    for op, directory in ((here, tree), (below, tree / "src"), (given, tree / "src")):
        machine.run(op)
        assert machine.log(op) == f"{directory}\n"
    assert os.path.samefile(machine.executor.paths(here).code, tree)
    machine.executor.close()


@pytest.mark.parametrize(
    ("op", "sentence"),
    [
        (spec("a-1", []), "An image's entrypoint cannot run as a local process; give the container a `command`."),
        (spec("a-1", ["no-such-command"]), "Command 'no-such-command' was not found on the PATH of this service."),
        (spec("a-1", ["./no-such-file"]), "Command './no-such-file' was not found."),
        (spec("a-1", ["pwd"], container={"workingDir": "gone"}), "Working directory 'gone' does not exist"),
        (spec("a-1", ["pwd"], connections=("s3",)), "Connection 's3' is not configured on this service"),
        (spec("a-1", ["pwd"], container={"env": [{"name": "A", "valueFrom": {"x": 1}}]}), "`valueFrom` of 'A'"),
        (spec("a-1", ["pwd"], env={"A": "x\0y"}), "Environment variable 'A' cannot be set"),
        (spec("a-1", ["echo", "x" * 3_000_000]), "Its command and environment are too long for this machine."),
        (spec("../../etc", ["pwd"]), "'../../etc' is not the id of an attempt."),
    ],
)
def test_an_op_that_cannot_start_is_refused_in_a_sentence(machine, op, sentence):
    [performed] = machine.executor.start([row(op)], lease())

    assert (performed.outcome, performed.reason) == ("refused", "ConfigError")
    assert performed.message.startswith(sentence)
    assert machine.seen == []


def test_nothing_is_started_after_the_lease_has_ended(machine):
    op = sh("a-1", "true")

    [performed] = machine.executor.start([row(op)], lease(-1))

    assert performed.outcome == "again"
    assert not (machine.folder(op) / "claim").exists()


# --- slots ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def one_slot(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "data", slots=1)
    yield machine
    machine.executor.close()


@pytest.fixture
def held(tmp_path: Path) -> AttemptSpec:
    """An op that ends when it is let go."""
    return sh("a-1", f"until [ -e {tmp_path}/go ]; do sleep 0.02; done")


def let_go(tmp_path: Path) -> None:
    (tmp_path / "go").touch()


def test_runs_that_find_no_slot_are_woken_in_turn_one_for_each_slot_that_is_free(one_slot, held, tmp_path):
    second, third = sh("a-2", "true", run="run-2"), sh("a-3", "true", run="run-3")
    assert one_slot.executor.free() == 1

    assert one_slot.start(held, third, second) == ["done", "again", "again"]
    assert one_slot.executor.free() == 0
    let_go(tmp_path)
    one_slot.end(held)

    assert eventually(lambda: one_slot.woken == ["run-3"])
    assert one_slot.start(third) == ["done"]
    one_slot.end(third)
    assert eventually(lambda: one_slot.woken == ["run-3", "run-2"])


def test_a_run_that_waits_for_a_slot_that_came_free_just_now_is_woken_at_once(one_slot):
    one_slot.executor.await_slot("run-2", wanted=True)

    assert one_slot.woken == ["run-2"]


def test_a_run_that_waits_no_more_is_passed_over(one_slot, held, tmp_path):
    one_slot.start(held)
    for run in ("run-2", "run-3"):
        one_slot.executor.await_slot(run, wanted=True)
    one_slot.executor.await_slot("run-2", wanted=False)

    let_go(tmp_path)
    one_slot.end(held)

    assert eventually(lambda: one_slot.woken == ["run-3"])


@pytest.mark.slow
def test_a_slot_that_the_run_whose_turn_it_was_did_not_take_goes_to_the_next(one_slot, held, tmp_path):
    one_slot.start(held)
    for run in ("run-2", "run-3"):
        one_slot.executor.await_slot(run, wanted=True)

    let_go(tmp_path)
    one_slot.end(held)

    assert eventually(lambda: one_slot.woken == ["run-2", "run-3"])


# --- stop -------------------------------------------------------------------------------------------------------------


def test_a_stop_reaches_the_whole_family(machine):
    op = sh("a-1", "sleep 60 & (sleep 61 & echo $!; wait) & echo $!; sleep 62")
    machine.start(op)
    assert eventually(lambda: machine.log(op).count("\n") == 2)

    assert machine.stop(op) == ["done"]

    end = machine.end(op)
    assert (end.status, end.reason, end.exit_code) == (Status.STOPPED, "Stopped", 143)
    assert eventually(lambda: not any(alive(int(pid)) for pid in machine.log(op).split()))


def test_an_op_that_ignores_term_is_killed_after_its_grace_with_who_left_the_session(machine):
    op = sh("a-1", "trap '' TERM; setsid sleep 60 & echo $!; sleep 60; sleep 60; sleep 60")
    machine.start(op)
    assert eventually(lambda: machine.log(op).count("\n") == 1)

    machine.stop(op)

    end = machine.end(op)
    assert (end.status, end.exit_code) == (Status.STOPPED, 137)
    assert eventually(lambda: not alive(int(machine.log(op))))


def test_an_op_that_ends_well_on_term_has_succeeded(tmp_path):
    machine = Machine(tmp_path / "data", grace=60.0)
    op = sh("a-1", "trap 'exit 0' TERM; echo up; while :; do sleep 0.02; done")
    machine.start(op)
    assert eventually(lambda: machine.log(op) == "up\n")

    machine.stop(op)

    assert machine.end(op).status is Status.SUCCEEDED
    machine.executor.close()


def test_a_stop_after_the_end_changes_nothing(machine):
    op = sh("a-1", "exit 4")
    machine.run(op)

    assert machine.stop(op) == ["done"]

    assert eventually(lambda: len(machine.ends(op)) == 2)
    assert {(end.status, end.exit_code) for end in machine.ends(op)} == {(Status.FAILED, 4)}


def test_an_attempt_that_was_stopped_before_its_start_can_never_start(machine, tmp_path):
    op = sh("a-1", f"touch {tmp_path}/ran")

    assert machine.stop(op) == ["done"]
    assert machine.end(op).status is Status.STOPPED
    [performed] = machine.executor.start([row(op)], lease())

    assert (performed.outcome, performed.reason) == ("refused", "Stopped")
    assert not (tmp_path / "ran").exists()


def test_a_stop_at_once_after_the_start_stops_or_never_runs_it(machine):
    ops = [sh(f"op-{number}", "exec sleep 60") for number in range(20)]
    for op in ops:
        machine.start(op)
        machine.stop(op)

    assert {machine.end(op).status for op in ops} == {Status.STOPPED}


def test_a_supervisor_that_was_killed_makes_the_attempt_a_disruption(machine):
    op = sh("a-1", "echo up; sleep 60")
    machine.start(op)
    assert eventually(lambda: machine.log(op) == "up\n")
    os.kill(machine.supervisor(op), signal.SIGKILL)

    end = machine.end(op)

    assert (end.status, end.reason, end.disruption) == (Status.FAILED, "NodeLost", True)


# --- outputs ----------------------------------------------------------------------------------------------------------


def test_outputs_are_what_the_op_wrote(machine):
    end = machine.run(sh("a-1", """echo '{"loss": 0.25, "name": "ü"}' > $HEADGATE_OUTPUTS_PATH"""))

    assert end.outputs == {"loss": 0.25, "name": "ü"}


def test_outputs_of_a_failed_op_are_kept(machine):
    end = machine.run(sh("a-1", """echo '{"loss": 1}' > $HEADGATE_OUTPUTS_PATH; exit 1"""))

    assert (end.status, end.outputs) == (Status.FAILED, {"loss": 1})


@pytest.mark.parametrize(
    "script",
    [
        "echo '{' > $O",
        "echo '[1]' > $O",
        "echo '{\"a\": NaN}' > $O",
        'printf \'{"a": "\\377"}\' > $O',
        "mkfifo $O",
        "mkdir $O",
        "ln -s /etc/passwd $O",
        "ln -s /dev/zero $O",
        "(printf '{\"a\":'; head -c 100000 /dev/zero | tr '\\0' '[') > $O",
        "(printf '{\"a\":'; head -c 60 /dev/zero | tr '\\0' '['; head -c 60 /dev/zero | tr '\\0' ']'; echo '}') > $O",
        "(printf '{\"a\":\"'; head -c 2000000 /dev/zero | tr '\\0' 'x'; echo '\"}') > $O",
    ],
)
def test_outputs_that_cannot_be_taken_fail_the_op(machine, script):
    end = machine.run(sh("a-1", f"O=$HEADGATE_OUTPUTS_PATH; {script}"))

    assert (end.status, end.reason, end.exit_code) == (Status.FAILED, "BadOutputs", 0)
    assert end.message.startswith("The outputs file cannot be taken: ")


def test_a_failure_is_not_hidden_by_bad_outputs(machine):
    end = machine.run(sh("a-1", "echo '{' > $HEADGATE_OUTPUTS_PATH; exit 2"))

    assert (end.reason, end.exit_code, end.outputs) == ("AppError", 2, None)


def test_posted_outputs_are_joined_by_those_of_the_file(machine):
    op = sh("a-1", """while [ ! -e go ]; do sleep 0.01; done; echo '{"loss": 1}' > $HEADGATE_OUTPUTS_PATH""")
    machine.start(op)

    machine.executor.add_outputs("a-1", {"loss": 3, "name": "first"})
    machine.executor.add_outputs("a-1", {"name": "second"})
    (machine.folder(op) / "work/go").touch()

    assert machine.end(op).outputs == {"loss": 1, "name": "second"}


def test_posted_outputs_have_a_limit_and_an_attempt(machine):
    op = sh("a-1", "true")
    machine.run(op)

    with pytest.raises(ValueError, match="more than 1,048,576 bytes"):
        machine.executor.add_outputs("a-1", {"text": "x" * 2_000_000})
    with pytest.raises(LookupError):
        machine.executor.add_outputs("a-2", {})
