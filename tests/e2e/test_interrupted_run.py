"""`headgate run` that is interrupted, killed or left alone by another one: nothing goes on unseen, nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.adapters.process_adoption import running_pid
from reconciler.adapters.process_condition import attempt_folders, folder_in
from reconciler.adapters.process_records import is_alive, read_record
from tests.e2e.service import PATIENCE, ends_within, flow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
ROOT = Path(__file__).parents[2]


class Desk:
    """A working tree at which commands are typed, all on one data directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commands: list[subprocess.Popen[str]] = []

    def type(self, *words: str) -> subprocess.Popen[str]:
        command = subprocess.Popen(
            # Whoever runs the tests may have been told to outlive a terminal.
            ["env", "--default-signal", sys.executable, "-m", "console", *words, "--data-dir", str(self.root / "data")],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(self.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.commands.append(command)
        return command

    def run(self, name: str, script: str, *options: str) -> subprocess.Popen[str]:
        """Start `headgate run` of one op, which writes its process id to a file of its name first."""
        file = self.root / f"{name}.yaml"
        file.write_text(flow({name: (f"echo $$ > {self.root / name}; {script}", ())}))
        return self.type("run", str(file), "--progress", "plain", *options)

    def started(self, name: str) -> int:
        """The process id of an op, once it runs."""
        self.eventually(lambda: (self.root / name).exists() and (self.root / name).read_text().endswith("\n"))
        return int((self.root / name).read_text())

    def statuses(self) -> list[str]:
        out, _ = self.type("status", "--format", "json").communicate(timeout=PATIENCE)
        return sorted(run["status"] for run in json.loads(out)["runs"])

    def end_ops(self) -> None:
        """KILL what still runs; whoever supervises it ends then."""
        attempts = [folder_in(self.root / "data", attempt) for attempt in attempt_folders(self.root / "data")]
        records = [record for folder in attempts if (record := read_record(folder)) is not None]
        for pid in filter(None, map(running_pid, records)):
            os.killpg(pid, signal.SIGKILL)
        supervisors = {record.supervisor for record in records if record.supervisor is not None}
        self.eventually(lambda: not any(map(is_alive, supervisors)))

    def eventually(self, what: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < until, [command.poll() for command in self.commands]
            time.sleep(0.05)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    for command in desk.commands:
        if command.poll() is None:
            command.kill()
        if command.stdout is not None and not command.stdout.closed:
            command.communicate()
    desk.end_ops()  # they outlive a command that was killed


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists() and bool(Path(f"/proc/{pid}/cmdline").read_bytes())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_with_its_ops(desk, number):
    run = desk.run("train", "sleep 300")
    op = desk.started("train")

    run.send_signal(number)
    out, _ = run.communicate(timeout=PATIENCE)

    assert run.returncode == 130
    assert "Stopping the run" in out
    assert not lives(op)
    assert desk.statuses() == ["stopped"]


def test_a_second_interrupt_does_not_wait_for_an_op_that_ignores_the_first(desk):
    run = desk.run("train", "trap '' TERM; while :; do sleep 1; done")
    op = desk.started("train")
    run.send_signal(signal.SIGINT)
    desk.eventually(lambda: list((desk.root / "data").glob("attempts/*/*/stop")))  # or both are taken for one
    assert lives(op)

    run.send_signal(signal.SIGINT)

    assert ends_within(run, 8.0)  # under the grace of ten seconds
    assert run.returncode == 130
    assert not lives(op)
    assert desk.statuses() == ["stopped"]


def test_a_run_goes_on_when_the_command_that_worked_on_it_ends(desk):
    first = desk.run("short", f"until [ -e {desk.root / 'long'} ]; do sleep 0.1; done")
    desk.started("short")
    second = desk.run("long", "sleep 3", "--slots", "2")
    first.communicate(timeout=PATIENCE)
    out, _ = second.communicate(timeout=PATIENCE)

    assert (first.returncode, second.returncode) == (0, 0), out
    assert desk.statuses() == ["succeeded", "succeeded"]


def test_two_runs_that_start_at_once_share_what_works(desk):
    both = [desk.run(name, "sleep 0.5") for name in ("one", "other")]

    outs = [run.communicate(timeout=PATIENCE)[0] for run in both]

    assert [run.returncode for run in both] == [0, 0], outs
    assert desk.statuses() == ["succeeded", "succeeded"]


def test_nothing_is_handed_over_to_a_command_that_ends_with_its_own_run(desk):
    desk.run("train", "sleep 300")
    desk.started("train")

    detached = desk.run("other", "true", "--detach")
    out, _ = detached.communicate(timeout=PATIENCE)

    assert detached.returncode == 2
    assert "Start `headgate serve`" in out


def test_a_run_whose_command_was_killed_is_named_by_the_next_one(desk):
    killed = desk.run("train", "sleep 300")
    op = desk.started("train")
    killed.kill()
    killed.communicate()
    assert lives(op)

    out, _ = desk.run("other", "true", "--slots", "2").communicate(timeout=PATIENCE)

    assert "was under way before and is not over" in out
    os.kill(op, signal.SIGKILL)


def test_a_run_whose_command_was_killed_is_stopped_by_the_command_that_asks_for_it(desk):
    killed = desk.run("train", "sleep 300")
    op = desk.started("train")
    killed.kill()
    killed.communicate()

    desk.type("stop", "@last").communicate(timeout=PATIENCE)

    assert not lives(op)
    assert desk.statuses() == ["stopped"]
