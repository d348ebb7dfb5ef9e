"""The laws hold of random histories in which GitHub is met, and mistakes about GitHub break one."""

from __future__ import annotations

import pytest

from tests.histories.github.family import GITHUB
from tests.histories.github.mutations import MUTATIONS
from tests.histories.playing import play

FEW = 8
MORE = 220
ODD = (
    530_026,  # of the same line two remarks differ in their titles alone, and one is not true any more
    531_028,  # a comment is sent on to the new name of its repository, and the minute is full
    532_865,  # the repository is given away while a comment is worded anew, and GitHub has neither any more
    533_644,  # a process sleeps over a request, and the minute is full
    533_925,  # a check's last words cannot be said again, as what they told of was pruned
    531_085,  # our clock is an hour ahead, and a comment's webhook is lost
)
TRIED = 60  # histories within which a mistake must show; most show within twenty
# Of mistakes that take more of them, or long ones: a history that notices. Where it does so no more, all are tried.
NOTICING = {
    "nothing_is_adopted": 1001,
    "runs_of_the_same_key_are_not_known": 1001,
    "patience_is_not_kept": 1035,
    "each_process_counts_alone": 1016,
    "installations_are_never_looked_up_again": 1054,
    "repositories_are_known_by_name_alone": 1018,
    "nobody_looks_by_the_clock": 1016,
    "what_is_gone_ends_the_step": 1018,
    "what_is_sent_on_is_not_counted": 531_028,
}


@pytest.mark.parametrize("seed", range(FEW))
def test_every_law_holds_of_a_history_with_github(seed: int) -> None:
    played = play(seed, family=GITHUB)

    assert not played.broken, f"make histories N=1 SEED={seed} FAMILY=github makes it small: {played.broken}"


def test_a_history_with_github_is_the_same_each_time() -> None:
    assert play(9, family=GITHUB) == play(9, family=GITHUB)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [*range(FEW, MORE), *ODD])
def test_every_law_holds_of_more_histories_with_github(seed: int) -> None:
    test_every_law_holds_of_a_history_with_github(seed)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_about_github_breaks_a_law(name: str) -> None:
    seeds = dict.fromkeys([NOTICING.get(name, 1000), *range(1000, 1000 + TRIED)])
    with MUTATIONS[name]():
        noticed = next((seed for seed in seeds if play(seed, family=GITHUB).broken), None)
    assert noticed is not None, f"no history notices that {name}"
    assert not play(noticed, family=GITHUB).broken, "it is broken without the mistake as well"
