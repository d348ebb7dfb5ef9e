"""An older backup is restored while the world has gone on: it is caught up with, and nothing is done twice."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service import Place, flow, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.start()
    place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
    yield place
    if place.process is not None and place.process.poll() is None:
        place.kill()


def noted(place: Place, name: str, seconds: float = 0.0, after: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...]]:
    """An op that writes down its name, its commit and its attempt, and when it has ended."""
    line = f'{name} $HEADGATE_COMMIT $HEADGATE_ATTEMPT" >> {place.ledger}'
    return f'echo "began {line}; sleep {seconds}; echo "ended {line}', after


def back_up(place: Place) -> Path:
    target = place.root / "backup"
    made = place.command("backup", str(target))
    assert made.returncode == 0, made.stderr
    return target


def restore(place: Place, backup: Path) -> str:
    place.kill()
    done = place.command("restore", str(backup), "--replace")
    assert done.returncode == 0, done.stderr
    place.start()
    return done.stdout + done.stderr


def begun(place: Place) -> list[list[str]]:
    return [line.split()[1:] for line in place.lines() if line.startswith("began")]


def assert_no_attempt_ran_twice(place: Place) -> None:
    attempts = [attempt for _, _, attempt in begun(place)]
    assert len(attempts) == len(set(attempts))
    assert "Traceback" not in place.log()


def test_a_service_restored_to_a_backup_of_mid_run_catches_up(place):
    files = {"flows/churn.yaml": flow({
        "a": noted(place, "a"), "b": noted(place, "b", 4.0, ("a",)), "c": noted(place, "c", 0.0, ("b",)),
    })}  # fmt: skip
    first = place.push(files)
    place.eventually(lambda: any(name == "b" for name, _, _ in begun(place)))
    backup = back_up(place)  # `a` has ended, `b` runs
    place.eventually(lambda: place.conclusion(first, "headgate/churn") == "success")
    passed = place.push({"flows/churn.yaml": flow({"a": noted(place, "passed")})})
    place.eventually(lambda: place.conclusion(passed, "headgate/churn") == "success")
    head = place.push({"flows/churn.yaml": flow({"a": noted(place, "a", 1.0), "new": noted(place, "new")})})
    place.eventually(lambda: place.conclusion(head, "headgate/churn") == "success")

    said = restore(place, backup)
    place.eventually(lambda: place.command("status", head[:12]).returncode == 0)
    place.eventually(lambda: "passed over" in place.checks(passed)["headgate"]["summary"])
    place.eventually(lambda: place.conclusion(head, "headgate/churn") == "success")

    assert "that this database does not know" in said
    assert_no_attempt_ran_twice(place)
    first_run = [name for name, commit, _ in begun(place) if commit == first]
    assert sorted(first_run) == ["a", "b", "c"], "what has a record is not run again"
    shown = json.loads(place.command("status", head[:12], "--format", "json").stdout)
    run = next(check["run"] for check in shown["checks"] if check["name"] == "headgate/churn")
    printed = place.command("status", run, "--format", "json")
    assert json.loads(printed.stdout)["commit"] == head
    assert {name for name, commit, _ in begun(place) if commit == head} == {"a", "new"}
    assert place.conclusion(first, "headgate/churn") == "success"


def test_a_run_under_way_goes_on_with_what_runs(place):
    sha = place.push({"flows/churn.yaml": flow({"a": noted(place, "a", 8.0), "b": noted(place, "b", 0.0, ("a",))})})
    place.eventually(lambda: begun(place))
    backup = back_up(place)
    restore(place, backup)
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert place.conclusion(sha, "headgate/churn") == "success"
    assert [name for name, _, _ in begun(place)] == ["a", "b"]
    assert_no_attempt_ran_twice(place)


def test_an_op_of_a_run_that_is_not_known_any_more_is_named_and_left_alone(place):
    backup = back_up(place)
    lost = place.push({"flows/churn.yaml": flow({"a": noted(place, "lost", 600.0)})})
    place.eventually(lambda: begun(place))
    head = place.push({"flows/churn.yaml": flow({"a": noted(place, "a")})})
    restore(place, backup)
    place.eventually(lambda: place.conclusion(head, "headgate/churn") == "success")

    doctor = json.loads(place.command("doctor", "--format", "json").stdout)
    (told,) = [one for one in doctor["findings"] if one["check"] == "attempt-unknown"]
    ((_, _, attempt),) = [one for one in begun(place) if one[0] == "lost"]
    assert attempt in told["what"]
    assert "Ops run here that the database does not know: 1." in place.log()
    assert [name for name, commit, _ in begun(place) if commit == lost] == ["lost"]
    leader = int(told["do"].rpartition("--")[2].strip(" -`."))
    os.killpg(leader, signal.SIGTERM)
    place.eventually(lambda: "attempt-unknown" not in place.command("doctor", "--format", "json").stdout)
    assert_no_attempt_ran_twice(place)


def test_a_backup_restored_on_another_machine_runs_what_was_lost_again(place, tmp_path):
    """Nothing of the old data directory is left but the backup; the name of the place is the same."""
    script, after = noted(place, "b", after=("a",))
    ops = {"a": noted(place, "a"), "b": (script.replace("sleep 0.0", until(tmp_path / "go")), after)}
    sha = place.push({"flows/churn.yaml": flow(ops)})
    place.eventually(lambda: len(begun(place)) == 2)
    backup = back_up(place)
    (tmp_path / "go").touch()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))
    place.kill()
    place.data.rename(tmp_path / "burnt")
    done = place.command("restore", str(backup))
    assert done.returncode == 0, done.stderr
    place.start()
    place.eventually(lambda: len(begun(place)) == 3)
    ended = place.command("status", "@last", "--wait", "--format", "json")

    assert (ended.returncode, json.loads(ended.stdout)["status"]) == (0, "succeeded"), ended.stdout
    assert [name for name, _, _ in begun(place)] == ["a", "b", "b"]
    assert_no_attempt_ran_twice(place)
    assert place.conclusion(sha, "headgate/churn") == "success"
