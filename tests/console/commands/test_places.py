"""Facts about `headgate places`."""

import time
from contextlib import closing
from dataclasses import replace

import pytest

from reconciler.adapters.place import local_place
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.keys import CheckKey
from reconciler.records import Changes, PlaceRow, Wake
from tests.console.typing_in import GOOD, SHA
from tests.reconciler.adapters.sql_world import GivenClock, new_database

HERE = PlaceRow("build-1:/data", "http://build-1:8470", "one", "0.2.0")
AWAY = PlaceRow("build-2:/data", "http://build-2:8470", "two", "0.1.0")


@pytest.fixture
def two(store, data):
    store.see_place(HERE)
    long_ago = open_store(str(data / "headgate.db"), GivenClock())
    long_ago.see_place(AWAY)
    long_ago.close()


def ran_at(store, place):
    """The op `train` of a run that succeeded ran there."""
    store.wake([Wake(CheckKey("shop", SHA))])
    row = next(iter(store.attempts_by_id(["a1"]).values()))
    spec = row.spec.having(attempt="a5", run=GOOD)
    moved = replace(row, id="a5", run=GOOD, op="train", spec=spec, place=place)
    store.commit(store.lease("test", 60.0), Changes(attempts=(moved,)))


def test_places_are_listed_with_their_state_and_address(typed, two):
    here, away = typed("places").out.splitlines()

    assert here.startswith("build-1:/data  here, seen ")
    assert here.endswith(" ago, release 0.2.0  http://build-1:8470")
    assert away.startswith("build-2:/data  away, seen ")


def test_places_are_a_document(typed, two):
    here, away = typed("places", "--format", "json").json["places"]

    assert {key: here[key] for key in ("name", "address", "release", "state")} == {
        "name": "build-1:/data", "address": "http://build-1:8470", "release": "0.2.0", "state": "here",
    }  # fmt: skip
    assert (away["state"], away["seen_at"]) == ("away", GivenClock().now())


def test_a_store_without_a_place_says_so(typed):
    shown = typed("places")

    assert (shown.code, shown.out, shown.err) == (0, "", "no service has worked on this store yet.\n")


def test_a_place_that_is_away_is_given_up_once(typed, two):
    given_up = typed("places", "give-up", AWAY.name)
    assert (given_up.code, given_up.out) == (0, f"{AWAY.name} is given up; attempts that were lost with it: 0.\n")

    again = typed("places", "give-up", AWAY.name)
    assert again.code == 1
    assert "was given up before" in again.err
    assert "build-2:/data  given up, " in typed("places").out


def test_a_place_that_is_there_is_only_given_up_by_force(typed, two):
    refused = typed("places", "give-up", HERE.name)
    assert refused.code == 1
    assert "a service works there" in refused.err
    assert "Stop it first" in refused.err

    assert typed("places", "give-up", HERE.name, "--force").code == 0


@pytest.mark.postgres
def test_whether_a_place_is_there_is_said_by_the_clock_of_the_database(bare, tmp_path, monkeypatch):
    """The clock of who asks may be wrong."""
    address = new_database("postgresql", tmp_path)
    with closing(open_store(address, SystemClock())) as store:
        store.see_place(HERE)
    monkeypatch.setenv("HEADGATE_DATABASE", address)
    monkeypatch.setattr("time.time", lambda wall=time.time: wall() + 3600)

    assert bare("places").out.startswith("build-1:/data  here, seen ")
    assert bare("places", "give-up", HERE.name).code == 1


def test_an_unknown_place_is_wrong_use_and_the_known_ones_are_named(typed, two):
    refused = typed("places", "give-up", "build-3:/data")

    assert refused.code == 2
    assert "There is no place `build-3:/data`." in refused.err
    assert "build-1:/data, build-2:/data" in refused.err


def test_a_log_that_is_kept_elsewhere_is_told_of(typed, store, two):
    ran_at(store, AWAY.name)
    shown = typed("logs", GOOD, "train")

    assert f"Logs of ops that ran at {AWAY.name} are kept there. The page at {AWAY.address} shows them." in shown.err


def test_a_log_of_this_place_needs_no_word(typed, store, data):
    ran_at(store, local_place(data))

    assert "kept there" not in typed("logs", GOOD, "train").err
