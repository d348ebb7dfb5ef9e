"""Places: keys are leased where they belong, and what a lost place had at work is freed."""

from contextlib import closing

import pytest

from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.model import Observed
from reconciler.errors import Stalled
from reconciler.keys import RunKey
from reconciler.plan.encoding import decode
from reconciler.records import OFFERED, Changes, PlaceRow, Wake
from tests.reconciler.adapters.sql_world import BOTH, GivenClock, attempt_row, new_database, run_row

KEY = RunKey("r1")
HERE, THERE = "build-1:/data", "build-2:/data"


@pytest.fixture(params=BOTH)
def store(tmp_path, request):
    opened = open_store(new_database(request.param, tmp_path), SystemClock())
    yield opened
    opened.close()


def belongs_to(store, place):
    store.wake([Wake(KEY)])
    store.commit(store.lease("worker", 30), Changes(place=place, again_at=1.0))


def test_a_key_is_leased_by_its_own_place_alone(store):
    belongs_to(store, THERE)

    assert store.lease("here", 30, ("", HERE, OFFERED)) is None
    lease = store.lease("there", 30, ("", THERE))
    assert (lease.key, lease.place) == (KEY, THERE)


def test_a_wake_leaves_a_key_where_it_belongs(store):
    belongs_to(store, THERE)
    store.wake([Wake(KEY)])

    assert store.lease("here", 30, ("", HERE)) is None


def test_what_is_offered_goes_to_who_has_room_and_with_news_to_anybody(store):
    belongs_to(store, OFFERED)
    assert store.lease("here", 30, ("", HERE)) is None

    store.wake([Wake(KEY)])
    assert store.lease("here", 30, ("", HERE)).key == KEY


def test_a_place_that_is_given_up_loses_its_attempts_and_its_keys(store):
    store.wake([Wake(KEY)])
    rows = Changes(new_runs=(run_row(),), attempts=(attempt_row("a1", place=THERE),), place=THERE)
    store.commit(store.lease("worker", 30), rows)
    store.see_place(PlaceRow(THERE, "", "one", "1.0"))

    assert store.give_up(THERE, "It was given up.") == 1
    assert store.give_up(THERE, "It was given up.") == 0
    assert store.lease("here", 30, ("", HERE)).key == KEY
    (seen,) = (decode(one.body_json, Observed) for one in store.observations(run="r1"))
    assert (seen.reason, seen.disruption) == ("NodeLost", True)
    assert store.see_place(PlaceRow(THERE, "", "one", "1.0")) is True, "it is told when it returns"
    assert store.see_place(PlaceRow(THERE, "", "one", "1.0")) is False


def test_a_key_that_is_handed_to_a_place_as_that_is_given_up_is_for_anybody(store):
    store.wake([Wake(KEY)])
    lease = store.lease("worker", 30)
    store.see_place(PlaceRow(THERE, "", "one", "1.0"))
    store.give_up(THERE, "It was given up.")
    store.commit(lease, Changes(place=THERE, again_at=1.0))

    assert store.lease("here", 30, ("", HERE)).key == KEY


def test_two_machines_of_one_name_are_told_apart(store):
    store.see_place(PlaceRow(HERE, "", "one", "1.0"))

    with pytest.raises(Stalled, match="another host name"):
        store.see_place(PlaceRow(HERE, "", "two", "1.0"))


def test_only_places_that_were_not_seen_are_lost(store):
    store.see_place(PlaceRow(HERE, "", "one", "1.0"))

    assert store.lost_places(60) == []
    assert [row.name for row in store.lost_places(-1)] == [HERE]


def test_files_that_another_place_at_work_has_too_are_a_copy(store):
    store.see_place(PlaceRow(THERE, "", "one", "1.0"))

    store.check_no_copy(PlaceRow(THERE, "", "one", "1.0"))
    store.check_no_copy(PlaceRow(HERE, "", "two", "1.0"))
    with pytest.raises(Stalled, match=f"a copy of those of {THERE}, which works on this database"):
        store.check_no_copy(PlaceRow(HERE, "", "one", "1.0"))


def test_files_of_a_place_that_is_not_at_work_any_more_were_moved(tmp_path):
    path = str(tmp_path / "moved.db")
    with closing(open_store(path, GivenClock())) as long_ago:
        long_ago.see_place(PlaceRow(THERE, "", "one", "1.0"))
    with closing(open_store(path, SystemClock())) as now:
        now.check_no_copy(PlaceRow(HERE, "", "one", "1.0"))
