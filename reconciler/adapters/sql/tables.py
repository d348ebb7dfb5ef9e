"""The relational schema. Moving a database from one schema to the next is the migrations' part.

Rows of scalars have a column per field. Rows that hold nested values keep them as one JSON document in `body`, beside
the columns that something is looked up by. Times are seconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from reconciler.adapters.sql.moment import Due

NAMES = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)

_Seq = BigInteger().with_variant(Integer, "sqlite")  # only an INTEGER key of SQLite counts up by itself

_LIVE: Any = {"sqlite_where": text("live = 1"), "postgresql_where": text("live")}  # few rows of many


class _Plain(Text):
    """Text that PostgreSQL takes as well: what ops print may hold NUL, which it refuses."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        if dialect.name == "sqlite":
            return None
        return lambda value: value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


class _Bytes(LargeBinary):
    """Bytes as they are: both drivers take them without the wrapper that costs more than the insert itself."""

    def bind_processor(self, dialect: Dialect) -> None:
        return None


def _key(name: str) -> Column[Any]:
    return Column(name, Text, primary_key=True)


def _seq() -> Column[Any]:
    return Column("seq", _Seq, primary_key=True, autoincrement=True)


def _text(name: str) -> Column[Any]:
    return Column(name, _Plain, nullable=False)


def _time(name: str, nullable: bool = False) -> Column[Any]:
    return Column(name, Double, nullable=nullable)


def _due(name: str) -> Column[Any]:
    return Column(name, Due, nullable=False)


def _whole(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False)


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False)


def _body(name: str = "body") -> Column[Any]:
    return Column(name, _Bytes, nullable=False)


wakes = Table(
    "wakes",
    NAMES,
    _key("key"),
    _whole("priority"),
    _due("due_at"),  # when it is wanted; NEVER while its present holder has seen every wake
    _due("ready_at"),  # when it may be leased: due_at, or the end of the lease; NEVER while parked
    _whole("generation"),
    _whole("token"),  # of the present lease, 0 = nobody's
    _text("owner"),
    _time("lease_until"),  # … or when it was given back
    _whole("attempts"),
    _text("reason"),
    _text("message"),
    _flag("parked"),
    # The place whose services alone may lease it; "" = any, "*" = any, and it waits for one that has a slot free.
    Column("place", Text, nullable=False, server_default=""),
    Index(None, "priority", "ready_at"),
    Index(None, "ready_at"),
)
places = Table(
    "places",
    NAMES,
    _key("name"),
    *(_text(name) for name in ("address", "mark", "release")),
    _time("seen_at"),
    _time("given_up_at"),  # 0 = it is not
)
schemas = Table("schemas", NAMES, _key("revision"), _text("oldest"), _text("release"))
first_release = Table(  # where the first release looks for the schema that it knows
    "alembic_version",
    NAMES,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
counters = Table("counters", NAMES, _key("name"), _whole("value"))
repositories = Table(
    "repositories",
    NAMES,
    _key("name"),
    *(_text(name) for name in ("source", "default_branch", "head", "tree")),
    _body("settings_json"),
    _text("broken"),
    _text("pruning_held"),
    _time("poll_at"),
)
reviews = Table(
    "reviews",
    NAMES,
    _key("repository"),
    _key("proposal"),
    *(_text(name) for name in ("head", "base", "judged")),
    _flag("open"),
    Column("target", Text, nullable=False, server_default=""),
    Column("head_since", Double, nullable=False, server_default="0"),
)
flows = Table(
    "flows",
    NAMES,
    _key("id"),
    _text("repository"),
    _text("scope"),
    _whole("version"),
    _body(),
    Index(None, "repository"),
)
plans = Table("plans", NAMES, _key("id"), _text("hash"), _whole("version"), _body("plan_json"), Index(None, "hash"))
runs = Table(
    "runs",
    NAMES,
    _key("id"),
    _text("flow"),
    _text("repository"),
    _text("sha"),
    _text("status"),
    _flag("live"),
    _time("created_at"),
    _whole("version"),
    _body(),
    Index(None, "flow", "created_at"),
    Index(None, "repository", "created_at"),
    Index(None, "sha"),
    Index(None, "created_at"),
    Index("ix_runs_live", "created_at", **_LIVE),
)
ops = Table("ops", NAMES, _key("run"), _key("path"), _text("status"), _body())
attempts = Table(
    "attempts",
    NAMES,
    _key("id"),
    *(_text(name) for name in ("run", "flow", "op", "place", "queue")),
    _flag("live"),
    _time("created_at"),
    _body(),
    Index(None, "run", "live"),
    Index(None, "flow", "live"),
    Index("ix_attempts_live", "place", **_LIVE),
    Index("ix_attempts_queue", "queue", **_LIVE),
)
observations = Table(
    "observations",
    NAMES,
    _seq(),
    _text("attempt"),
    _text("kind"),
    _body("body_json"),
    Index(None, "attempt"),
    sqlite_autoincrement=True,  # a seq that was folded is never given again
)
requests = Table(
    "requests",
    NAMES,
    _seq(),
    Column("id", Text, nullable=False, unique=True),
    *(_text(name) for name in ("key", "verb", "by")),
    _time("at"),
    _text("target"),
    Column("op", Text),
    _body("arguments"),
    _time("done_at", nullable=True),
    _text("answer"),
    Index(None, "key", "done_at"),
)
conversations = Table("conversations", NAMES, _key("repository"), _key("proposal"), _body())
deliveries = Table(
    "deliveries",
    NAMES,
    _key("id"),
    Column("digest", Text, nullable=False, unique=True),
    *(_text(name) for name in ("event", "repository")),
    _time("received_at"),
    _text("said"),
    Index(None, "received_at"),
)
approvals = Table("approvals", NAMES, _key("repository"), _key("sha"), _text("by"), _time("at"), _text("request"))
schedules = Table(
    "schedules",
    NAMES,
    _key("flow"),
    _text("hash"),
    _body("schedule_json"),
    _time("last_tick", nullable=True),
    _time("registered_at"),
    _whole("runs"),
    _time("next_at", nullable=True),
    _flag("done"),
)
services = Table(
    "services",
    NAMES,
    _key("flow"),
    _key("op"),
    _body(),
    Column("version", BigInteger, nullable=False, server_default="0"),
)
checks = Table(
    "checks",
    NAMES,
    *(_key(name) for name in ("repository", "sha", "name")),
    _text("desired"),
    _body("document_json"),
    *(_text(name) for name in ("run", "posted")),
    _text("external_id"),  # always "": the first release knows it, and nobody reads it
    _flag("final"),
    _time("noted_at"),
    Index(None, "repository", "noted_at"),
)
events = Table(
    "events",
    NAMES,
    _seq(),
    _time("at"),
    *(_text(name) for name in ("subject", "kind", "path", "status", "reason", "message", "attempt")),
    Index(None, "subject", "seq"),
)
metrics = Table(
    "metrics",
    NAMES,
    _key("attempt"),
    _key("name"),
    Column("at", Double, primary_key=True),
    _key("mark"),  # the step as text, as a key holds no null
    Column("value", Double, nullable=False),
    Column("step", BigInteger),
)
cache = Table(
    "cache",
    NAMES,
    _key("key"),
    _key("attempt"),
    _text("run"),
    _body("outputs_json"),
    _text("artifacts"),
    _time("finished_at"),
    Index(None, "key", "finished_at"),
)
accounts = Table("accounts", NAMES, _key("account"), _time("paused_until"), _text("reason"))
spending = Table(
    "spending",
    NAMES,
    _key("account"),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    _whole("points"),
    _whole("writes"),
)
sessions = Table("sessions", NAMES, _key("name"), _time("until"), _body("sealed"), Index(None, "until"))
