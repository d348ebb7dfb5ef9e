"""The end of a history with GitHub: whatever was taken away is given back, and what was late or failed is told."""

from __future__ import annotations

from tests.histories import calm
from tests.histories.github.world import GitHubHistoryWorld
from tests.histories.world import POLL

HOUR = 3700.0  # s: the longest for which GitHub lets wait


def calm_down(world: GitHubHistoryWorld) -> None:
    """Let the world come to rest."""
    world.drawn.rate, world.drawn.racing = 0.0, False
    world.outage = world.deaf = world.source.away = False
    world.github.state.lag = 0.0
    for row in world.installations():
        if row.suspended_at is not None:
            world.github.unsuspend(row)
    world.let_in()
    if world.repo.archived:
        world.github.unarchive(repository=world.repo)
    world.github.allow("ann", repository=world.repo)
    if world.spent_by_others:
        world.pass_time(HOUR, step=10_000)
    calm.calm_down(world)
    if world.meddled:  # of what is final nobody tells that it is not as it was
        world.wake_everything()
        world.settle()
        world.pass_time(POLL, step=POLL)
