"""A place that does not return is given up, and ends what still runs should it return after all."""

import logging
import time

import pytest

from console import presence
from console.presence import Presence, mark_of
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.model import Observed
from reconciler.keys import RunKey
from reconciler.plan.encoding import decode
from reconciler.records import Changes, PlaceRow, Wake
from tests.reconciler.adapters.process_world import Machine, sh
from tests.reconciler.adapters.sql_world import GivenClock, attempt_row, run_row

LOST = "build-2:/data"


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "shared.db")


@pytest.fixture
def store(path):
    opened = open_store(path, SystemClock())
    yield opened
    opened.close()


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path / "data")
    yield made
    made.executor.close()


@pytest.fixture
def service(store, machine, monkeypatch):
    """Presences of a service on the machine, by the setting `placeLostAfter`."""
    monkeypatch.setattr(presence, "BEAT", 0.05)
    begun = []

    def service_that_waits(seconds, ahead=0.0):
        clock = SystemClock()
        if ahead:
            clock = GivenClock()
            clock.time = time.time() + ahead
        begun.append(Presence(store, machine.executor, machine.data_dir, "", seconds, clock))
        begun[-1].begin(shared=True)

    yield service_that_waits
    for one in begun:
        one.end()


def works_at(store, place):
    """A run with a live attempt there."""
    store.wake([Wake(RunKey("r1"))])
    rows = Changes(new_runs=(run_row(),), attempts=(attempt_row("a1", place=place),), place=place)
    store.commit(store.lease("worker", 30), rows)


def seen_long_ago(path, name):
    long_ago = open_store(path, GivenClock())
    long_ago.see_place(PlaceRow(name, "", "two", "0.1.0"))
    long_ago.close()


def eventually(what):
    until = time.monotonic() + 40
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def beats(store, here):
    """Wait until a service has shown twice that it is there, and looked at the others in between."""
    for _ in range(3):
        before = store.place(here).seen_at
        eventually(lambda before=before: store.place(here).seen_at > before)


def test_a_place_that_is_away_too_long_is_given_up_and_its_attempts_are_lost(store, path, service, caplog):
    caplog.set_level(logging.WARNING)
    works_at(store, LOST)
    seen_long_ago(path, LOST)
    service(900.0)
    eventually(lambda: store.place(LOST).given_up_at)

    (seen,) = (decode(one.body_json, Observed) for one in store.observations(run="r1"))
    assert (seen.attempt, seen.reason, seen.disruption) == ("a1", "NodeLost", True)
    assert f"Its place {LOST} was given up (not seen for 15" in seen.message
    eventually(lambda: f"Gave up the place {LOST}" in caplog.text)
    assert "attempts lost: 1." in caplog.text
    assert store.lease("here", 30, ("", "build-1:/data")).key == RunKey("r1")


def test_a_place_that_comes_back_with_the_database_is_not_given_up(store, path, service, machine, monkeypatch):
    """While it was away nobody was seen, and where its clock jumps nobody was either: who is first is not alone."""
    monkeypatch.setattr(presence, "LOOKS", 10_000)
    works_at(store, LOST)
    seen_long_ago(path, LOST)
    service(900.0)
    here = machine.executor.place
    beats(store, here)
    was_given_up = store.see_place(PlaceRow(LOST, "", "two", "0.1.0"))
    monkeypatch.setattr(presence, "LOOKS", 1)  # fewer than there were before it came back
    beats(store, here)

    assert not was_given_up
    assert not store.place(LOST).given_up_at
    assert store.observations(run="r1") == []


def test_without_a_time_no_place_is_given_up(store, path, service, machine):
    seen_long_ago(path, LOST)
    service(0.0)
    first = store.place(machine.executor.place).seen_at
    eventually(lambda: store.place(machine.executor.place).seen_at > first)

    assert not store.place(LOST).given_up_at


def test_a_place_that_returns_ends_what_others_do_again_and_nothing_else(store, service, machine):
    """`lost` was given up; `kept` was not known to the database as ended."""
    lost, kept = sh("lost", "sleep 60"), sh("kept", "sleep 60")
    machine.start(lost, kept)
    machine.running(lost)
    machine.running(kept)
    works_at(store, machine.executor.place)
    store.see_place(PlaceRow(machine.executor.place, "", mark_of(machine.data_dir), "0.1.0"))
    store.give_up(machine.executor.place, "It was given up.")
    store.wake([Wake(RunKey("r1"))])
    rows = (attempt_row("lost", phase="ended"), attempt_row("kept", place=machine.executor.place))
    store.commit(store.lease("elsewhere", 30), Changes(attempts=rows))
    service(0.0)

    assert machine.end(lost).status == "stopped"
    assert machine.executor.living() == ["kept"]
    assert not store.place(machine.executor.place).given_up_at
    machine.stop(kept)
    machine.end(kept)


@pytest.mark.parametrize(
    ("ahead", "words"), [(10_800.0, "ahead of the database's"), (-10_800.0, "behind the database's")]
)
def test_a_clock_that_is_far_from_the_databases_is_told_of_once(service, store, machine, caplog, ahead, words):
    service(0.0, ahead)
    first = store.place(machine.executor.place).seen_at
    eventually(lambda: store.place(machine.executor.place).seen_at > first + 0.2)

    (record,) = caplog.records
    assert words in record.getMessage()
    assert record.getMessage().startswith("The clock of this machine is ")


def test_a_clock_that_agrees_with_the_databases_is_not_spoken_of(service, store, machine, caplog):
    service(0.0)
    first = store.place(machine.executor.place).seen_at
    eventually(lambda: store.place(machine.executor.place).seen_at > first)

    assert caplog.records == []
