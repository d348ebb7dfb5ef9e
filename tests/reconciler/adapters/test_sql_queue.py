"""The durable queue: what is due, who holds it, and that no wake is lost."""

import threading
import time

import pytest

from reconciler.adapters.folder_events import SELDOM
from reconciler.adapters.sql.database import LARGEST_GROUP
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.errors import INTERNAL_ERROR, MAX_TRIES, Conflict, LeaseLost
from reconciler.keys import CheckKey, FlowKey, RepositoryKey, ReviewKey, RunKey
from reconciler.records import Changes, EventRow, Wake
from tests.reconciler.adapters.sql_world import GivenClock, op_row, run_row
from tests.stores import store_at

KEY = RunKey("r1")


@pytest.fixture
def clock():
    return GivenClock()


@pytest.fixture
def store(tmp_path, clock):
    opened = store_at(tmp_path / "headgate.db", clock)
    yield opened
    opened.close()


def leased(store, seconds=30.0):
    lease = store.lease("worker", seconds)
    assert lease is not None
    return lease


def test_an_empty_queue_leases_nothing(store):
    assert store.lease("worker", 30) is None
    assert store.pending() == []


def test_a_woken_key_is_leased_once(store):
    store.wake([Wake(KEY)])

    assert leased(store).key == KEY
    assert store.lease("other", 30) is None


def test_a_key_that_is_woken_twice_is_there_once_at_the_earlier_time(store, clock):
    store.wake([Wake(KEY, clock.now() + 50), Wake(KEY, clock.now() + 10)])
    store.wake([Wake(KEY, clock.now() + 90)])

    assert [row.due_at for row in store.pending()] == [clock.now() + 10]
    assert store.lease("worker", 30) is None
    clock.advance(10)
    assert leased(store).generation == 2


def test_what_people_wait_for_goes_first(store):
    keys = (CheckKey("shop", "c0ffee"), RepositoryKey("shop"), ReviewKey("shop", "7"), KEY)
    for key in keys:
        store.wake([Wake(key)])

    assert [leased(store).key for _ in keys] == [KEY, keys[2], keys[1], keys[0]]


def test_a_key_that_has_waited_long_is_not_overtaken_any_more(store, clock):
    store.wake([Wake(CheckKey("shop", "c0ffee"))])
    clock.advance(31)
    store.wake([Wake(KEY)])

    assert leased(store).key == CheckKey("shop", "c0ffee")


def test_keys_of_every_kind_survive_the_way_through_the_store(store):
    keys = {CheckKey("a/b", "c"), ReviewKey("a/b", "feature/x y"), FlowKey("ä"), RepositoryKey("a"), RunKey("r")}
    store.wake([Wake(key) for key in keys])

    assert {row.key for row in store.pending()} == keys


def test_acknowledging_removes_the_key(store):
    store.wake([Wake(KEY)])
    store.commit(leased(store), Changes())

    assert store.pending() == []


def test_a_wake_that_arrives_during_a_step_is_not_lost(store):
    store.wake([Wake(KEY)])
    lease = leased(store)
    store.wake([Wake(KEY)])
    assert store.lease("other", 30) is None, "two workers never hold the same key"
    store.commit(lease, Changes())

    assert leased(store).generation == 2


def test_a_later_wake_during_a_step_keeps_its_time(store, clock):
    store.wake([Wake(KEY)])
    lease = leased(store)
    store.wake([Wake(KEY, clock.now() + 100)])
    store.commit(lease, Changes())

    assert store.lease("worker", 30) is None
    clock.advance(100)
    assert leased(store)


def test_a_step_that_wants_to_look_again_is_due_then(store, clock):
    store.wake([Wake(KEY)])
    store.commit(leased(store), Changes(again_at=clock.now() + 20))

    assert store.lease("worker", 30) is None
    clock.advance(20)
    assert leased(store)


def test_again_at_zero_is_due_at_once(store):
    store.wake([Wake(KEY)])
    store.commit(leased(store), Changes(again_at=0.0))

    assert leased(store)


def test_a_wake_during_a_step_goes_before_a_later_look(store, clock):
    store.wake([Wake(KEY)])
    lease = leased(store)
    store.wake([Wake(KEY)])
    store.commit(lease, Changes(again_at=clock.now() + 500))

    assert leased(store)


def test_a_commit_that_keeps_the_lease_leaves_the_key_held(store):
    store.wake([Wake(KEY)])
    lease = leased(store)
    store.commit(lease, Changes(events=(EventRow(1.0, "r1", "status"),)), keep=True)

    assert store.lease("other", 30) is None
    assert len(store.events("r1")) == 1
    store.commit(lease, Changes())
    assert store.pending() == []


def test_a_step_wakes_other_keys_in_its_transaction(store):
    store.wake([Wake(KEY)])
    store.commit(leased(store), Changes(wakes=(Wake(FlowKey("f1")), Wake(FlowKey("f1")))))

    assert [row.key for row in store.pending()] == [FlowKey("f1")]


def test_a_lease_that_ran_out_is_lost_and_goes_to_another(store, clock):
    store.wake([Wake(KEY)])
    old = leased(store, seconds=30)
    clock.advance(31)
    with pytest.raises(LeaseLost):
        store.commit(old, Changes(events=(EventRow(1.0, "r1", "status"),)))

    new = leased(store)
    assert new.token > old.token
    with pytest.raises(LeaseLost):
        store.commit(old, Changes(events=(EventRow(1.0, "r1", "status"),)))
    assert store.events("r1") == []
    store.commit(new, Changes())


def test_an_old_holder_can_neither_retry_nor_park(store, clock):
    store.wake([Wake(KEY)])
    old = leased(store)
    clock.advance(31)
    leased(store)

    with pytest.raises(LeaseLost):
        store.retry(old, clock.now(), "Waiting", "")
    with pytest.raises(LeaseLost):
        store.park(old, "Stalled", "")


def test_tokens_grow_though_the_key_goes_and_comes_back(store):
    tokens = []
    for _ in range(3):
        store.wake([Wake(KEY)])
        lease = leased(store)
        tokens.append(lease.token)
        store.commit(lease, Changes())

    assert tokens == sorted(set(tokens))


def test_renewed_leases_do_not_run_out(store, clock):
    store.wake([Wake(KEY)])
    lease = leased(store, seconds=30)
    clock.advance(20)
    (renewed,) = store.renew([lease], 30)
    clock.advance(20)

    assert renewed.deadline == 50.0
    assert store.lease("other", 30) is None
    store.commit(lease, Changes())


def test_only_leases_that_are_still_ours_are_renewed(store, clock):
    store.wake([Wake(KEY)])
    old = leased(store)
    clock.advance(31)
    new = leased(store)

    assert [lease.token for lease in store.renew([old, new], 30)] == [new.token]


def test_a_retry_waits_and_counts_failures_of_one_reason(store, clock):
    store.wake([Wake(KEY)])
    for attempts in (1, 2):
        store.retry(leased(store), clock.now() + 5, "Throttled", "Too many calls.")
        assert store.lease("worker", 30) is None
        clock.advance(5)
        assert store.pending()[0].attempts == attempts
    lease = leased(store)
    assert (lease.attempts, lease.reason) == (2, "Throttled")

    store.retry(lease, clock.now(), "Away", "Nobody answers.")
    assert leased(store).attempts == 1


def test_success_forgets_failures(store, clock):
    store.wake([Wake(KEY)])
    store.retry(leased(store), clock.now(), "Throttled", "")
    store.commit(leased(store), Changes(again_at=0.0))

    assert leased(store).attempts == 0


def test_a_parked_key_waits_until_somebody_wakes_it(store, clock):
    store.wake([Wake(KEY)])
    store.park(leased(store), "SettingsBroken", "Mend .headgate.yaml.")
    clock.advance(10_000)

    assert store.lease("worker", 30) is None
    assert store.pending()[0].parked == "SettingsBroken: Mend .headgate.yaml."
    store.wake([Wake(KEY)])
    assert leased(store)


def test_a_key_that_is_woken_while_it_is_parked_is_looked_at(store):
    store.wake([Wake(KEY)])
    lease = leased(store)
    store.wake([Wake(KEY)])
    store.park(lease, "SettingsBroken", "")

    assert leased(store)


def test_a_parked_fault_is_tried_once_more_when_it_is_woken(store, clock):
    store.wake([Wake(KEY)])
    for _ in range(MAX_TRIES):
        store.retry(leased(store), clock.now(), INTERNAL_ERROR, "")
    store.park(leased(store), INTERNAL_ERROR, "")
    store.wake([Wake(KEY)])

    assert leased(store).attempts == MAX_TRIES - 1


def test_a_holder_that_dies_counts_as_a_fault_of_the_key(store, clock):
    store.wake([Wake(KEY)])
    for expected in range(3):
        lease = leased(store)
        assert lease.attempts == expected
        clock.advance(31)


def test_a_run_that_has_moved_on_is_a_conflict_and_nothing_is_written(store):
    store.wake([Wake(KEY)])
    lease = leased(store)
    store.commit(lease, Changes(new_runs=(run_row(),)), keep=True)
    read = store.run("r1")
    store.commit(lease, Changes(runs=(read,)), keep=True)

    with pytest.raises(Conflict):
        store.commit(lease, Changes(runs=(read,), ops=(op_row("train"),), wakes=(Wake(FlowKey("f1")),)))
    assert store.ops("r1") == []
    assert [row.key for row in store.pending()] == [KEY]
    assert store.run("r1").version == read.version + 1
    assert store.run("r1").writer == lease.token


def test_commits_that_wait_share_one_transaction_and_fail_alone(store):
    """A writer that is held up finds several jobs waiting: the one that is refused takes nothing of the others."""
    keys = [RunKey(f"r{n}") for n in range(8)]
    store.wake([Wake(key) for key in keys])
    leases = [leased(store) for _ in keys]
    stale = store.run("none")
    assert stale is None
    held, go = threading.Event(), threading.Event()

    def block(connection):
        held.set()
        assert go.wait(30)

    first = threading.Thread(target=store._database.write, args=(block,))
    first.start()
    assert held.wait(30)
    failures = []

    def commit(number):
        changes = Changes(events=(EventRow(float(number), "shop", "status"),))
        if number % 2:
            changes = Changes(runs=(run_row(f"unknown{number}"),), events=changes.events)
        try:
            store.commit(leases[number], changes)
        except Conflict:
            failures.append(number)

    threads = [threading.Thread(target=commit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    before = store._database.changes()
    while len(store._database._waiting) < 8:
        time.sleep(0.001)
    go.set()
    for thread in [first, *threads]:
        thread.join()

    assert sorted(failures) == [1, 3, 5, 7]
    assert sorted(event.at for event in store.events("shop")) == [0.0, 2.0, 4.0, 6.0]
    assert store._database.changes() <= before + 2, "eight commits and the first one were told of together"


def test_more_commits_than_one_group_takes_are_written_before_they_are_told(store):
    told = {}

    def write(number):
        told[number] = store._database.write(lambda connection: number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3 * LARGEST_GROUP)]
    with store._database._writing:
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()

    assert told == {number: number for number in range(3 * LARGEST_GROUP)}


def test_waiting_ends_when_something_is_woken(tmp_path):
    store = open_store(str(tmp_path / "headgate.db"), SystemClock())
    waker = threading.Timer(0.05, lambda: store.wake([Wake(KEY)]))
    waker.start()
    store.wait(20)

    assert store.lease("worker", 30) is not None
    waker.join()
    store.close()


def test_waiting_ends_when_another_process_wakes_something(tmp_path):
    """Another store on the same file has nothing in common with this one but the file."""
    store, other = (open_store(str(tmp_path / "headgate.db"), SystemClock()) for _ in range(2))
    clock = SystemClock()
    waits = []
    for number in range(5):
        woken_at = []

        def wake(number=number, woken_at=woken_at):
            other.wake([Wake(RunKey(f"r{number}"))])
            woken_at.append(clock.monotonic())

        waker = threading.Timer(0.03, wake)
        waker.start()
        store.wait(20)
        waker.join()
        waits.append(clock.monotonic() - woken_at[0])
        store.commit(leased(store), Changes())

    assert sorted(waits)[2] < SELDOM / 2, "who looks by the clock hears of it later"
    store.close()
    other.close()


def test_waiting_ends_when_a_key_is_due(tmp_path):
    store, clock = open_store(str(tmp_path / "headgate.db"), SystemClock()), SystemClock()
    store.wake([Wake(KEY, clock.now() + 0.1)])
    store.wait(20)

    assert store.lease("worker", 30) is not None
    store.close()


def test_the_leases_of_a_holder_that_is_gone_end_at_once_and_others_stay(store):
    store.wake([Wake(KEY), Wake(RunKey("r2"))])
    dead, alive = store.lease("dead", 30), store.lease("alive", 30)

    store.expire_leases(lambda owner: owner == "dead")

    taken = store.lease("alive", 30)
    assert (taken.key, store.lease("alive", 30)) == (dead.key, None)
    with pytest.raises(LeaseLost):
        store.commit(dead, Changes())
    store.commit(alive, Changes())
