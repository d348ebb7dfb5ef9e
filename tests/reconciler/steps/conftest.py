"""The worlds that steps are tested in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.git_source import GitSource
from tests.reconciler.adapters.git_repository import GitRepository
from tests.reconciler.steps.git_world import GitWorld


@pytest.fixture
def git_world(tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "remote.git")


@pytest.fixture
def source(tmp_path: Path, repository: GitRepository) -> GitSource:
    return GitSource(tmp_path / "data", lambda name: str(repository.path))
