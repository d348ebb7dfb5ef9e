"""Where keys belong: what has processes and files in one place is moved on by services of that place alone.

A place that was given up has nothing any more: whoever comes first goes on with what was there.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.ports import World
from reconciler.records import Changes


def here(world: World) -> str:
    """The place of this service; "" where nothing is configured to run flows."""
    return world.executor.place if world.executor is not None else ""


def is_elsewhere(world: World, place: str) -> bool:
    """Whether only services of another place may act for what belongs to `place`."""
    if place in ("", here(world)):
        return False
    known = world.store.place(place)
    return known is None or not known.given_up_at


def others(world: World, places: Iterable[str]) -> list[str]:
    """Those of these places that are other ones, in order."""
    return [place for place in sorted(set(places)) if is_elsewhere(world, place)]


def handed_to(world: World, place: str) -> Changes:
    """Nothing is changed, but the key belongs to that place from now on."""
    return Changes(place=place, again_at=world.clock.now())
