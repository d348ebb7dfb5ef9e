"""A PostgreSQL server of one test's own: taken away, brought back, lost for its standby."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

_COMMAND = Path(__file__).parents[2] / ".ci" / "postgres"
# Who listens asks now and then whether the server still knows, and that is then the last thing it said.
_LISTENERS = text(
    "SELECT pid FROM pg_stat_activity WHERE (query LIKE '%LISTEN%' OR query = 'SELECT 1') AND pid <> pg_backend_pid()"
)


class DatabaseServer:
    """Started at once. Its files are in a short path of their own, as it speaks over a Unix socket there."""

    def __init__(self) -> None:
        if not (shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
            pytest.skip("PostgreSQL's initdb is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="headgate-pg-"))
        self.url = self.do("start").strip()

    def do(self, verb: str, *words: str) -> str:
        """What `.ci/postgres` can: down and up, standby and failover."""
        command = [str(_COMMAND), verb, str(self.folder), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listeners(self) -> set[int]:
        """The server's processes that tell somebody of commits."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            return set(connection.execute(_LISTENERS).scalars())

    def close(self) -> None:
        """End it and all that is left of it."""
        self.do("stop")
        shutil.rmtree(self.folder)
        self.folder.with_name(f"{self.folder.name}.log").unlink()
