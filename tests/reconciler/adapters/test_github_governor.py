"""The governor lets no more through than GitHub takes: after a restart, and with two replicas, too."""

from contextlib import ExitStack
from threading import Thread

import pytest

from reconciler.adapters.github_governor import AT_ONCE, RESERVE, Governor, Rank
from reconciler.adapters.github_http import Answer, Call
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.errors import Waiting
from tests.reconciler.adapters.sql_world import BOTH, GivenClock, new_database

READ = Call("GET", "/repos/acme/shop/pulls")
WRITE = Call("POST", "/repos/acme/shop/check-runs", body={})
TOKEN = Call("POST", "/app/installations/7/access_tokens", body={})
OURS, OTHERS = "installation/7", "installation/8"


@pytest.fixture
def clock():
    return GivenClock()


@pytest.fixture
def store(tmp_path, clock):
    opened = open_store(tmp_path / "headgate.db", clock)
    yield opened
    opened.close()


def made(governor, call, number, rank=Rank.GATE, account=OURS):
    """How many of so many calls were let through before one was to wait, and that one's time."""
    for done in range(number):
        try:
            with governor.let_through(account, call, rank):
                pass
        except Waiting as waiting:
            return done, waiting.retry_after.total_seconds()
    return number, 0.0


def test_eighty_writes_fit_into_a_minute_and_the_next_is_told_its_time(store, clock):
    governor = Governor(store, clock)

    done, wait = made(governor, WRITE, 100)

    assert done == 80
    clock.advance(wait - 1)
    assert made(governor, WRITE, 1)[0] == 0
    clock.advance(1)
    assert made(governor, WRITE, 1)[0] == 1


def test_whoever_waits_for_as_long_as_it_is_told_is_let_through(store, clock):
    for _ in range(200):
        governor = Governor(store, clock)
        clock.advance(0.1234567)
        governor.failed()
        for _ in range(3):  # others come a little later
            clock.advance(1.2345678)
            _, wait = made(governor, READ, 1)
        clock.advance(wait)
        assert made(governor, READ, 1) == (1, 0.0)


@pytest.mark.parametrize("hours", [1, 5])
def test_what_was_spent_before_the_clock_was_set_back_is_not_in_the_way_for_longer(store, clock, hours):
    governor = Governor(store, clock)
    made(governor, WRITE, 50)
    clock.advance(20)
    made(governor, WRITE, 30)
    clock.advance(-3600 * hours)

    done, wait = made(governor, WRITE, 1)
    assert (done, wait) == (0, pytest.approx(80, abs=20))
    clock.advance(wait)
    assert made(governor, WRITE, 80)[0] == 80


def test_five_hundred_writes_fit_into_an_hour(store, clock):
    governor, total = Governor(store, clock), 0
    for _ in range(50):
        total += made(governor, WRITE, 80)[0]
        clock.advance(70)

    assert total == 500


def test_nine_hundred_points_fit_into_a_minute(store, clock):
    governor = Governor(store, clock)

    assert made(governor, WRITE, 50)[0] == 50
    assert made(governor, READ, 1_000)[0] == 900 - 250


def test_a_new_token_costs_points_and_is_no_content(store, clock):
    governor = Governor(store, clock)

    assert made(governor, TOKEN, 100)[0] == 100
    assert made(governor, WRITE, 100)[0] == 80


def test_a_restart_forgets_nothing(tmp_path, clock):
    first = open_store(tmp_path / "headgate.db", clock)
    assert made(Governor(first, clock), WRITE, 60)[0] == 60
    first.close()

    second = open_store(tmp_path / "headgate.db", clock)
    assert made(Governor(second, clock), WRITE, 60)[0] == 20
    second.close()


@pytest.mark.parametrize("dialect", BOTH)
def test_two_replicas_share_one_budget(tmp_path, dialect):
    address, counts = new_database(dialect, tmp_path), []

    def replica():
        store = open_store(address, SystemClock())
        counts.append(made(Governor(store, SystemClock()), WRITE, 70)[0])
        store.close()

    replicas = [Thread(target=replica) for _ in range(2)]
    for one in replicas:
        one.start()
    for one in replicas:
        one.join()

    assert sum(counts) == 80


def test_one_installation_does_not_spend_what_another_has(store, clock):
    governor = Governor(store, clock)

    assert made(governor, WRITE, 80)[0] == 80
    assert made(governor, WRITE, 80, account=OTHERS)[0] == 80


def test_what_people_wait_for_goes_before_what_is_nice_to_have(store, clock):
    governor = Governor(store, clock)

    ops, flows, gates = (made(governor, WRITE, 100, rank)[0] for rank in (Rank.OP, Rank.FLOW, Rank.GATE))

    assert (ops, flows, gates) == (48, 20, 12)


def test_looks_that_nobody_waits_for_leave_calls_for_those_that_somebody_does(store, clock):
    governor = Governor(store, clock)

    assert made(governor, READ, 900, Rank.OP)[0] == 540
    assert made(governor, READ, 900, Rank.GATE)[0] == 360


def test_github_is_left_alone_for_as_long_as_it_asks_by_every_replica(store, clock):
    Governor(store, clock).heard(OURS, Answer(403, {"retry-after": "120"}))

    assert made(Governor(store, clock), READ, 1) == (0, 120.0)
    assert made(Governor(store, clock), READ, 1, account=OTHERS)[0] == 1
    clock.advance(120)
    assert made(Governor(store, clock), READ, 1)[0] == 1


def test_the_last_requests_of_the_hour_are_left_over(store, clock):
    governor = Governor(store, clock)
    date = "Tue, 14 Nov 2023 22:13:20 GMT"  # the clock's own time
    reset = str(int(clock.now()) + 600)

    governor.heard(
        OURS, Answer(200, {"x-ratelimit-remaining": str(RESERVE - 1), "x-ratelimit-reset": reset, "date": date})
    )

    assert made(governor, READ, 1) == (0, 601.0)


def test_only_so_many_calls_are_under_way_at_once(store, clock):
    governor = Governor(store, clock)
    with ExitStack() as under_way:
        for _ in range(AT_ONCE):
            under_way.enter_context(governor.let_through(OURS, READ, Rank.GATE))
        assert made(governor, READ, 1) == (0, 2.0)

    assert made(governor, READ, 1)[0] == 1


def test_while_github_is_away_nobody_waits_for_a_time_out(store, clock):
    governor = Governor(store, clock)
    governor.failed()

    done, wait = made(governor, READ, 1)
    assert done == 0
    clock.advance(wait)
    assert made(governor, READ, 1)[0] == 1
    governor.failed()
    assert made(governor, READ, 1) == (0, 2 * wait)


def test_one_bad_answer_is_borne_and_a_row_of_them_is_not(store, clock):
    governor = Governor(store, clock)

    governor.heard(OURS, Answer(502, {}))
    assert made(governor, READ, 1)[0] == 1
    governor.heard(OURS, Answer(502, {}))
    governor.heard(OURS, Answer(502, {}))
    assert made(governor, READ, 1)[0] == 0
