"""The loop: every key gets its turn, and each kind of error its answer."""

import threading
import time
from datetime import timedelta

import pytest

from reconciler.adapters.system_clock import SystemClock
from reconciler.errors import INTERNAL_ERROR, MAX_TRIES, Conflict, Stalled, Waiting
from reconciler.keys import FlowKey, RunKey
from reconciler.loop import MOST_ROUNDS, Loop
from reconciler.records import Changes, EventRow, Wake
from tests.reconciler.adapters.process_world import eventually
from tests.reconciler.adapters.sql_world import GivenClock, run_row
from tests.stores import store_at

KEY = RunKey("r1")


@pytest.fixture
def clock():
    return GivenClock()


@pytest.fixture
def store(tmp_path, clock):
    opened = store_at(tmp_path / "headgate.db", clock)
    opened.wake([Wake(KEY)])
    yield opened
    opened.close()


@pytest.fixture
def loop_of(store, clock):
    return lambda step: Loop(store, {RunKey: step, FlowKey: lambda key, lease: Changes()}, clock, "test")


def run_until(loop, done):
    loop.start()
    try:
        while not done():
            time.sleep(0.01)
    finally:
        loop.stop()


def raises(error):
    def step(key, lease):
        raise error

    return step


def noted(name):
    return Changes(events=(EventRow(0.0, name, "status"),))


def test_a_turn_runs_the_step_of_the_key_and_commits_what_it_changed(store, loop_of):
    loop = loop_of(lambda key, lease: noted(key.run))

    assert loop.turn()
    assert not loop.turn()
    assert len(store.events("r1")) == 1
    assert loop.counts["step", "run"] == 1


@pytest.mark.parametrize("is_new", [False, True], ids=["the same process", "a new process"])
def test_what_waits_for_a_time_is_due_when_the_clock_was_set_back(store, clock, loop_of, caplog, is_new):
    def step(key, lease):
        return Changes(events=(EventRow(clock.now(), key.run, "status"),), again_at=clock.now() + 60)

    loop = loop_of(step)
    loop.turn()
    store.wake([Wake(FlowKey("parked"))])
    store.park(store.lease("somebody", 30), "Broken", "A person must mend it.")
    clock.jump(-3600)
    (loop_of(lambda key, lease: Changes()) if is_new else loop).turn()

    (left,) = (row for row in store.pending() if row.parked)
    assert left.key == FlowKey("parked")
    assert "The clock was set back by 3600 s" in caplog.text
    assert len(store.events("r1")) == (1 if is_new else 2)
    assert not loop_of(lambda key, lease: Changes()).turn()


def test_a_lease_of_one_who_died_lasts_no_longer_as_the_clock_was_set_back(store, clock, loop_of):
    loop = loop_of(lambda key, lease: Changes())
    loop.turn()
    store.wake([Wake(KEY)])
    store.lease("somebody who dies", 30)
    clock.jump(-3600)

    assert not loop.turn()
    clock.advance(31)
    assert loop.turn()


def test_a_step_that_wants_to_go_on_does_so_on_the_same_lease(store, loop_of):
    tokens = []

    def step(key, lease):
        tokens.append(lease.token)
        return Changes(again_at=0.0 if len(tokens) < 3 else None)

    assert loop_of(step).turn()
    assert len(tokens) == 3
    assert len(set(tokens)) == 1
    assert store.pending() == []


def test_a_step_that_never_ends_lets_others_have_their_turn(store, loop_of):
    steps = []

    def step(key, lease):
        steps.append(key)
        return Changes(again_at=0.0)

    loop = loop_of(step)
    loop.turn()

    assert len(steps) == MOST_ROUNDS
    assert [row.key for row in store.pending()] == [KEY]
    assert store.pending()[0].leased_by == ""


def test_a_step_that_never_ends_has_its_next_turn_after_those_who_waited(store, clock, loop_of):
    other, steps = RunKey("r2"), []
    store.wake([Wake(other)])

    def step(key, lease):
        steps.append(key)
        clock.advance(0.01)
        return Changes(again_at=0.0 if key == KEY else None)

    loop = loop_of(step)
    loop.turn()
    loop.turn()

    assert steps == [*[KEY] * MOST_ROUNDS, other]


def test_waiting_is_tried_again_when_time_has_helped(store, clock, loop_of):
    loop = loop_of(raises(Waiting("Throttled", "Too many calls.", timedelta(seconds=60))))
    for _ in range(MAX_TRIES + 3):
        assert loop.turn()
        assert not loop.turn()
        clock.advance(60)

    assert store.pending()[0].parked == "", "time may help for ever"
    assert loop.counts["waiting", "Throttled"] == MAX_TRIES + 3


def test_stalled_waits_for_a_wake(store, clock, loop_of):
    loop = loop_of(raises(Stalled("SettingsBroken", "Mend the settings.")))
    assert loop.turn()
    clock.advance(1e6)

    assert not loop.turn()
    assert store.pending()[0].parked == "SettingsBroken: Mend the settings."
    store.wake([Wake(KEY)])
    assert loop.turn()


def test_a_conflict_repeats_the_step_with_what_is_there_now(store, loop_of):
    write(store, Changes(new_runs=(run_row("r1"),)))
    versions = []

    def step(key, lease):
        run = store.run("r1")
        versions.append(run.version)
        if len(versions) == 1:
            write(store, Changes(runs=(run,)))
        return Changes(runs=(run,))

    loop = loop_of(step)
    loop.turn()

    assert versions == [0, 1]
    assert store.pending() == []
    assert loop.counts["conflict", "run"] == 1


def write(store, changes):
    """As the step of another key does."""
    store.wake([Wake(FlowKey("writer"))])
    held = []
    while (lease := store.lease("other", 30)) is not None:
        if lease.key == FlowKey("writer"):
            store.commit(lease, changes)
        else:
            held.append(lease)
    for lease in held:
        store.retry(lease, 0.0, "", "")


def test_conflicts_without_end_are_put_off_and_never_parked(store, clock, loop_of):
    loop = loop_of(raises(Conflict("moved on")))
    for _ in range(MAX_TRIES + 1):
        assert loop.turn()
        clock.advance(1)

    assert store.pending()[0].parked == ""


def test_a_fault_is_retried_slowly_and_then_parked_without_its_words(store, clock, loop_of, caplog):
    loop = loop_of(raises(ZeroDivisionError("token=hunter2")))
    pauses = []
    while not store.pending()[0].parked:
        assert loop.turn()
        pauses.append(store.pending()[0].due_at - clock.now())
        clock.advance(400)

    assert loop.counts["fault", "run"] == MAX_TRIES == len(pauses)
    assert pauses[0] <= 2 < pauses[5] <= 64
    parked = store.pending()[0].parked
    assert parked.startswith(f"{INTERNAL_ERROR}: A fault in Headgate itself (ZeroDivisionError)")
    assert "hunter2" not in parked
    assert "Traceback" in caplog.text


def test_a_parked_fault_that_is_woken_is_tried_once(store, clock, loop_of):
    loop = loop_of(raises(ZeroDivisionError()))
    while not store.pending()[0].parked:
        loop.turn()
        clock.advance(400)
    store.wake([Wake(KEY)])

    assert loop.turn()
    assert store.pending()[0].parked


def test_a_key_whose_step_ends_its_process_is_parked_untried(store, clock, loop_of):
    for _ in range(MAX_TRIES):
        assert store.lease("dies", 30)
        clock.advance(31)
    steps = []
    loop_of(lambda key, lease: steps.append(key)).turn()

    assert steps == []
    assert store.pending()[0].parked.startswith(INTERNAL_ERROR)


def test_a_poison_key_does_not_stop_others(store, clock):
    def step(key, lease):
        if key == KEY:
            raise ZeroDivisionError
        return noted(key.run)

    store.wake([Wake(RunKey(f"r{n}")) for n in range(2, 6)])
    loop = Loop(store, {RunKey: step}, clock, "test")
    while loop.turn():
        pass

    assert all(store.events(f"r{n}") for n in range(2, 6))


def test_a_step_that_overslept_its_lease_changes_nothing(store, clock):
    def step(key, lease):
        clock.advance(31)
        return noted("r1")

    loop = Loop(store, {RunKey: step}, clock, "test", lease_seconds=30)
    loop.turn()

    assert store.events("r1") == []
    assert loop.counts["lease_lost", "run"] == 1


@pytest.fixture
def live_store(tmp_path):
    opened = store_at(tmp_path / "live.db", SystemClock())
    yield opened
    opened.close()


def test_workers_share_the_keys_and_never_hold_one_twice(live_store):
    running, twice, lock = set(), [], threading.Lock()

    def step(key, lease):
        with lock:
            if key in running:
                twice.append(key)
            running.add(key)
        with lock:
            running.discard(key)
        return noted(key.run)

    loop = Loop(live_store, {RunKey: step}, SystemClock(), "test", workers=4)
    loop.start()
    for _ in range(3):
        live_store.wake([Wake(RunKey(f"r{n}")) for n in range(20)])
    assert eventually(lambda: not live_store.pending())

    assert loop.stop()
    assert live_store.pending() == []
    assert twice == []
    assert all(live_store.events(f"r{n}") for n in range(20))


def test_leases_of_long_steps_are_renewed(live_store):
    held = []

    def step(key, lease):
        held.append(lease)
        time.sleep(0.05)
        return Changes(again_at=0.0 if lease.deadline == held[0].deadline else None)

    live_store.wake([Wake(KEY)])
    loop = Loop(live_store, {RunKey: step}, SystemClock(), "test", workers=1, lease_seconds=3)
    run_until(loop, lambda: not live_store.pending())

    assert held[-1].deadline > held[0].deadline
    assert len({lease.token for lease in held}) == 1, "it is one lease all the time"
    assert loop.counts["lease_lost", "run"] == 0


def test_stopping_lets_the_step_that_runs_finish(live_store):
    begun, go = threading.Event(), threading.Event()

    def step(key, lease):
        begun.set()
        go.wait(30)
        return Changes(events=noted("r1").events, again_at=0.0)

    live_store.wake([Wake(KEY)])
    loop = Loop(live_store, {RunKey: step}, SystemClock(), "test", workers=1)
    loop.start()
    assert begun.wait(30)
    threading.Timer(0.05, go.set).start()

    assert loop.stop(timeout=30)
    assert len(live_store.events("r1")) == 1
    assert live_store.pending()[0].leased_by == "", "what is left to do is due, not held"


def test_a_step_that_does_not_end_does_not_hold_up_the_end_for_ever(live_store):
    begun, go = threading.Event(), threading.Event()

    def step(key, lease):
        begun.set()
        go.wait(30)
        return Changes()

    live_store.wake([Wake(KEY)])
    loop = Loop(live_store, {RunKey: step}, SystemClock(), "test", workers=1)
    loop.start()
    assert begun.wait(30)

    assert not loop.stop(timeout=0.05)
    go.set()
    assert loop.stop(timeout=30)


def test_the_log_tells_once_why_a_key_waits(clock, loop_of, caplog):
    loop = loop_of(raises(Waiting("RepositoryMissing", "The repository shop is not there.", timedelta(seconds=10))))
    for _ in range(3):
        assert loop.turn()
        clock.advance(11)

    assert [record.getMessage() for record in caplog.records] == [
        "run/r1: The repository shop is not there. (RepositoryMissing)"
    ]


def test_the_log_tells_once_of_a_short_wait_that_does_not_end(clock, loop_of, caplog):
    refused = "This machine could not work on shop: Too many open files."
    loop = loop_of(raises(Waiting("MachineRefused", refused, timedelta(seconds=5))))
    told = []
    for _ in range(6):
        assert loop.turn()
        clock.advance(6)
        told.append(len(caplog.records))

    assert told == [0, 0, 0, 1, 1, 1]
    assert caplog.records[0].getMessage() == f"run/r1: {refused} (MachineRefused)"


class SetBack:
    """A queue that heard of a time to come, and at first cannot be written."""

    def __init__(self, fails):
        self.fails, self.hastened, self.asked = fails, 0, 0

    def idle_for(self):
        time.sleep(0.05)  # in which other workers ask as well
        return -3600.0

    def hasten(self, lease_seconds):
        self.fails -= 1
        if self.fails >= 0:
            raise Waiting("StoreUnavailable", "The database cannot be used now.", timedelta(seconds=2))
        self.hastened += 1

    def lease(self, owner, seconds, places=None):
        self.asked += 1

    def wait(self, seconds, places=None):
        time.sleep(0.01)

    def interrupt(self):
        pass


@pytest.mark.parametrize("fails", [0, 2])
def test_a_clock_that_was_set_back_is_told_of_once_by_all_workers_and_when_it_was_made_up_for(caplog, fails):
    queue = SetBack(fails)
    loop = Loop(queue, {}, SystemClock(), "test", workers=4)
    run_until(loop, lambda: queue.asked >= 20)

    assert queue.hastened == 1
    assert len([one for one in caplog.records if "The clock was" in one.getMessage()]) == 1


class FullDisk:
    """A queue on a disk that is full; tells how often it was asked."""

    def interrupt(self):
        pass

    def __init__(self):
        self.asked = 0

    def idle_for(self):
        self.asked += 1
        raise Waiting("StoreUnavailable", "The database cannot be used now (disk is full).", timedelta(seconds=2))


def test_a_store_that_does_not_answer_is_told_of_once_and_without_a_traceback(caplog):
    queue = FullDisk()
    loop = Loop(queue, {}, SystemClock(), "test", workers=4)
    run_until(loop, lambda: queue.asked >= 4)

    (record,) = caplog.records
    assert record.getMessage() == "The store does not answer: The database cannot be used now (disk is full)."
    assert record.exc_info is None


class ShortOfConnections:
    """A queue that answers every other time."""

    def __init__(self, store):
        self._store = store
        self.asked = 0
        self._one_by_one = threading.Lock()

    def __getattr__(self, name):
        return getattr(self._store, name)

    def lease(self, owner, seconds, places=None):
        with self._one_by_one:
            self.asked += 1
            refuses = self.asked % 2
        if refuses:
            raise Waiting("StoreUnavailable", "The database cannot be used now (too many).", timedelta(seconds=2))
        self._store.wake([Wake(KEY)])
        return self._store.lease(owner, seconds, places)


def test_a_store_that_answers_some_and_refuses_others_is_told_of_once_a_minute(store, caplog):
    queue = ShortOfConnections(store)
    loop = Loop(queue, {RunKey: lambda key, lease: Changes()}, SystemClock(), "test", workers=4)
    run_until(loop, lambda: queue.asked >= 12 and loop.counts["step", "run"] > 1)

    assert loop.counts["store_failed", "Waiting"] > 1
    assert [record.getMessage() for record in caplog.records] == [
        "The store does not answer: The database cannot be used now (too many)."
    ]
