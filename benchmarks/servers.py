"""A PostgreSQL server for the time of a benchmark, with fsync on, and databases in it that nobody else has."""

from __future__ import annotations

import atexit
import os
import subprocess
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from benchmarks.rows import NotMeasured

_SCRIPT = str(Path(__file__).parents[1] / ".ci" / "postgres")
_NUMBERS = count(1)


def new_database() -> str:
    """The URL of an empty database. Raises NotMeasured where no server can be started."""
    url, name = make_url(_server()), f"bench{next(_NUMBERS)}"
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return url.set(database=name).render_as_string(hide_password=False)


@cache
def _server() -> str:
    place = tempfile.mkdtemp(prefix="headgate-bench-")
    os.chmod(place, 0o711)
    words, durable = [_SCRIPT, "start", f"{place}/server"], {**os.environ, "FSYNC": "on"}
    started = subprocess.run(words, env=durable, capture_output=True, text=True)
    if started.returncode:
        log = Path(f"{place}/server.log")
        said = log.read_text().strip() if log.exists() else started.stderr.strip()
        raise NotMeasured(f"PostgreSQL could not be started: {said.splitlines()[-1] if said else 'nothing was said'}")
    atexit.register(_stop, place)
    return started.stdout.strip()


def _stop(place: str) -> None:
    subprocess.run([_SCRIPT, "stop", f"{place}/server"], check=True)
    subprocess.run(["rm", "-rf", place, f"{place}/server.log"], check=True)
