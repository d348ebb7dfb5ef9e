"""What is told of many histories: a verdict, what was covered, and how to play one again."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.histories.__main__ import FAMILIES, _chunks
from tests.histories.coverage import counted, possible
from tests.histories.moves import Move
from tests.histories.playing import Family, Played
from tests.histories.tally import Broken, Tally, played, told, told_of
from tests.reconciler.adapters.process_world import eventually


def test_every_seed_is_played_once() -> None:
    assert [seed for chunk in _chunks(range(7, 207), 2) for seed in chunk] == list(range(7, 207))
    assert [seed for chunk in _chunks(range(7, 8), 8) for seed in chunk] == [7]


def test_the_summary_says_what_was_met_and_what_never() -> None:
    with counted() as pairs:
        tally = played([3, 4])
    tally.pairs = pairs
    text = "\n".join(told(tally, seconds=2.0))

    assert text.startswith(f"2 histories, {tally.steps:,} steps: every law holds\n2 s, 1.0 histories/s, ")
    assert f"{len(possible() & pairs.keys())} of {len(possible())} met" in text
    assert "  never: seen warning, when " in text


def test_what_is_counted_twice_is_added_up() -> None:
    tally = Tally(1, 10, Counter({"store wait": 2}), Counter({"crash": 1}), Counter({("queued", "start done"): 1}))
    tally.add(Tally(2, 5, Counter({"store wait": 1}), Counter({"conflict": 1}), Counter({("queued", "start done"): 3})))

    text = "\n".join(told(tally, seconds=1.0, every_pair=True))
    assert text.startswith("3 histories, 15 steps")
    assert "faults of store: wait 3\nsteps came to: conflict 1, crash 1\n" in text
    assert "4         start done, when queued" in text


def test_a_broken_law_is_told_with_its_moves_and_how_to_repeat_it() -> None:
    small = Played(7, (Move("merge", 1),), ("every_run_ends: merge:1 is running",), 9, {}, {})
    broken = pickle.loads(pickle.dumps(Broken(small, moves=20)))  # as another process tells of it

    assert list(told_of(broken)) == [
        "seed 7 breaks a law; 1 of its 20 moves are enough:",
        "  Move(name='merge', seed=1)",
        "every_run_ends: merge:1 is running",
        "Play it again: make histories N=1 SEED=7",
    ]
    assert "a law is broken by seed 7" in next(told(Tally(broken=[broken]), seconds=1.0))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_broken_history_comes_whole_from_the_process_that_played_it(family: Family) -> None:
    small = Played(7, (Move("merge", 1),), ("every_run_ends: merge:1 is running",), 9, {}, {}, family)
    broken = Broken(small, moves=20)

    assert pickle.loads(pickle.dumps(broken)) == broken


def seconds_of_children(pid: int) -> float:
    """Of a processor's time, that the children of a process have used (proc_pid_stat(5))."""
    children = [child for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]
    fields = [Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split() for child in children]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("signum", "whom"),
    [(signal.SIGINT, os.kill), (signal.SIGTERM, os.killpg)],
    ids=["it alone is interrupted", "all its processes are ended"],
)
def test_who_ends_a_long_run_is_told_what_was_played_by_then(signum: int, whom: Callable[[int, int], None]) -> None:
    command = [sys.executable, "-m", "tests.histories", "100000", "--processes", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
        assert eventually(lambda: seconds_of_children(running.pid) > 1, seconds=120)
        whom(running.pid, signum)
        told_by_then, _ = running.communicate(timeout=100)

    assert running.returncode == 130
    assert told_by_then.startswith("seeds 1 to 100000, interrupted:\n")
    assert re.search(r"^[1-9][0-9,]* histories, [1-9][0-9,]* steps: every law holds$", told_by_then, re.MULTILINE)


def test_a_run_that_played_nothing_says_so() -> None:
    assert next(told(Tally(), seconds=1.0)) == "0 histories, 0 steps: nothing known"
