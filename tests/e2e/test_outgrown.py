"""A service that newer releases have left behind notices, and ends with a sentence."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from reconciler.adapters.sql.schema import VERSION_TABLE
from reconciler.adapters.sql.tables import schemas
from tests.e2e.replicas import PATIENCE, Replica, eventually
from tests.e2e.service import Place

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def replica(tmp_path, server):
    made = Replica("one", Place(tmp_path), server.url)
    made.start()
    eventually(lambda: "Serving" in made.text(), [made])
    yield made
    made.kill()


def bring(server, revision, oldest):
    """Stand in for a newer release that upgrades the database."""
    with create_engine(server.url, poolclass=NullPool).begin() as connection:
        connection.execute(schemas.insert().values(revision=revision, oldest=oldest, release="9.1.0"))
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))


def test_a_service_beside_which_no_newer_one_can_work_ends_and_says_so(replica, server):
    bring(server, "9002", oldest="9001")

    assert replica.process.wait(PATIENCE) == 2
    assert "schema 9002 of release 9.1.0" in replica.text()
    assert "Traceback" not in replica.text()
