"""The step of a forge: which repositories it lets us serve. What is in them is looked at by their own step."""

from __future__ import annotations

from datetime import timedelta

from reconciler.errors import Stalled, Waiting
from reconciler.keys import ForgeKey, RepositoryKey
from reconciler.ports import World
from reconciler.records import Changes, Lease, Wake

LOOK_AGAIN = 900.0  # s between looks that nobody asked for
APART = 30.0  # s between looks at least
MENDED = timedelta(minutes=1)  # between looks at a forge that a person has to let us in to


class Connect:
    """The step of forges. It remembers when it looked: news of repositories that are not served cannot hurry it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._looked_at: dict[str, float] = {}

    def __call__(self, key: ForgeKey, lease: Lease) -> Changes:
        """Serve what is new there. Raises Waiting.

        What is there no more stays as it is known: its own step finds out what became of it.
        """
        world, now = self._world, self._world.clock.now()
        if world.forge is None:
            return Changes()
        since = now - self._looked_at.get(key.forge, 0.0)
        if 0 <= since < APART:
            return Changes(again_at=now + APART - since)
        try:
            new = tuple(world.forge.unknown(world.store.repositories()))
        except Stalled as error:
            raise Waiting(error.reason, error.message, MENDED) from error
        self._looked_at[key.forge] = now
        wakes = tuple(Wake(RepositoryKey(row.name)) for row in new)
        return Changes(repositories=new, wakes=wakes, again_at=now + LOOK_AGAIN)
