"""The laws hold of random histories, and each mistake of the product breaks one."""

from __future__ import annotations

import pytest

from tests.histories.mutations import MUTATIONS
from tests.histories.playing import play

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
