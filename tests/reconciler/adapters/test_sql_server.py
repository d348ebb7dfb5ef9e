"""Statements sent to PostgreSQL together come to what each alone would, in one transaction or none."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from reconciler.adapters.sql.engines import address_of, engine_of
from reconciler.adapters.sql.server import Connection
from tests.reconciler.adapters.sql_world import new_database

pytestmark = pytest.mark.postgres

ADD = "INSERT INTO things (id, name) VALUES ($1, $2)"
ALL = ("SELECT id, name FROM things ORDER BY id", ())


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = engine_of(address_of(new_database("postgresql", tmp_path)), autocommit=False, connections=1)
    with closing(cast(Connection, engine.raw_connection().driver_connection)) as connection:
        connection.execute("CREATE TABLE things (id int PRIMARY KEY, name text, at float8, flag bool, body bytea)")
        connection.commit()
        yield connection


def added(*ids: int) -> list[tuple[str, tuple[Any, ...]]]:
    return [(ADD, (one, f"thing {one}")) for one in ids]


def ids(connection: Connection) -> list[int]:
    return [row[0] for row in connection.answers([ALL])[0].fetchall()]


def test_each_answers_for_itself(connection: Connection) -> None:
    first, second, found = connection.answers([*added(1), ("UPDATE things SET name = $1", ("new",)), ALL])

    assert (first.rowcount, second.rowcount, found.rowcount) == (1, 1, 1)
    assert (first.description, found.description) == ([], [("id",), ("name",)])
    assert found.fetchall() == [(1, "new")]


def test_values_come_back_as_they_were_given(connection: Connection) -> None:
    row = (7, "a 'quoted' \\ thing\n✓", 0.1 + 0.2, True, b"\x00\xff")
    *_, found = connection.answers(
        [("INSERT INTO things VALUES ($1, $2, $3, $4, $5)", row), ("SELECT * FROM things", ())]
    )
    assert found.fetchall() == [row]

    connection.answers([("UPDATE things SET name = $1, at = $2, flag = $3, body = $4", (None,) * 4)])
    assert connection.answers([("SELECT * FROM things", ())])[0].fetchall() == [(7, None, None, None, None)]


def test_they_are_one_transaction_that_is_still_to_be_committed(connection: Connection) -> None:
    connection.answers(added(1))
    connection.answers(added(2))
    connection.rollback()
    assert ids(connection) == []

    connection.answers(added(1))
    connection.commit()
    connection.rollback()
    assert ids(connection) == [1]


def test_statements_may_each_be_a_transaction_of_their_own(connection: Connection) -> None:
    connection.alone = True
    answers = connection.answers(added(1))
    connection.rollback()

    assert [one.rowcount for one in answers] == [1]
    assert ids(connection) == [1]
    assert connection.info.transaction_status == TransactionStatus.IDLE


def test_what_follows_a_failure_is_not_run_and_the_connection_can_be_used_again(connection: Connection) -> None:
    connection.answers(added(1))
    connection.commit()
    new = ("INSERT INTO things (id) VALUES ($1 + 1)", (2,))

    with pytest.raises(psycopg.errors.UniqueViolation, match="things_pkey"):
        connection.answers([*added(2, 1), new])
    connection.rollback()

    assert ids(connection) == [1]
    assert [one.rowcount for one in connection.answers([*added(2), new])] == [1, 1]


def test_a_statement_that_cannot_be_read_does_not_spoil_those_beside_it(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.answers([*added(1), ("SELECT * FROM nothing", ())])
    connection.rollback()

    connection.answers(added(1))
    assert ids(connection) == [1]


def test_a_statement_is_read_by_the_server_once(connection: Connection) -> None:
    for one in range(20):
        connection.answers(added(one))
        connection.rollback()  # after which the driver lets its own be forgotten

    named = "SELECT count(*) FROM pg_prepared_statements WHERE statement = $1"
    assert connection.answers([(named, (ADD,))])[0].fetchall() == [(1,)]


def test_large_values_pass_both_ways_at_once(connection: Connection) -> None:
    large = "x" * 5_000_000
    found = connection.answers([("SELECT $1::text", (large + str(one),)) for one in range(8)])
    assert [one.fetchall() for one in found] == [[(large + str(one),)] for one in range(8)]


def test_a_connection_whose_server_is_gone_is_closed(connection: Connection) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.answers([("SELECT pg_terminate_backend(pg_backend_pid())", ()), ALL])
    assert connection.closed


def test_a_connection_that_is_given_up_in_the_middle_is_closed(connection: Connection) -> None:
    connection.patience = 0.2
    with pytest.raises(psycopg.OperationalError, match="has not answered"):
        connection.answers([("SELECT pg_sleep(30)", ())])
    assert connection.closed
