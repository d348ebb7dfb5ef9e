"""`kill -9` at moments nobody chose, of the service and of ops' supervisors, under a run of two hundred ops."""

import json
import os
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

from reconciler.adapters.process_records import folder_of, is_alive, pid_of, read_record
from reconciler.engine.attempts import MAX_DISRUPTIONS
from tests.e2e.many_ops import ManyOps, attempts, started_twice
from tests.e2e.service import PATIENCE, Place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KILLS, START_UP_KILLS, SLOTS = 20, 6, 10


@pytest.fixture
def random() -> Random:
    seed = int(os.environ.get("HEADGATE_TEST_SEED") or time.time_ns() % 1_000_000)
    print(f"HEADGATE_TEST_SEED={seed}")
    return Random(seed)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    start(place)
    place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
    yield place
    if place.process is not None and place.process.poll() is None:
        place.kill()


def start(place: Place) -> None:
    place.start("", "--slots", str(SLOTS))


def address(place: Place) -> str:
    return f"http://127.0.0.1:{(place.data / 'port').read_text()}"


def page(place: Place, path: str) -> str:
    with urllib.request.urlopen(f"{address(place)}{path}", timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def assert_all_is_well(place: Place, many: ManyOps, sha: str) -> None:
    """The command line, the page and the commit agree on what the ledger shows."""
    verdicts = {name: check["conclusion"] for name, check in place.checks(sha).items()}
    assert set(verdicts.values()) == {"success"}, verdicts
    assert len(verdicts) > len(many.operations) * 0.9
    (listed,) = json.loads(place.command("status", "--format", "json").stdout)["runs"]
    told = json.loads(place.command("status", listed["run"], "--format", "json").stdout)
    ends = {op["op"]: op["status"] for op in told["ops"]}
    assert {ends[path] for path in many.paths} == {"succeeded"}
    (last,) = (op for op in told["ops"] if op["op"] == "number-9")
    assert last["outputs"] == {"n": 10}
    assert "succeeded" in page(place, f"/runs/{listed['run']}").lower()
    held = place.command("doctor", "--format", "json")
    assert held.returncode == 0, held.stdout


def await_share(place: Place, many: ManyOps, share: float) -> None:
    """Wait until so much of all that ops write down is there."""
    place.eventually(lambda: len(place.lines()) >= 2 * len(many.paths) * share)


def test_twenty_kills_lose_nothing_and_run_nothing_twice(place, random):
    many = ManyOps(place, random)
    sha = place.push({"flows/churn.yaml": many.text()})
    place.eventually(place.lines)
    for kill in range(KILLS):
        await_share(place, many, (kill + 1) / (KILLS + 6))  # a fast machine is not at its end too soon
        time.sleep(random.uniform(0, 0.5))
        place.kill()
        time.sleep(random.choice([0.0, 0.0, 0.3]))
        for _ in range(START_UP_KILLS * (kill == KILLS // 2)):
            start(place)
            time.sleep(random.uniform(0.05, 0.9))
            place.kill()
        start(place)
    still = place.conclusion(sha, "headgate/churn")
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert still is None, "the run was over before the last kill: make it longer"
    begun, ended = attempts(place, "began"), attempts(place, "ended")
    assert sorted(begun) == sorted(ended) == many.paths
    assert [path for path, some in begun.items() if len(some) != 1 or ended[path] != some] == []
    assert_all_is_well(place, many, sha)
    assert "Traceback" not in place.log()


def supervisors(place: Place) -> list[int]:
    """Process ids of living supervisors: attempts' claims name them."""
    folders = (folder_of(str(place.data), path.parent.name) for path in (place.data / "attempts").glob("*/*/claim"))
    named = {record.supervisor for folder in folders if (record := read_record(folder))}
    return sorted(pid_of(who) for who in named if who is not None and is_alive(who))


def lost_nodes(place: Place) -> int:
    """How many attempts the history tells of as lost with their machine."""
    with closing(sqlite3.connect(place.data / "headgate.db")) as database:
        told = database.execute("SELECT count(DISTINCT attempt) FROM events WHERE reason = 'NodeLost'").fetchone()
    return int(told[0])


def test_what_ran_under_a_killed_supervisor_is_lost_and_tried_again(place, random):
    many = ManyOps(place, random, longest=0.8)
    sha = place.push({"flows/churn.yaml": many.text()})
    place.eventually(place.lines)
    killed = 0
    while killed < MAX_DISRUPTIONS:  # each takes all that runs with it, and an op survives so many
        time.sleep(random.uniform(0.1, 0.5))
        living = supervisors(place)
        if living and random.random() < 0.5:
            place.kill()
        for pid in living:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        if place.process is not None and place.process.poll() is not None:
            start(place)
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert started_twice(place) == []
    again = [some for some in attempts(place, "began").values() if len(some) > 1]
    assert 0 < len(again) <= killed * SLOTS
    assert_all_is_well(place, many, sha)
    assert 0 < lost_nodes(place) <= killed * SLOTS
    assert "Traceback" not in place.log()
