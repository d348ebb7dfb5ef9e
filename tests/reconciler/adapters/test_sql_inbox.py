"""The inbox: a webhook is kept with what it asks for, and asks once however often it comes."""

from dataclasses import replace

import pytest

from reconciler.adapters.sql_store import open_store
from reconciler.keys import RepositoryKey, ReviewKey
from reconciler.records import DeliveryRow, RequestRow, Wake
from reconciler.store import Delivery
from tests.reconciler.adapters.sql_world import BOTH, NOW, GivenClock, new_database

SHOP = RepositoryKey("acme/shop")


@pytest.fixture
def clock():
    return GivenClock()


@pytest.fixture(params=BOTH)
def store(request, tmp_path, clock):
    opened = open_store(new_database(request.param, tmp_path), clock)
    yield opened
    opened.close()


def delivery(number, **fields):
    row = DeliveryRow(f"guid-{number}", f"digest-{number}", "push", "acme/shop", NOW + number, "repository/acme%2Fshop")
    return Delivery(replace(row, **fields), (Wake(SHOP),))


def test_a_delivery_is_kept_and_wakes_its_key(store):
    assert list(store.deliver([delivery(1)])) == [True]

    assert store.queued(SHOP) is not None
    assert list(store.deliveries()) == [delivery(1).row]


@pytest.mark.parametrize("again", [{"digest": "another"}, {"id": "another"}, {}])
def test_a_delivery_that_was_known_by_its_id_or_its_body_wakes_nobody(store, again):
    store.deliver([delivery(1)])
    lease = store.lease("worker", 30)

    assert list(store.deliver([delivery(1, **again)])) == [False]
    assert lease is not None
    assert len(store.deliveries()) == 1
    assert store.queued(SHOP).leased_by == "worker"
    store.retry(lease, NOW + 100, "Later", "")
    # The server's time goes on meanwhile, and this clock stands still.
    assert store.queued(SHOP).due_at == pytest.approx(NOW + 100, abs=50), "a wake would have made it due at once"


def test_of_two_alike_that_arrive_together_the_first_counts(store):
    assert list(store.deliver([delivery(1), delivery(2), delivery(1, id="other")])) == [True, True, False]

    assert [row.id for row in store.deliveries()] == ["guid-2", "guid-1"]


def test_what_a_person_asked_for_is_there_once(store):
    asked = RequestRow("comment:7:9", ReviewKey("acme/shop", "pull/3"), "comment", "ann", NOW, "9")
    first, second = (replace(delivery(number), wakes=(), requests=(asked,)) for number in (1, 2))
    store.deliver([first])
    store.deliver([second])

    assert [row.id for row in store.requests(asked.key)] == ["comment:7:9"]
    assert store.queued(asked.key) is not None


def test_more_deliveries_than_a_statement_takes_names_are_known(store):
    many = [delivery(number) for number in range(700)]
    assert all(store.deliver(many))
    assert not any(store.deliver(many))
    names = [one.row.id for one in many]
    assert store.known_deliveries([*names, "another"]) == set(names)
