"""A history played from its seed, judged by the laws, and made small where one is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.histories.calm import calm_down
from tests.histories.laws import broken_laws
from tests.histories.moves import Move, drawn, perform
from tests.histories.world import HistoryWorld, NeverRests
from tests.world import dag, exits

MOVES = 25


@dataclass(frozen=True, slots=True)
class Played:
    """A history and what came of it."""

    seed: int
    moves: tuple[Move, ...]
    broken: tuple[str, ...]
    steps: int
    faults: dict[str, int]


def play(seed: int, moves: Sequence[Move] | None = None) -> Played:
    """Play the history of a seed, or some of its moves, to rest, and judge it."""
    chosen = tuple(drawn(seed, MOVES) if moves is None else moves)
    world = HistoryWorld(seed)
    return Played(seed, chosen, tuple(_outcome(world, chosen)), world.steps(), world.drawn.counts)


def _outcome(world: HistoryWorld, moves: Sequence[Move]) -> list[str]:
    try:
        world.connect(keep=dag({"a": exits(0)}), other=dag({"a": exits(0)}), third=dag({"a": exits(0)}))
        for move in moves:
            perform(world, move)
        calm_down(world)
        return broken_laws(world)
    except NeverRests:
        return ["the world never comes to rest"]


def shrunk(played: Played, is_broken: Callable[[Played], bool] = lambda one: bool(one.broken)) -> Played:
    """The same history with as few moves as still break a law: halves, quarters … are left out in turn."""
    best, size = played, max(1, len(played.moves) // 2)
    while size:
        start = 0
        while start < len(best.moves):
            tried = play(best.seed, best.moves[:start] + best.moves[start + size :])
            if is_broken(tried):
                best = tried
            else:
                start += size
        size //= 2
    return best
