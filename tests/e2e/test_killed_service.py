"""`kill -9` of the service at its worst moments: nothing is lost, nothing runs twice, the checks are right."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service import Place, flow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.start()
    place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
    place.stop()
    yield place
    if place.process is not None and place.process.poll() is None:
        place.kill()


def ledger_flow(place: Place, seconds: float = 0.0) -> str:
    """Three ops in a row and one beside them; each writes its name and attempt down when it starts and ends."""

    def script(name: str) -> str:
        line = f'{name} $HEADGATE_ATTEMPT" >> {place.ledger}'
        return f'echo "began {line}; sleep {seconds}; echo "ended {line}'

    return flow({
        "a": (script("a"), ()), "b": (script("b"), ("a",)), "c": (script("c"), ("b",)), "d": (script("d"), ()),
    })  # fmt: skip


def assert_ran_once(place: Place) -> None:
    begun = [line.split()[1] for line in place.lines() if line.startswith("began")]
    ended = [line.split()[1] for line in place.lines() if line.startswith("ended")]
    assert sorted(begun) == ["a", "b", "c", "d"]
    assert sorted(ended) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("moment", ["intent", "spawned", "outcome", "report"])
def test_a_service_that_dies_at_its_worst_moment_goes_on_where_it_was(place, moment):
    place.start(dies_at=moment)
    sha = place.push({"flows/churn.yaml": ledger_flow(place)})
    assert place.died() == -signal.SIGKILL
    assert place.conclusion(sha, "headgate/churn") is None

    place.start()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert_ran_once(place)
    verdicts = {check["conclusion"] for check in place.checks(sha).values()}
    assert verdicts == {"success"}


def test_ops_go_on_while_the_service_is_dead_and_are_adopted(place):
    place.start()
    sha = place.push({"flows/churn.yaml": ledger_flow(place, seconds=2.0)})
    place.eventually(lambda: any(line.startswith("began") for line in place.lines()))
    place.kill()
    place.eventually(lambda: any(line.startswith("ended") for line in place.lines()))

    place.start()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert_ran_once(place)
    assert place.conclusion(sha, "headgate/churn") == "success"


def test_a_service_that_is_killed_again_and_again_loses_nothing(place):
    place.start()
    sha = place.push({"flows/churn.yaml": ledger_flow(place, seconds=0.7)})
    for _ in range(4):
        place.eventually(lambda: place.process is not None and place.process.poll() is None)
        begun = len(place.lines())
        try:
            place.eventually(lambda begun=begun: len(place.lines()) > begun or place.conclusion(sha, "headgate/churn"))
        finally:
            place.kill()
        place.start()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert_ran_once(place)
    assert place.conclusion(sha, "headgate/churn") == "success"


def test_a_failure_that_happened_while_the_service_was_dead_is_reported(place):
    place.start()
    sha = place.push({"flows/churn.yaml": flow({"a": (f"echo a >> {place.ledger}; sleep 1; exit 3", ())})})
    place.eventually(place.lines)
    place.kill()
    place.start()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert place.conclusion(sha, "headgate/churn") == "failure"
    assert place.lines() == ["a"]


def test_sigterm_ends_the_service_at_once_and_leaves_its_ops_running(place):
    place.start()
    sha = place.push({"flows/churn.yaml": ledger_flow(place, seconds=1.5)})
    place.eventually(lambda: any(line.startswith("began") for line in place.lines()))
    assert place.stop() == 0

    place.start()
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))
    assert_ran_once(place)
