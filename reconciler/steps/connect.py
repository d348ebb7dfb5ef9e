"""The step of a forge: which repositories it lets us serve. What is in them is looked at by their own step."""

from __future__ import annotations

from datetime import timedelta

from reconciler.keys import ForgeKey, RepositoryKey
from reconciler.ports import Stalled, Waiting, World
from reconciler.records import Changes, Lease, Wake

LOOK_AGAIN = 900.0  # s between looks that nobody asked for
MENDED = timedelta(minutes=1)  # between looks at a forge that a person has to let us in to


def connect(world: World, key: ForgeKey, lease: Lease) -> Changes:
    """Serve what is new there. Raises Waiting.

    What is there no more stays as it is known: its own step finds out what became of it.
    """
    if world.forge is None:
        return Changes()
    try:
        new = tuple(world.forge.unknown(world.store.repositories()))
    except Stalled as error:
        raise Waiting(error.reason, error.message, MENDED) from error
    return Changes(
        repositories=new,
        wakes=tuple(Wake(RepositoryKey(row.name)) for row in new),
        again_at=world.clock.now() + LOOK_AGAIN,
    )
