"""`headgate doctor` before a PostgreSQL: healthy, away, locked to us, not ours to write, newer, a standby."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from tests.console.typing_in import Terminal
from tests.e2e.database_server import DatabaseServer
from tests.reconciler.adapters.sql_world import new_database

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(170)]

Doctor = Callable[..., dict[str, dict[str, Any]]]
HIDDEN = "kept-to-ourselves"


@pytest.fixture
def told(bare: Terminal, data: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """The worst finding of each check of a database, by its name."""

    def ask(address: str, code: int) -> dict[str, dict[str, Any]]:
        data.mkdir(mode=0o700, exist_ok=True)
        monkeypatch.setenv("HEADGATE_DATABASE", address)
        typed = bare("doctor", "--format", "json", "--data-dir", str(data))
        assert "Traceback" not in typed.err
        assert HIDDEN not in typed.out + typed.err
        assert typed.code == code, typed.out + typed.err
        order = ["ok", "unknown", "warning", "problem"]
        found = sorted(json.loads(typed.out)["findings"], key=lambda one: order.index(one["level"]))
        return {one["check"]: one for one in found}

    return ask


@pytest.fixture
def server() -> Iterator[DatabaseServer]:
    made = DatabaseServer()
    open_store(made.url, SystemClock()).close()
    yield made
    made.close()


def sql(address: str, *statements: str) -> None:
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_healthy_server_is_told_to_be(told, tmp_path):
    address = new_database("postgresql", tmp_path)
    open_store(address, SystemClock()).close()
    found = told(address, code=0)

    assert found["database"]["level"] == found["database-schema"]["level"] == "ok"
    assert "It is whole (" in found["database"]["what"]
    assert found["clock"]["level"] == "ok"
    assert found["queue"]["level"] == "ok"


def test_an_empty_database_is_filled_by_the_first_start(told, tmp_path):
    found = told(new_database("postgresql", tmp_path), code=0)

    assert found["database-schema"]["what"] == "It is empty."


def test_a_newer_schema_is_told_with_what_to_install(told, tmp_path):
    address = new_database("postgresql", tmp_path)
    open_store(address, SystemClock()).close()
    sql(address, "UPDATE schema_version SET version_num = '0099'")
    found = told(address, code=1)

    assert found["database-schema"]["what"].startswith("It has schema 0099; this release knows ")
    assert "Install the release" in found["database-schema"]["do"]


def test_a_database_of_somebody_else_is_told(told, tmp_path):
    address = new_database("postgresql", tmp_path)
    sql(address, "CREATE TABLE cooking (recipe text)")
    found = told(address, code=1)

    assert "tables of something else" in found["database"]["what"]


def test_a_server_that_is_down_is_told_in_a_sentence(told, server):
    server.do("down", "fast")
    found = told(server.url, code=1)
    server.do("up")

    assert found["database"]["level"] == "problem"
    assert "cannot be used now" in found["database"]["what"]
    assert "\n" not in found["database"]["what"]
    assert "Is its server up" in found["database"]["do"]
    assert told(server.url, code=0)["database"]["level"] == "ok"


def test_a_wrong_password_and_an_unknown_database_are_told_from_a_server_that_is_away(told, server):
    sql(server.url, "ALTER ROLE headgate PASSWORD 'right'")
    (server.folder / "data/pg_hba.conf").write_text("local all all scram-sha-256\n")
    sql(server.url, "SELECT pg_reload_conf()")
    right, wrong = (make_url(server.url).set(password=word) for word in ("right", HIDDEN))

    def shown(url):
        return url.render_as_string(hide_password=False)

    refused = told(shown(wrong), code=1)["database"]
    unknown = told(shown(right.set(database="nothing")), code=1)["database"]

    assert "password authentication failed" in refused["what"]
    assert "Is its server up" not in refused["do"]
    assert "password" in refused["do"]
    assert '"nothing" does not exist' in unknown["what"]
    assert "Is its server up" not in unknown["do"]
    assert told(shown(right), code=0)["database"]["level"] == "ok"


LIMITED = f"limited_{uuid4().hex[:8]}"  # users are of the whole server


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[str]:
    """A database with our tables, for a user who may only read them."""
    address = new_database("postgresql", tmp_path)
    open_store(address, SystemClock()).close()
    schema = schema_of(address)
    sql(address, f"CREATE ROLE {LIMITED} LOGIN", f"GRANT USAGE ON SCHEMA {schema} TO {LIMITED}")
    sql(address, f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {LIMITED}")
    yield of_user(address, LIMITED)
    sql(address, f"DROP OWNED BY {LIMITED}", f"DROP ROLE {LIMITED}")


def of_user(address: str, user: str) -> str:
    return make_url(address).set(username=user).render_as_string(hide_password=False)


def schema_of(address: str) -> str:
    return str(make_url(address).query["options"]).partition("=")[2]


def grant(address: str, what: str) -> None:
    sql(of_user(address, "headgate"), f"GRANT ALL ON ALL {what} IN SCHEMA {schema_of(address)} TO {LIMITED}")


def test_tables_that_may_not_be_written_are_told_with_what_to_grant(told, limited):
    tables = told(limited, code=1)["database"]
    grant(limited, "TABLES")
    sequences = told(limited, code=1)["database"]
    grant(limited, "SEQUENCES")

    assert tables["what"].startswith("Its user may not write all that is ours: accounts, ")
    assert " more." in tables["what"]
    assert "GRANT ALL" in tables["do"]
    assert sequences["what"].startswith("Its user may not write all that is ours: events_seq_seq")
    assert told(limited, code=0)["database"]["level"] == "ok"


def test_tables_that_may_not_even_be_read_are_no_server_that_is_down(told, limited):
    sql(of_user(limited, "headgate"), f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema_of(limited)} FROM {LIMITED}")
    refused = told(limited, code=1)["database"]

    assert "permission denied for table" in refused["what"]
    assert "GRANT ALL" in refused["do"]
    assert "Is its server up" not in refused["do"]


def test_an_empty_database_in_which_nothing_may_be_made_is_told(told, tmp_path, limited):
    address = new_database("postgresql", tmp_path)
    sql(address, f"GRANT USAGE ON SCHEMA {schema_of(address)} TO {LIMITED}")
    found = told(of_user(address, LIMITED), code=1)

    assert found["database-schema"]["what"] == "It is empty, and its user may not make tables in it."
    assert "own the database" in found["database-schema"]["do"]


def test_a_user_whose_transactions_only_read_by_default_is_told(told, bare, data, limited):
    grant(limited, "TABLES")
    grant(limited, "SEQUENCES")
    sql(of_user(limited, "headgate"), f"ALTER ROLE {LIMITED} SET default_transaction_read_only = on")
    found = told(limited, code=1)["database"]
    asked = bare("stop", "@last", "--data-dir", str(data))

    assert found["what"] == "It takes no writes from this user: `default_transaction_read_only` is on."
    assert "ALTER ROLE … RESET" in found["do"]
    assert asked.code == 3
    assert "it is a standby, or `default_transaction_read_only` is on" in asked.err


def test_a_standby_is_no_database_to_work_on(told, bare, data, server):
    server.do("standby")
    standby = server.url.replace(str(server.folder), str(server.folder / "beside"))
    found = told(standby, code=1)
    asked = bare("stop", "@last", "--data-dir", str(data))

    assert asked.code == 3
    assert "nothing can be written to its server: it is a standby, or " in asked.err
    assert found["database"]["what"] == "It is a standby: nothing can be written to it."
    assert "primary" in found["database"]["do"]
    assert told(server.url, code=0)["database"]["level"] == "ok"
