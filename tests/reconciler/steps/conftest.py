"""The worlds that steps are tested in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reconciler.steps.git_world import GitWorld


@pytest.fixture
def git_world(tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path)
    yield world
    world.close()
