"""The way to the database goes silent: nothing is closed, nothing comes back. It is noticed, and ridden out."""

import os
import signal
import time

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from reconciler.adapters.sql.engines import address_of, engine_of
from reconciler.adapters.sql.server import Connection
from tests.e2e.replicas import Replica, eventually
from tests.e2e.service import Place, ends_within, flow
from tests.e2e.stopping_link import Link
from tests.e2e.test_replicas import assert_each_ran_once, op_script

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]

LOCK = text("SELECT pg_try_advisory_xact_lock(7)")
SILENCE = 45.0  # s: longer than any time-out of a connection


@pytest.fixture
def link(server):
    made = Link(str(server.folder / ".s.PGSQL.5432"))
    yield made
    made.close()


@pytest.fixture
def replica(tmp_path, server, link):
    shared = Place(tmp_path)
    url = make_url(server.url).set(host="127.0.0.1", port=link.port, query={})
    made = Replica("one", shared, url.render_as_string(hide_password=False), slots=4)
    made.start()
    head = shared.git("rev-parse", "HEAD").strip()
    eventually(lambda: shared.checks(head), [made])
    yield made
    made.kill()


def test_a_connection_that_goes_silent_is_given_up_and_another_one_is_made(replica, link):
    shared = replica.shared
    names = ["early", "late"]
    scripts = {"early": (op_script(shared, "early", 3), ()), "late": (op_script(shared, "late"), ("early",))}
    sha = shared.push({"flows/a.yaml": flow(scripts)})
    eventually(lambda: any(line.startswith("began early") for line in shared.lines()), [replica])
    lines = len(replica.text().splitlines())

    link.cut()
    gone_at = time.monotonic()
    eventually(lambda: len(replica.text().splitlines()) > lines, [replica])
    noticed = time.monotonic() - gone_at
    time.sleep(max(0.0, gone_at + SILENCE - time.monotonic()))
    assert replica.process.poll() is None, "it goes on"
    link.mend()

    eventually(lambda: shared.conclusion(sha, "headgate/a"), [replica])
    assert noticed < SILENCE
    assert shared.conclusion(sha, "headgate/a") == "success"
    assert_each_ran_once(shared, names)
    said = replica.text().splitlines()[lines:]
    print(noticed, *said, sep="\n")
    assert any("database" in line for line in said)
    assert len(said) <= 12, said
    assert "Traceback" not in replica.text()


def test_sigterm_ends_a_service_whose_database_does_not_answer(replica, link):
    shared = replica.shared
    shared.push({"flows/early.yaml": flow({"early": (op_script(shared, "early", 2), ())})})
    eventually(lambda: any(line.startswith("began early") for line in shared.lines()), [replica])
    link.cut()
    sha = shared.push({"flows/a.yaml": flow({"a": (op_script(shared, "a"), ())})})
    time.sleep(3)  # then steps, the reports of ops, the watch and others all wait for an answer
    doctor = replica.headgate("doctor")
    replica.process.terminate()
    assert ends_within(replica.process, 10)
    code = replica.process.returncode
    link.mend()
    replica.start()
    eventually(lambda: shared.conclusion(sha, "headgate/a"), [replica])

    assert (code, doctor.returncode) == (0, 1)
    assert_each_ran_once(shared, ["early", "a"])
    assert "cannot be used now" in doctor.stdout
    assert "Is its server up" in doctor.stdout
    assert "Traceback" not in replica.text() + doctor.stderr


def test_a_backend_that_is_stopped_holds_nobody_up_for_ever(replica, server):
    """What a server does for one connection hangs; the connection itself is well, so only time-outs help."""
    shared = replica.shared
    engine = create_engine(server.url, poolclass=NullPool)
    with engine.connect() as connection:
        backends = connection.execute(
            text(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'headgate-%' AND pid <> pg_backend_pid()"
            )
        ).scalars()
        pids = [pid for pid in backends if pid is not None]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    stopped_at = time.monotonic()
    sha = shared.push({"flows/a.yaml": flow({"a": (op_script(shared, "a"), ())})})
    try:
        eventually(lambda: shared.conclusion(sha, "headgate/a"), [replica])
        took = time.monotonic() - stopped_at
    finally:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
    print(took)
    assert shared.conclusion(sha, "headgate/a") == "success"
    assert_each_ran_once(shared, ["a"])
    assert "Traceback" not in replica.text()


def test_what_was_cut_off_between_two_statements_holds_nothing_any_more(server, link, monkeypatch):
    monkeypatch.setattr(Connection, "patience", 1.0)
    url = make_url(server.url).set(host="127.0.0.1", port=link.port, query={}, drivername="postgresql")
    engine = engine_of(address_of(url.render_as_string(hide_password=False)), autocommit=False, connections=1)
    other = engine_of(address_of(server.url), autocommit=True, connections=1)

    def is_free():
        with other.connect() as connection:
            return connection.execute(LOCK).scalar()

    lost = engine.connect()
    driver = lost.connection.driver_connection
    driver.pipeline().__enter__()
    driver.execute("SELECT pg_advisory_xact_lock(7)")
    driver.pgconn.send_flush_request()
    driver.pgconn.flush()
    eventually(lambda: not is_free(), [], patience=10)
    link.cut()
    with pytest.raises(psycopg.OperationalError, match="has not answered"):
        driver.execute("SELECT 1").fetchone()
    link.mend()
    lost.invalidate()
    lost.close()
    assert not is_free()

    with engine.connect():
        eventually(is_free, [], patience=10)
    engine.dispose()
    other.dispose()
