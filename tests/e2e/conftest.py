"""What tests of whole services share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.database_server import DatabaseServer
from tests.e2e.service import Place


@pytest.fixture
def shared(tmp_path: Path) -> Place:
    """A repository and a directory for services that share it."""
    return Place(tmp_path)


@pytest.fixture
def server() -> Iterator[DatabaseServer]:
    """A PostgreSQL server of the test's own."""
    made = DatabaseServer()
    yield made
    made.close()
