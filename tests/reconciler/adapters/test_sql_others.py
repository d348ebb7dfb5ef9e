"""Who waits hears of what other processes commit, and goes on hearing after the server was away."""

import os
import signal
import subprocess
import sys
import threading
import time
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from reconciler.adapters import folder_events
from reconciler.adapters.sql import others
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.keys import RunKey
from reconciler.records import Changes, Wake
from tests.reconciler.adapters.slow_disk import COMPILER, slow_disk
from tests.reconciler.adapters.sql_world import BOTH, new_database

LONG = 600.0  # s: nobody who is woken waits so long
PATIENCE = 30.0  # s
WAKING = """
import sys
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.keys import RunKey
from reconciler.records import Wake

store = open_store(sys.argv[1], SystemClock())
store.wake([Wake(RunKey("r1"))])
"""


@pytest.fixture
def open_at():
    """Stores by their address, each as a process of its own has it."""
    opened = []

    def open_it(address):
        opened.append(open_store(address, SystemClock()))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def open_another(tmp_path, open_at):
    """Stores on one database."""
    addresses = {}
    return lambda dialect: open_at(addresses.setdefault(dialect, new_database(dialect, tmp_path)))


def waiting(store):
    """A thread that waits for work, and an event that tells when it has returned."""
    returned = threading.Event()

    def wait():
        store.wait(LONG)
        returned.set()

    threading.Thread(target=wait, daemon=True).start()
    eventually(lambda: store._database._others._thread is not None)
    return returned


def eventually(what):
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def named(tmp_path):
    """A database whose connections can be told from those of other tests, and what the server knows of them."""
    name = f"t{uuid4().hex[:12]}"
    address = make_url(new_database("postgresql", tmp_path)).update_query_dict({"application_name": name})
    found = "SELECT pid FROM pg_stat_activity WHERE application_name = :name AND query LIKE :said"

    def pids(said="%"):
        with create_engine(os.environ["HEADGATE_TEST_POSTGRES"]).connect() as connection:
            return set(connection.execute(text(found), {"name": name, "said": said}).scalars())

    return address.render_as_string(hide_password=False), pids


def cut(pids):
    with create_engine(os.environ["HEADGATE_TEST_POSTGRES"]).connect() as connection:
        for pid in pids:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


@pytest.mark.parametrize("dialect", BOTH)
def test_a_wake_of_another_process_ends_the_wait(open_another, dialect):
    here, there = open_another(dialect), open_another(dialect)
    returned = waiting(here)
    there.wake([Wake(RunKey("r1"))])

    assert returned.wait(PATIENCE)
    assert here.lease("here", 30).key == RunKey("r1")


@pytest.mark.parametrize("dialect", BOTH)
def test_a_wake_within_a_step_of_another_process_ends_the_wait(open_another, dialect):
    here, there = open_another(dialect), open_another(dialect)
    there.wake([Wake(RunKey("r1"))])
    lease = there.lease("there", 30)
    returned = waiting(here)
    there.commit(lease, Changes(wakes=(Wake(RunKey("r2")),)))

    assert returned.wait(PATIENCE)
    assert here.lease("here", 30).key == RunKey("r2")


@pytest.mark.parametrize("name", ["headgate.db", "linked.db"])
def test_a_commit_to_a_file_is_told_though_nobody_looks_by_the_clock(open_at, tmp_path, monkeypatch, name):
    monkeypatch.setattr(folder_events, "SELDOM", 600.0)  # s between looks
    monkeypatch.setattr(others, "SELDOM", 0.0)  # s of looks often after what happened before
    (tmp_path / "real").mkdir()
    (tmp_path / "linked.db").symlink_to(tmp_path / "real" / "headgate.db")
    here, there = open_at(str(tmp_path / name)), open_at(str(tmp_path / name))
    returned = waiting(here)
    assert not returned.wait(0.5)  # it was looked at by then
    there.wake([Wake(RunKey("r1"))])

    assert returned.wait(PATIENCE)


@pytest.mark.slow
@pytest.mark.skipif(COMPILER is None, reason="a slow disk is made with a C compiler")
def test_a_commit_that_the_disk_takes_its_time_for_is_told_when_the_disk_has_it(open_at, tmp_path, monkeypatch):
    monkeypatch.setattr(folder_events, "SELDOM", 600.0)  # s between looks
    monkeypatch.setattr(others, "SELDOM", 10.0)  # s of looks often, though the machine stands still meanwhile
    slow = slow_disk(tmp_path, seconds=0.5)
    here = open_at(str(tmp_path / "headgate.db"))
    returned = waiting(here)
    begin = time.monotonic()
    subprocess.run([sys.executable, "-c", WAKING, str(tmp_path / "headgate.db")], env=slow, check=True, timeout=60)

    assert time.monotonic() - begin > 0.5
    assert returned.wait(PATIENCE)


@pytest.mark.postgres
def test_who_listens_to_a_silent_server_ends_at_once(open_at, named):
    address, pids = named
    here = open_at(address)
    waiting(here)
    eventually(lambda: pids("%LISTEN%"))
    listening = here._database._others._thread
    for pid in pids():
        os.kill(pid, signal.SIGSTOP)
    try:
        here.close()
        listening.join(5)
        assert not listening.is_alive()
    finally:
        for pid in pids():
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("dialect", BOTH)
def test_whoever_is_interrupted_returns_without_work(open_another, dialect):
    here = open_another(dialect)
    returned = waiting(here)
    here.interrupt()

    assert returned.wait(PATIENCE)
    assert here.lease("here", 30) is None


@pytest.mark.postgres
def test_one_who_listens_listens_again_when_its_connection_was_cut(open_at, named):
    address, pids = named
    here, there = open_at(address), open_at(address)
    returned = waiting(here)
    eventually(lambda: pids("%LISTEN%"))
    before = pids("%LISTEN%")
    cut(before)
    eventually(lambda: pids("%LISTEN%") - before)
    there.wake([Wake(RunKey("r1"))])

    assert returned.wait(PATIENCE)


@pytest.mark.postgres
def test_connections_that_died_while_they_lay_idle_are_not_used(open_at, named):
    address, pids = named
    store = open_at(address)
    store.wake([Wake(RunKey("r1"))])
    time.sleep(1.2)
    cut(pids())

    store.wake([Wake(RunKey("r2"))])
    assert {row.key for row in store.pending()} == {RunKey("r1"), RunKey("r2")}


@pytest.mark.postgres
def test_a_process_that_is_paused_in_a_transaction_holds_nobody_up_for_long(open_another):
    here, there = open_another("postgresql"), open_another("postgresql")
    here.wake([Wake(RunKey("r1")), Wake(RunKey("r2"))])
    paused = there._database._writer._engine.connect()
    paused.execute(text("UPDATE counters SET value = value + 1 WHERE name = 'token'"))
    # The product's own limit is ten seconds.
    paused.execute(text("SET SESSION idle_in_transaction_session_timeout = '300ms'"))

    assert here.lease("here", 30) is not None
    paused.invalidate()
    paused.close()
