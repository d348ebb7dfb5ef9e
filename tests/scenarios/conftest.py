"""The world that scenarios play in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import TestWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    made = TestWorld(tmp_path)
    yield made
    assert made.faults() == 0
    made.store.close()
