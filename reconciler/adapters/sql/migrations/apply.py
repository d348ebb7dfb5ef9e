"""Runs the migrations of this folder from within the program: nobody needs an alembic.ini."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from reconciler.ports import Stalled


def upgrade(connection: Connection, current: str | None) -> None:
    """Bring the schema from `current` to the newest, in the open transaction. Raises Stalled if that is unknown."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise Stalled(
            "StoreNewer",
            f"The database has schema {current}, which this release of Headgate does not know: "
            "a newer release has used it. Install that release, or name another database.",
        )
    command.upgrade(config, "head")
