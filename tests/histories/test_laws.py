"""The laws hold of random histories, and each mistake of the product breaks one."""

from __future__ import annotations

import pytest

from tests.histories.mutations import MUTATIONS
from tests.histories.playing import play, shrunk

FEW = 200
MORE = 600
TRIED = 60  # histories within which a mistake must show


@pytest.mark.parametrize("seed", range(FEW))
def test_every_law_holds_of_a_history(seed: int) -> None:
    played = play(seed)

    assert not played.broken, f"make histories N=1 SEED={seed} makes it small: {played.broken}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FEW, MORE))
def test_every_law_holds_of_more_histories(seed: int) -> None:
    test_every_law_holds_of_a_history(seed)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_product_breaks_a_law(name: str) -> None:
    with MUTATIONS[name]():
        assert any(play(seed).broken for seed in range(1000, 1000 + TRIED)), f"no history notices that {name}"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_history_that_breaks_a_law_is_made_small() -> None:
    """What is left breaks a law by itself, and no move of it can be left out."""
    with MUTATIONS["stops_are_not_heard"]():
        whole = next(played for seed in range(1000, 1000 + TRIED) if (played := play(seed)).broken)
        small = shrunk(whole)

        assert small.broken
        assert len(small.moves) < len(whole.moves)
        assert play(small.seed, small.moves) == small
        every = range(len(small.moves))
        assert not any(play(small.seed, small.moves[:one] + small.moves[one + 1 :]).broken for one in every)
    assert not play(small.seed, small.moves).broken
