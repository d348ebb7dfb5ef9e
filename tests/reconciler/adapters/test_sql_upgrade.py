"""Upgrades: data of every released schema is there afterwards, an older process works on beside us."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import LargeBinary, MetaData, create_engine, insert, select, text

from reconciler.adapters.sql import migrations
from reconciler.adapters.sql.engines import address_of
from reconciler.adapters.sql.schema import REVISION
from reconciler.adapters.sql.tables import schemas
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.keys import RunKey
from reconciler.records import Changes, Wake
from tests.older import older_release
from tests.reconciler.adapters.sql_world import BOTH, new_database

RELEASED = Path(__file__).parent / "released"

OLDER = """
    import sys
    from reconciler.adapters.sql_store import open_store
    from reconciler.adapters.system_clock import SystemClock
    from reconciler.keys import RunKey
    from reconciler.records import Changes, EventRow, Wake
    store = open_store(sys.argv[1], SystemClock())
    print("open", flush=True)
    for line in sys.stdin:
        lease = store.lease("older", 30)
        key = lease.key
        event = EventRow(1.0, "all", "status", path="older")
        store.commit(lease, Changes(events=(event,), wakes=(Wake(RunKey("r2")),)))
        print(key.run, flush=True)
    store.close()
"""


def released(revision, address):
    """A database as the release of that schema left it, with its data."""
    tables = json.loads((RELEASED / f"{revision}.json").read_text())
    with create_engine(address_of(address)).begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes.update(connection=connection, version_table="alembic_version")
        command.upgrade(config, revision)
        known = MetaData()
        known.reflect(connection)
        connection.execute(known.tables["counters"].delete())
        for name, rows in tables.items():
            table = known.tables[name]
            for row in rows:
                connection.execute(insert(table).values(_values(table, row)))
            if "seq" in table.c and connection.dialect.name == "postgresql" and rows:
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'seq'), 1000)"))
    return tables


def _values(table, row):
    flags = {column.name for column in table.c if column.type.python_type is bool}
    blobs = {column.name for column in table.c if isinstance(column.type, LargeBinary)}
    return {
        name: value["bytes"].encode() if name in blobs else bool(value) if name in flags else value
        for name, value in row.items()
    }


def _kept(store):
    """What an upgraded store holds, read as the product reads it."""
    runs = store.runs(limit=1000)
    return {
        "runs": {run.id for run in runs},
        "ops": {(run.id, op.state.path) for run in runs for op in store.ops(run.id)},
        "attempts": {one.id for run in runs for one in store.attempts(run.id, live=False)},
        "plans": {store.plan(run.plan).id for run in runs},
        "flows": {row.id for row in store.flows()},
        "repositories": {row.name for row in store.repositories()},
        "events": {(run.id, len(store.events(run.id))) for run in runs},
        "wakes": {row.key for row in store.pending()},
    }


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("revision", sorted(path.stem for path in RELEASED.glob("*.json")))
def test_data_of_every_released_schema_is_there_after_the_upgrade(tmp_path, dialect, revision):
    address = new_database(dialect, tmp_path)
    before = released(revision, address)
    store = open_store(address, SystemClock())
    after = _kept(store)

    assert after["runs"] == {row["id"] for row in before["runs"]}
    assert after["ops"] == {(row["run"], row["path"]) for row in before["ops"]}
    assert after["attempts"] == {row["id"] for row in before["attempts"]}
    assert after["plans"] == {row["id"] for row in before["plans"]}
    assert after["flows"] == {row["id"] for row in before["flows"]}
    assert len(after["wakes"]) == len(before["wakes"])
    assert sum(number for _, number in after["events"]) == len(before["events"])
    assert [one.verb for run in sorted(after["runs"]) for one in store.requests(RunKey(run))] == ["stop"]
    store.close()


@pytest.mark.parametrize("dialect", BOTH)
def test_an_upgraded_database_works_on(tmp_path, dialect):
    address = new_database(dialect, tmp_path)
    released("0001", address)
    store = open_store(address, SystemClock())

    lease = store.lease("here", 30)
    assert lease.token > 1, "tokens go on where they were"
    store.commit(lease, Changes(wakes=(Wake(RunKey("r9")),)))
    assert RunKey("r9") in {row.key for row in store.pending()}
    store.close()


@pytest.mark.parametrize("dialect", BOTH)
def test_every_schema_says_beside_which_release_it_may_work(tmp_path, dialect):
    store = open_store(new_database(dialect, tmp_path), SystemClock())
    with store._database.read() as connection:
        rules = {row.revision: row.oldest for row in connection.execute(select(schemas))}

    assert max(rules) == REVISION
    ordered = sorted(rules)
    for older, newer in pairwise(ordered):
        assert rules[newer] <= older, f"schema {newer} shuts out the release before it"
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("started", ["before the upgrade", "after the upgrade"])
def test_a_process_of_the_first_release_works_beside_this_one(tmp_path, dialect, started):
    address, older = new_database(dialect, tmp_path), older_release(tmp_path)
    if started == "after the upgrade":
        open_store(address, SystemClock()).close()

    process = subprocess.Popen(
        [sys.executable, "-c", dedent(OLDER), address],
        cwd=older, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "open\n", process.stderr.read()
        store = open_store(address, SystemClock())
        store.wake([Wake(RunKey("r1"))])
        print(file=process.stdin, flush=True)
        assert process.stdout.readline() == "r1\n", process.stderr.read()
        lease = store.lease("newer", 30)
        assert lease.key == RunKey("r2"), "what the older one woke"
        store.commit(lease, Changes())
        assert [event.path for event in store.events("all")] == ["older"]
        store.close()
    finally:
        _, errors = process.communicate()
    assert errors == ""
