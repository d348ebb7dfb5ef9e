"""Statements on the driver's own cursor give what SQLAlchemy gives, and connections are used again."""

from contextlib import closing

import pytest
from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text, create_engine, insert, select
from sqlalchemy.exc import IntegrityError

from reconciler.adapters.sql import direct
from reconciler.adapters.sql.kept import FRESH, Kept

THINGS = Table(
    "things", MetaData(), Column("id", Integer, primary_key=True), Column("name", Text), Column("flag", Boolean)
)
ADD = insert(THINGS)
ALL = select(THINGS).order_by(THINGS.c.id)
ONE = {"id": 1, "name": "a", "flag": True}
TWO = {"id": 2, "name": None, "flag": False}


@pytest.fixture
def kept(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/things.db")
    THINGS.metadata.create_all(engine)
    with closing(Kept(engine)) as connections:
        yield connections


@pytest.fixture
def connection(kept):
    with kept.one() as connection:
        yield connection


def test_rows_come_back_as_they_were_given(connection):
    assert direct.change(connection, ADD, [ONE, TWO]) == 2

    found = direct.rows(connection, ALL)
    assert found == [ONE, TWO]
    assert found[0]["flag"] is True


def test_the_first_row_is_none_where_nothing_is_found(connection):
    assert direct.row(connection, ALL) is None


def test_a_row_may_name_some_columns_only(connection):
    direct.change(connection, ADD, [{"id": 3}])
    direct.change(connection, ADD, [ONE])

    assert direct.rows(connection, ALL) == [ONE, {"id": 3, "name": None, "flag": None}]


def test_a_statement_that_fails_raises_what_sqlalchemy_raises(connection):
    direct.change(connection, ADD, [ONE])

    with pytest.raises(IntegrityError):
        direct.change(connection, ADD, [ONE])


def test_a_connection_that_was_used_just_now_is_used_again(kept):
    with kept.one() as first:
        pass
    with kept.one() as second:
        assert second is first


def test_two_at_once_have_a_connection_each(kept):
    with kept.one() as first, kept.one() as second:
        assert first is not second


def test_a_connection_is_not_used_again_after_an_error(kept):
    with pytest.raises(ZeroDivisionError), kept.one() as first:
        raise ZeroDivisionError
    with kept.one() as second:
        assert second is not first
    assert first.closed


def test_a_connection_that_rested_goes_back_to_the_pool(kept, monkeypatch):
    with kept.one() as first:
        pass
    monkeypatch.setattr("reconciler.adapters.sql.kept.FRESH", -FRESH)

    with kept.one() as second:
        assert second is not first
    assert first.closed


def test_what_is_not_committed_is_gone_for_the_next_user(kept):
    with kept.one() as connection:
        connection.execute(ADD, ONE)
    with kept.one() as connection:
        assert direct.rows(connection, ALL) == []
