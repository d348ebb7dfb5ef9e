"""The demo: the story comes true on a machine that has nothing but git and Python, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.demo import examples
from console.demo.clock import DAY, DemoClock
from console.demo.sample import Sample
from console.demo.stage import demand, until
from console.failures import Failure
from tests.reconciler.adapters.process_world import eventually

ENTRY = [sys.executable, "-c", "from console.cli import main; main()", "demo"]
COUNTS = re.compile(r"(\d+) runs started, (\d+) ops succeeded, (\d+) checks posted")


def surroundings(tmp_path: Path) -> dict[str, str]:
    """An environment with a new home, where git knows nobody."""
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(tmp_path)}


def carriers(text: str) -> list[str]:
    """Processes whose environment or arguments mention a text."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            except OSError:
                continue
            found += [process.name] if text.encode() in told else []
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_comes_true_and_counts_what_it_did(tmp_path):
    done = subprocess.run(
        [*ENTRY, "--once"], env=surroundings(tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=250
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    lines = done.stdout.splitlines()
    runs, ops, checks = map(int, COUNTS.fullmatch(lines[-1]).groups())
    assert runs >= 7
    assert ops >= 30
    assert checks >= 40
    assert 60 <= len(lines) <= 120
    assert "\033" not in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["home"], "the temporary folder is gone"
    assert eventually(lambda: carriers(str(tmp_path)) == []), "no process is left"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_serves_its_page_until_it_is_told_to_end(tmp_path):
    env = surroundings(tmp_path)
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    said: list[str] = []
    with subprocess.Popen([*ENTRY], env=env, cwd=tmp_path, text=True, **both) as demo:
        while not said or not COUNTS.match(said[-1]):
            said.append(demo.stdout.readline())
            assert said[-1], f"it ended before it had counted:\n{''.join(said)}"
        time.sleep(0.1)
        ended = demo.poll()
        demo.send_signal(signal.SIGTERM)
        code = demo.wait(timeout=60)

    assert (ended, code) == (None, 0), "".join(said)
    assert eventually(lambda: carriers(str(tmp_path)) == []), "no service is left"


def test_the_clock_begins_a_day_ago_and_jumps_to_now():
    clock = DemoClock()
    assert abs(clock.now() + DAY - datetime.now(UTC).timestamp()) < 60
    clock.jump()
    assert abs(clock.now() - datetime.now(UTC).timestamp()) < 60


def test_the_sample_repository_needs_no_settings_of_git(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    sample = Sample(tmp_path / "sample")
    sample.create()

    first = sample.commit("main", "Begin", {"a/b.txt": "one"})
    sample.commit("branch", "Go on", {"a/b.txt": None, "c.txt": "two"})
    merged = sample.merge("branch")

    heads = subprocess.run(["git", "show-ref"], cwd=sample.bare, env={"PATH": os.environ["PATH"]}, capture_output=True)
    assert heads.stdout.decode().split() == [merged, "refs/heads/main"]
    assert sample.checks(first) == {}
    assert sample.posted() == 0


def test_the_examples_hold_all_that_the_story_changes():
    """Each maker looks for the text that it replaces, and fails where it is gone."""
    first = examples.at_first()
    assert {".headgate.yaml", "iris/iris.csv", "flows/nightly.yaml"} <= first.keys()
    for files in (examples.with_mistakes(), examples.mended(), examples.other_neighbours(), examples.slow(Path("/j"))):
        assert not files.keys() & first.keys()


def test_what_does_not_come_true_ends_the_story_with_one():
    with pytest.raises(Failure, match="did not come true: the moon is green") as failure:
        demand(False, "the moon is green.")
    assert failure.value.exit_code == 1
    with pytest.raises(Failure, match="the moon did not come"):
        until("the moon", lambda: None, seconds=0.01)
