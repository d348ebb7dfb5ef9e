"""Migrations: they make the schema that the statements are written for."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from reconciler.adapters.sql.migrations import versions
from reconciler.adapters.sql.schema import REVISION, VERSION_TABLE
from reconciler.adapters.sql.tables import NAMES, schemas
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.errors import Stalled
from reconciler.keys import RunKey
from reconciler.records import Wake
from tests.reconciler.adapters.sql_world import BOTH, new_database

OPTIONS = {"version_table": VERSION_TABLE}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "headgate.db"
    open_store(str(path), SystemClock()).close()
    return path


def test_the_migrations_make_exactly_the_tables_that_are_declared(file):
    with create_engine(f"sqlite:///{file}").connect() as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS)

        assert compare_metadata(context, NAMES) == []
        assert context.get_current_revision() == REVISION


@pytest.mark.postgres
def test_postgresql_gets_the_same_tables(tmp_path):
    address = new_database("postgresql", tmp_path)
    open_store(address, SystemClock()).close()
    with create_engine(address).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), NAMES) == []


def bring(store, revision, oldest, release="9.1.0"):
    """Stand in for a newer release's migration, which says beside which schemas it may work."""
    with store._database._writer.one() as connection, connection.begin():
        connection.execute(schemas.insert().values(revision=revision, oldest=oldest, release=release))
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))


def test_the_revision_is_that_of_the_newest_migration():
    folder = Path(versions.__file__).parent
    newest = max(path.stem for path in folder.glob("v*.py"))

    assert newest.startswith(f"v{REVISION}_")


@pytest.mark.parametrize("dialect", BOTH)
def test_a_process_goes_on_beside_the_next_release(tmp_path, dialect):
    address = new_database(dialect, tmp_path)
    newer = open_store(address, SystemClock())
    bring(newer, "9001", oldest=REVISION)

    older = open_store(address, SystemClock())
    older.wake([Wake(RunKey("r1"))])
    assert newer.lease("newer", 30).key == RunKey("r1")
    older.close()
    newer.close()


@pytest.mark.parametrize("dialect", BOTH)
def test_a_database_that_is_too_new_is_left_alone_and_told(tmp_path, dialect):
    address = new_database(dialect, tmp_path)
    store = open_store(address, SystemClock())
    bring(store, "9002", oldest="9001")

    with pytest.raises(Stalled, match=r"schema 9002 of release 9\.1\.0 .* Install that release") as told:
        open_store(address, SystemClock())
    assert told.value.reason == "StoreNewer"
    store.close()


def test_a_schema_of_which_nothing_is_said_is_too_new(file):
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")

    with pytest.raises(Stalled, match="schema 9999 of a newer release"):
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
