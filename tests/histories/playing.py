"""A history played from its seed, judged by the laws, and made small where one is broken."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from tests.histories.calm import calm_down
from tests.histories.laws import broken_laws
from tests.histories.moves import NAMES, Move, drawn, perform
from tests.histories.world import HistoryWorld, NeverRests
from tests.world import dag, exits

LENGTHS = (4, 6, 9, 14, 28)  # moves: short histories are cheap, what only long ones meet is met as well
NEVER_RESTS = "the world never comes to rest"


@dataclass(frozen=True, slots=True)
class Family:
    """Histories of one kind of world: what can happen there, how it comes to rest, what must hold then."""

    name: str
    world: Callable[[int], Any]
    names: Sequence[str]
    perform: Callable[[Any, Move], None]
    calm_down: Callable[[Any], None]
    broken_laws: Callable[[Any], list[str]]
    around: Callable[[Any], AbstractContextManager[object]] = nullcontext  # while one is played


CORE = Family("core", HistoryWorld, NAMES, perform, calm_down, broken_laws)


@dataclass(frozen=True, slots=True)
class Played:
    """A history and what came of it."""

    seed: int
    moves: tuple[Move, ...]
    broken: tuple[str, ...]
    steps: int
    faults: dict[str, int]
    outcomes: dict[str, int]
    family: Family = CORE

    @property
    def laws(self) -> set[str]:
        """The names of those that are broken."""
        return {found.partition(":")[0] for found in self.broken}


def play(seed: int, moves: Sequence[Move] | None = None, family: Family = CORE) -> Played:
    """Play the history of a seed, or some of its moves, to rest, and judge it."""
    chosen = tuple(drawn(seed, LENGTHS, family.names) if moves is None else moves)
    world = family.world(seed)
    with family.around(world):
        broken = tuple(_outcome(world, chosen, family))
    return Played(seed, chosen, broken, world.steps(), world.drawn.counts, world.outcomes(), family)


def _outcome(world: HistoryWorld, moves: Sequence[Move], family: Family) -> list[str]:
    try:
        world.connect(keep=dag({"a": exits(0)}), other=dag({"a": exits(0)}), third=dag({"a": exits(0)}))
        for move in moves:
            family.perform(world, move)
        family.calm_down(world)
        return family.broken_laws(world)
    except NeverRests:
        return [NEVER_RESTS]
    except Exception as error:  # noqa: BLE001 - a history that cannot be played to its end is told like any other
        where = traceback.extract_tb(error.__traceback__)[-1]
        return [f"{type(error).__name__} in {where.name} ({where.filename}:{where.lineno}): {error}"]


def shrunk(played: Played, is_broken: Callable[[Played], bool] = lambda one: bool(one.broken)) -> Played:
    """The same history with as few moves as still break a law: halves, quarters … are left out in turn."""
    best, size = played, max(1, len(played.moves) // 2)
    while size:
        start = 0
        while start < len(best.moves):
            tried = play(best.seed, best.moves[:start] + best.moves[start + size :], best.family)
            if is_broken(tried):
                best = tried
            else:
                start += size
        size //= 2
    return best
