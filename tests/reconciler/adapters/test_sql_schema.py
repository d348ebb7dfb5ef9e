"""Migrations: they make the schema that the statements are written for."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from operator import itemgetter
from pathlib import Path
from textwrap import dedent

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect, select, text

from reconciler.adapters.sql.engines import address_of
from reconciler.adapters.sql.migrations import versions
from reconciler.adapters.sql.migrations.apply import upgrade
from reconciler.adapters.sql.schema import REVISION, VERSION_TABLE, _upgrade
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
    return Path(opened(str(tmp_path / "headgate.db")))


def opened(address):
    """A database that was opened when it was empty."""
    open_store(address, SystemClock()).close()
    return address


def test_no_migration_is_loaded_for_a_new_database(tmp_path):
    code = f"""
        import sys
        from reconciler.adapters.sql_store import open_store
        from reconciler.adapters.system_clock import SystemClock
        open_store({str(tmp_path / "headgate.db")!r}, SystemClock()).close()
        sys.exit("alembic" in sys.modules)
    """

    assert subprocess.run([sys.executable, "-c", dedent(code)]).returncode == 0


def migrated(address):
    """A database that came to its schema by every migration there is."""
    with create_engine(address_of(address)).begin() as connection:
        upgrade(connection, None, VERSION_TABLE)
    return address


@pytest.mark.parametrize("made", [migrated, opened])
@pytest.mark.parametrize("dialect", BOTH)
def test_every_way_makes_exactly_the_tables_that_are_declared(tmp_path, dialect, made):
    address = made(new_database(dialect, tmp_path))
    with create_engine(address_of(address)).connect() as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS)

        assert compare_metadata(context, NAMES) == []
        assert context.get_current_revision() == REVISION


@pytest.mark.parametrize("dialect", BOTH)
def test_a_new_database_is_as_the_migrations_would_have_made_it(tmp_path, dialect):
    shown = []
    for name, made in (("migrated", migrated), ("opened", opened)):
        (tmp_path / name).mkdir()
        with create_engine(address_of(made(new_database(dialect, tmp_path / name)))).connect() as connection:
            shown.append(everything(connection))

    assert shown[0] == shown[1]
    assert shown[0]["wakes"]["columns"]["place"] == ("TEXT", False, True)
    assert shown[0]["counters"]["rows"] == [("token", 0)]


def index(found):
    return found["name"], found["column_names"], {name: str(value) for name, value in found["dialect_options"].items()}


def everything(connection):
    """Each table by its name: columns, keys, indexes, constraints and rows, in no order of columns."""
    known = MetaData()
    known.reflect(connection)
    there = inspect(connection)
    return {
        name: {
            "columns": {
                one["name"]: (str(one["type"]), one["nullable"], one["default"] is not None)
                for one in there.get_columns(name)
            },
            "key": there.get_pk_constraint(name),
            "indexes": [index(one) for one in sorted(there.get_indexes(name), key=itemgetter("name"))],
            "unique": sorted(map(str, there.get_unique_constraints(name))),
            "rows": sorted(map(tuple, connection.execute(select(table)))),
        }
        for name, table in known.tables.items()
    }


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
def test_a_process_goes_on_beside_the_next_release_that_was_faster(tmp_path, dialect):
    address = new_database(dialect, tmp_path)
    with closing(open_store(address, SystemClock())) as store:
        bring(store, "9001", oldest=REVISION)

        assert store._database.write(_upgrade) is None


@pytest.mark.parametrize("dialect", BOTH)
def test_a_database_that_is_too_new_is_left_alone_and_told(tmp_path, dialect):
    address = new_database(dialect, tmp_path)
    store = open_store(address, SystemClock())
    bring(store, "9002", oldest="9001")

    with pytest.raises(Stalled, match=r"schema 9002 of release 9\.1\.0 .* Install that release") as told:
        open_store(address, SystemClock())
    assert told.value.reason == "StoreNewer"
    store.close()


@pytest.mark.parametrize("dialect", BOTH)
def test_a_database_that_became_too_new_while_its_turn_was_waited_for_is_told(tmp_path, dialect):
    """Processes of two newer releases start at once: the older of them waits for the lock, and then finds it done."""
    address = new_database(dialect, tmp_path)
    with closing(open_store(address, SystemClock())) as store:
        bring(store, "9002", oldest="9001")

        with pytest.raises(Stalled, match=r"schema 9002 of release 9\.1\.0"):
            store._database.write(_upgrade)


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
