"""The first schema. A migration is never changed once it was released."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LIVE: Any = {"sqlite_where": sa.text("live = 1"), "postgresql_where": sa.text("live")}


def upgrade() -> None:
    """Create every table."""
    _create_queue()
    _create_sources()
    _create_runs()
    _create_reports()
    _create_requests()
    _create_plans_of_flows()


def _create_queue() -> None:
    op.create_table(
        "wakes",
        *_texts("key"),
        *_wholes("priority"),
        *_times("due_at", "ready_at"),
        *_wholes("generation", "token"),
        *_texts("owner"),
        *_times("lease_until"),
        *_wholes("attempts"),
        *_texts("reason", "message"),
        *_flags("parked"),
        sa.PrimaryKeyConstraint("key"),
    )
    _index("wakes", "priority", "ready_at")
    _index("wakes", "ready_at")
    counters = op.create_table("counters", *_texts("name"), *_wholes("value"), sa.PrimaryKeyConstraint("name"))
    op.bulk_insert(counters, [{"name": "token", "value": 0}])


def _create_sources() -> None:
    op.create_table(
        "repositories",
        *_texts("name", "source", "default_branch", "head", "tree"),
        *_bodies("settings_json"),
        *_texts("broken", "pruning_held"),
        *_times("poll_at"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "reviews",
        *_texts("repository", "proposal", "head", "base", "judged"),
        *_flags("open"),
        sa.PrimaryKeyConstraint("repository", "proposal"),
    )


def _create_plans_of_flows() -> None:
    op.create_table(
        "flows",
        *_texts("id", "repository", "scope"),
        *_wholes("version"),
        *_bodies("body"),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("flows", "repository")
    op.create_table(
        "plans", *_texts("id", "hash"), *_wholes("version"), *_bodies("plan_json"), sa.PrimaryKeyConstraint("id")
    )
    _index("plans", "hash")
    op.create_table(
        "schedules",
        *_texts("flow", "hash"),
        *_bodies("schedule_json"),
        sa.Column("last_tick", sa.Double()),
        *_times("registered_at"),
        *_wholes("runs"),
        sa.Column("next_at", sa.Double()),
        *_flags("done"),
        sa.PrimaryKeyConstraint("flow"),
    )
    op.create_table("services", *_texts("flow", "op"), *_bodies("body"), sa.PrimaryKeyConstraint("flow", "op"))


def _create_runs() -> None:
    op.create_table(
        "runs",
        *_texts("id", "flow", "repository", "sha", "status"),
        *_flags("live"),
        *_times("created_at"),
        *_wholes("version"),
        *_bodies("body"),
        sa.PrimaryKeyConstraint("id"),
    )
    for columns in (("flow", "created_at"), ("repository", "created_at"), ("sha",), ("created_at",)):
        _index("runs", *columns)
    op.create_index("ix_runs_live", "runs", ["created_at"], **_LIVE)
    op.create_table("ops", *_texts("run", "path", "status"), *_bodies("body"), sa.PrimaryKeyConstraint("run", "path"))
    op.create_table(
        "attempts",
        *_texts("id", "run", "flow", "op", "place", "queue"),
        *_flags("live"),
        *_times("created_at"),
        *_bodies("body"),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("attempts", "run", "live")
    _index("attempts", "flow", "live")
    op.create_index("ix_attempts_live", "attempts", ["place"], **_LIVE)
    op.create_index("ix_attempts_queue", "attempts", ["queue"], **_LIVE)
    op.create_table(
        "observations",
        _seq(),
        *_texts("attempt", "kind"),
        *_bodies("body_json"),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    _index("observations", "attempt")


def _create_reports() -> None:
    op.create_table(
        "checks",
        *_texts("repository", "sha", "name", "desired"),
        *_bodies("document_json"),
        *_texts("run", "posted", "external_id"),
        *_flags("final"),
        *_times("noted_at"),
        sa.PrimaryKeyConstraint("repository", "sha", "name"),
    )
    _index("checks", "repository", "noted_at")
    op.create_table(
        "events",
        _seq(),
        *_times("at"),
        *_texts("subject", "kind", "path", "status", "reason", "message", "attempt"),
        sa.PrimaryKeyConstraint("seq"),
    )
    _index("events", "subject", "seq")
    op.create_table(
        "metrics",
        *_texts("attempt", "name"),
        *_times("at"),
        *_texts("mark"),
        *_times("value"),
        sa.Column("step", sa.BigInteger()),
        sa.PrimaryKeyConstraint("attempt", "name", "at", "mark"),
    )
    op.create_table(
        "cache",
        *_texts("key", "attempt", "run"),
        *_bodies("outputs_json"),
        *_texts("artifacts"),
        *_times("finished_at"),
        sa.PrimaryKeyConstraint("key", "attempt"),
    )
    _index("cache", "key", "finished_at")


def _create_requests() -> None:
    op.create_table(
        "requests",
        _seq(),
        *_texts("id", "key", "verb", "by"),
        *_times("at"),
        *_texts("target"),
        sa.Column("op", sa.Text()),
        *_bodies("arguments"),
        sa.Column("done_at", sa.Double()),
        *_texts("answer"),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id", name="uq_requests_id"),
    )
    _index("requests", "key", "done_at")
    op.create_table(
        "approvals",
        *_texts("repository", "sha", "by"),
        *_times("at"),
        *_texts("request"),
        sa.PrimaryKeyConstraint("repository", "sha"),
    )


def _seq() -> sa.Column[Any]:
    return sa.Column("seq", _SEQ, autoincrement=True, nullable=False)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Double(), nullable=False) for name in names]


def _wholes(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _flags(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _bodies(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
