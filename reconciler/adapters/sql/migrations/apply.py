"""Runs the migrations of this folder from within the program: nobody needs an alembic.ini."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection, current: str | None, table: str) -> None:
    """Bring the schema from `current` to the newest, in the open transaction. `table` keeps what it is."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = table
    if current is not None:  # the first release kept it elsewhere
        command.stamp(config, current)
    command.upgrade(config, "head")
