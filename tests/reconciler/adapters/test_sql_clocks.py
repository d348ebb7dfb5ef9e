"""Machines whose clocks differ share one server: its clock alone says what is due, and nobody's own clock matters."""

import time
from contextlib import closing

import pytest
from sqlalchemy import create_engine, select, update
from sqlalchemy.pool import NullPool

from reconciler.adapters.sql.leasing import PATIENCE
from reconciler.adapters.sql.tables import wakes
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.model import Observed, Status
from reconciler.keys import CheckKey, FlowKey, RepositoryKey, RunKey, text_of
from reconciler.records import Changes, DeliveryRow, RequestRow, Wake
from reconciler.store import Delivery
from tests.reconciler.adapters.sql_world import attempt_row, new_database

pytestmark = pytest.mark.postgres

KEY = RunKey("r1")
AHEAD, BEHIND = 1000.0, -1000.0  # s


class SetClock(SystemClock):
    """Runs as it should, but was set wrongly."""

    def __init__(self, ahead):
        self._ahead = ahead

    def now(self):
        return super().now() + self._ahead


@pytest.fixture
def address(tmp_path):
    return new_database("postgresql", tmp_path)


@pytest.fixture(params=[AHEAD, BEHIND], ids=["ahead", "behind"])
def off(address, request):
    """A store of a machine whose clock is wrong."""
    with closing(open_store(address, SetClock(request.param))) as store:
        yield store


@pytest.fixture
def right(address, off):
    with closing(open_store(address, SystemClock())) as store:
        yield store


def left(store):
    """Seconds until a key is due, by the clock of the server."""
    with store._database.read() as connection:
        due = connection.execute(select(wakes.c.ready_at).where(wakes.c.key == text_of(KEY))).scalar_one()
        return due - store._database.now(connection, None)


def is_about(seconds):
    return pytest.approx(seconds, abs=60)


def test_who_wakes_a_key_may_take_it_at_once(off):
    off.wake([Wake(KEY)])

    assert off.lease("worker", 30).key == KEY


def test_a_server_whose_clock_was_set_back_is_noticed_and_made_up_for(off):
    other = FlowKey("f1")
    off.wake([Wake(KEY), Wake(other)])
    for _ in range(2):
        lease = off.lease("worker", 30)
        if lease.key == KEY:
            off.commit(lease, Changes(again_at=off._clock.now() + 60))
    later = {name: wakes.c[name] + 3600 for name in ("due_at", "ready_at", "lease_until")}
    off._database.write(lambda connection: connection.execute(update(wakes).values(later)))
    assert off.idle_for() == is_about(-3600)

    off.hasten(30.0)

    assert off.idle_for() == is_about(0)
    assert off.lease("worker", 30).key == KEY
    (held,) = (row for row in off.pending() if row.key == other)
    assert held.due_at - off._clock.now() == is_about(30)


def test_others_may_take_it_at_once(off, right):
    off.wake([Wake(KEY)])

    assert right.lease("worker", 30).key == KEY


def ask(store):
    store.ask(RequestRow("q1", KEY, "stop", "ann", 1.0))


def deliver(store):
    store.deliver([Delivery(DeliveryRow("d1", "digest", "push", "shop", 1.0, ""), (Wake(KEY),))])


def observe(store):
    store.wake([Wake(FlowKey("f1"))])
    store.commit(store.lease("worker", 30), Changes(attempts=(attempt_row("a1"),)))
    store.observe([Observed("a1", Status.RUNNING, 1.0)])


def commit(store):
    store.wake([Wake(FlowKey("f1"))])
    store.commit(store.lease("worker", 30), Changes(wakes=(Wake(KEY),)))


@pytest.mark.parametrize("act", [ask, deliver, observe, commit])
def test_whatever_wakes_a_key_it_is_due_now(off, right, act):
    act(off)

    assert -30 < left(right) <= 0


def test_nothing_is_taken_for_overdue(off, right):
    off.wake([Wake(CheckKey("shop", "c0ffee"))])
    right.wake([Wake(KEY)])

    assert right.lease("worker", 30).key == KEY, "the other one is less urgent, and has waited less than PATIENCE"
    assert right.lease("worker", 30).key == CheckKey("shop", "c0ffee")
    assert abs(BEHIND) > PATIENCE


def test_what_is_wanted_later_is_due_so_much_later(off, right):
    off.wake([Wake(KEY, off._clock.now() + 500), Wake(RepositoryKey("shop"), off._clock.now() - 5)])

    assert left(right) == is_about(500)
    assert right.lease("worker", 30).key == RepositoryKey("shop")
    assert right.lease("worker", 30) is None


def test_a_step_that_wants_to_look_again_does_so_much_later(off, right):
    off.wake([Wake(KEY)])
    off.commit(off.lease("worker", 30), Changes(again_at=off._clock.now() + 500))

    assert left(right) == is_about(500)


def test_a_step_that_failed_is_tried_again_so_much_later(off, right):
    off.wake([Wake(KEY)])
    off.retry(off.lease("worker", 30), off._clock.now() + 500, "Throttled", "")

    assert left(right) == is_about(500)


def test_a_parked_key_is_never_due(off, right):
    off.wake([Wake(KEY)])
    off.park(off.lease("worker", 30), "SettingsBroken", "")

    assert left(right) > 1e12
    assert right.lease("worker", 30) is None


def test_each_reads_when_a_key_is_due_by_its_own_clock(off, right):
    right.wake([Wake(KEY, right._clock.now() + 500)])

    for store in (off, right):
        assert store.queued(KEY).due_at - store._clock.now() == is_about(500)
        assert store.pending()[0].due_at - store._clock.now() == is_about(500)


def test_waiting_ends_when_a_key_is_due(off):
    off.wake([Wake(KEY, off._clock.now() + 0.3)])
    off.wait(20)

    assert off.lease("worker", 30) is not None


def test_who_finds_a_due_key_held_by_another_does_not_ask_all_the_time(off, address):
    """One that is paused while it takes a key holds the row until the server gives up on it."""
    off.wake([Wake(KEY)])
    rounds, until = 0, time.monotonic() + 1
    with create_engine(address, poolclass=NullPool).begin() as paused:
        paused.execute(select(wakes).with_for_update()).all()
        while time.monotonic() < until or rounds < 2:
            assert off.lease("worker", 30) is None
            off.wait(5)
            rounds += 1

    assert rounds <= 25
    assert off.lease("worker", 30).key == KEY


def test_who_finds_a_key_that_came_meanwhile_does_not_wait_for_it(off):
    assert off.lease("worker", 30) is None
    off.wake([Wake(KEY)])
    waits = []
    off._database.wait = lambda seen, seconds: waits.append(seconds)
    off.wait(5)

    assert waits == []
    assert off.lease("worker", 30).key == KEY
