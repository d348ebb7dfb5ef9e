"""Sessions of people on the pages, in both databases."""

import pytest

from reconciler.adapters.sql_store import open_store
from reconciler.records import SessionRow
from tests.reconciler.adapters.sql_world import BOTH, NOW, GivenClock, new_database


@pytest.fixture(params=BOTH)
def address(request, tmp_path):
    return new_database(request.param, tmp_path)


@pytest.fixture
def store(address):
    store = open_store(address, GivenClock())
    yield store
    store.close()


def row(name, until=NOW + 100):
    return SessionRow(name, until, name.encode())


def test_a_session_is_there_for_every_process_until_one_of_them_ends_it(address, store):
    other = open_store(address, GivenClock())
    store.begin_session(row("a"), NOW, 10)
    assert other.session("a") == row("a")

    other.end_session("a")
    other.end_session("a")
    assert store.session("a") is None
    other.close()


def test_with_a_new_session_those_go_that_are_over_or_too_many(store):
    for number, name in enumerate(("over", "first", "second", "third")):
        store.begin_session(row(name, NOW + number), NOW - 1, 3)
    assert store.session("over") is None

    store.begin_session(row("last", NOW + 9), NOW + 1, 3)
    assert [name for name in ("first", "second", "third", "last") if store.session(name)] == ["second", "third", "last"]
