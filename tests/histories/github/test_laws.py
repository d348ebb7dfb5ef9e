"""The laws hold of random histories in which GitHub is met, and mistakes about GitHub break one."""

from __future__ import annotations

import pytest

from tests.histories.github.family import GITHUB
from tests.histories.github.mutations import MUTATIONS
from tests.histories.playing import play

FEW = 8
MORE = 220
TRIED = 60  # histories within which a mistake must show; most show within twenty


@pytest.mark.parametrize("seed", range(FEW))
def test_every_law_holds_of_a_history_with_github(seed: int) -> None:
    played = play(seed, family=GITHUB)

    assert not played.broken, f"make histories N=1 SEED={seed} FAMILY=github makes it small: {played.broken}"


def test_a_history_with_github_is_the_same_each_time() -> None:
    assert play(9, family=GITHUB) == play(9, family=GITHUB)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FEW, MORE))
def test_every_law_holds_of_more_histories_with_github(seed: int) -> None:
    test_every_law_holds_of_a_history_with_github(seed)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_about_github_breaks_a_law(name: str) -> None:
    with MUTATIONS[name]():
        seeds = range(1000, 1000 + TRIED)
        noticed = next((seed for seed in seeds if play(seed, family=GITHUB).broken), None)
    assert noticed is not None, f"no history notices that {name}"
    assert not play(noticed, family=GITHUB).broken, "it is broken without the mistake as well"
