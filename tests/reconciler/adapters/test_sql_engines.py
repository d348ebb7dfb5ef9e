"""Connections to a server that are lost: what they held there is free once the server can be reached again."""

import psycopg
import pytest
from sqlalchemy import make_url, text

from reconciler.adapters.sql import patience
from reconciler.adapters.sql.engines import address_of, engine_of
from tests.e2e.database_server import DatabaseServer
from tests.e2e.replicas import eventually
from tests.e2e.stopping_link import Link

pytestmark = pytest.mark.postgres
LOCK = text("SELECT pg_try_advisory_xact_lock(7)")


@pytest.fixture
def server():
    made = DatabaseServer()
    yield made
    made.close()


@pytest.fixture
def link(server):
    made = Link(str(server.folder / ".s.PGSQL.5432"))
    yield made
    made.close()


def test_what_was_cut_off_between_two_statements_holds_nothing_any_more(server, link, monkeypatch):
    monkeypatch.setattr(patience.Connection, "patience", 1.0)
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
