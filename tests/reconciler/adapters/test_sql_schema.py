"""Migrations: they make the schema that the statements are written for."""

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from reconciler.adapters.sql.schema import REVISION
from reconciler.adapters.sql.tables import NAMES
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.ports import Stalled
from tests.reconciler.adapters.sql_world import new_database


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "headgate.db"
    open_store(str(path), SystemClock()).close()
    return path


def test_the_migrations_make_exactly_the_tables_that_are_declared(file):
    with create_engine(f"sqlite:///{file}").connect() as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, NAMES) == []
        assert context.get_current_revision() == REVISION


@pytest.mark.postgres
def test_postgresql_gets_the_same_tables(tmp_path):
    address = new_database("postgresql", tmp_path)
    open_store(address, SystemClock()).close()
    with create_engine(address).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), NAMES) == []


def test_a_file_of_a_newer_release_is_left_alone_and_told(file):
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(Stalled, match="schema 9999, which this release of Headgate does not know"):
        open_store(str(file), SystemClock())


def test_a_database_of_something_else_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")

    with pytest.raises(Stalled, match="tables of something else"):
        open_store(str(tmp_path / "other.db"), SystemClock())
    with sqlite3.connect(tmp_path / "other.db") as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


def test_a_commit_is_on_disk_when_it_is_told(file):
    store = open_store(str(file), SystemClock())
    with store._database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2}
    store.close()
