"""Histories in which GitHub is met: by the real adapters, over a connection at which anything may go wrong."""

from __future__ import annotations

from tests.histories.github.calm import calm_down
from tests.histories.github.laws import broken_laws
from tests.histories.github.moves import NAMES, perform
from tests.histories.github.world import GitHubHistoryWorld
from tests.histories.playing import Family

TIGHT = 4  # each so-manieth history has limits that it meets


def _world(seed: int) -> GitHubHistoryWorld:
    return GitHubHistoryWorld(seed, tight=seed % TIGHT == 0)


GITHUB = Family("github", _world, NAMES, perform, calm_down, broken_laws, GitHubHistoryWorld.playing)
