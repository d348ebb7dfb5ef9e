"""The world that scenarios on GitHub play in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.github.world import GitHubWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    made = GitHubWorld(tmp_path)
    yield made
    assert made.faults() == 0
    made.close()
