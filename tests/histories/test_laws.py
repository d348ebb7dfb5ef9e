"""The laws hold of random histories, and each mistake of the product breaks one."""

from __future__ import annotations

from random import Random

import pytest

from tests.histories.flows import twins
from tests.histories.laws import (
    LAWS,
    every_run_ends,
    ops_of_a_run_do_not_stand_in_for_each_other,
    what_is_past_its_time_goes,
    who_asked_to_stop_is_heard,
)
from tests.histories.mutations import (
    LAW_OF,
    MUTATIONS,
    every_run_speaks_for_its_commit,
    proposals_are_judged_anew,
    results_of_the_same_run_are_used,
    stops_are_not_heard,
    superseded_plans_start,
    what_was_handed_over_is_left,
)
from tests.histories.playing import NEVER_RESTS, play, shrunk
from tests.histories.said import a_check_says_what_became_of_its_run
from tests.histories.world import HistoryWorld
from tests.world import Ending, dag, exits, op, runs_forever

FEW = 200
MORE = 600
ODD = (
    *(302_279, 302_998),  # the branch comes back to a commit, waits there to begin a flow anew, and goes on
    516_692,  # two runs declare a service, and the later commit read before the earlier one
    41_921,  # something is seen of an instance of a service, late, while it is pruned
    1_796,  # a proposal breaks a flow, and the branch is moved back to before that flow
    93_725,  # a run takes over what its predecessor had reused of a third one, whose files are past their time
    303_369,  # other words were posted, nobody heard of it, and the former ones are desired again
)
TRIED = 200  # histories within which a mistake must show; most show within ten
# Of mistakes that take more of them: a history that notices. Where it does so no more, all are tried.
NOTICING = {
    "versions_are_not_checked": 1074,
    "wakes_during_a_step_are_acknowledged": 1023,
    "starts_are_repeated": 1005,
    "instances_are_left": 1023,
    "nobody_looks_again": 1008,
    "observations_of_services_are_not_passed_on": 1005,
    "timeouts_are_lost": 1005,
    "skipping_is_a_fault": 1043,
    "proposals_are_always_green": 1052,
    "what_is_hidden_counts_as_untouched": 1017,
    "newer_words_are_not_said": 1017,
    "what_is_needed_is_pruned": 1010,
    "nothing_is_pruned": 1043,
    "pruned_runs_leave_no_trace": 1043,
    "files_go_before_that_is_written": 1097,
    "frozen_flows_are_removed": 1010,
    "removals_are_not_held": 1043,
    "rejected_flows_run": 1010,
    "nobody_minds_the_clock": 1122,
}


@pytest.mark.parametrize("seed", range(FEW))
def test_every_law_holds_of_a_history(seed: int) -> None:
    played = play(seed)

    assert not played.broken, f"make histories N=1 SEED={seed} makes it small: {played.broken}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [*range(FEW, MORE), *ODD])
def test_every_law_holds_of_more_histories(seed: int) -> None:
    test_every_law_holds_of_a_history(seed)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_product_breaks_a_law(name: str) -> None:
    seeds = dict.fromkeys([NOTICING.get(name, 1000), *range(1000, 1000 + TRIED)])
    with MUTATIONS[name]():
        noticed = next((seed for seed in seeds if LAW_OF[name] in play(seed).laws), None)
    assert noticed is not None, f"by no history {LAW_OF[name]} notices that {name}"
    assert not play(noticed).broken, "it is broken without the mistake as well"


def test_every_law_has_a_mistake_that_it_notices() -> None:
    below = {ops_of_a_run_do_not_stand_in_for_each_other, who_asked_to_stop_is_heard}

    assert {law.__name__ for law in set(LAWS) - below} == set(LAW_OF.values()) - {NEVER_RESTS}


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


def test_a_superseded_plan_that_starts_is_seen() -> None:
    """Random histories come to this too seldom: two commits that wait, one after the other, for a run to end."""
    with superseded_plans_start():
        world = HistoryWorld(seed=0)
        for ops in ({"train": runs_forever()}, {"train": exits(0)}, {"train": op("exit", "0", "newest")}):
            world.merge(ops=ops)
            world.settle()
        world.executor.end("train", Ending())
        world.settle()

    assert world.wrong == ["merge:2 of churn started a plan that was superseded"]


def test_what_was_handed_to_a_run_that_never_begins_and_is_left_is_seen() -> None:
    """Random histories come to this once in some twenty thousand: a run is stopped between its making and its step."""
    with what_was_handed_over_is_left():
        world = HistoryWorld(seed=0)
        world.ask("stop", world.hand_over())
        world.settle()

    assert list(every_run_ends(world)) == ["long of merge:2 is still started"]


def test_a_result_of_the_same_run_that_is_used_is_seen() -> None:
    """Random histories mostly find the result of an earlier run first."""
    with results_of_the_same_run_are_used():
        world = HistoryWorld(seed=0)
        world.merge(ops=twins(Random(0), "x"))
        world.settle(seconds=10)

    assert list(ops_of_a_run_do_not_stand_in_for_each_other(world)) == ["same of merge:1 used a result of its own run"]


def test_a_stop_that_is_not_heard_is_seen() -> None:
    """Random histories mostly show before that that the run goes on for ever."""
    with stops_are_not_heard():
        world = HistoryWorld(seed=0)
        world.merge(ops={"train": runs_forever()})
        world.settle()
        world.ask("stop", world.run().id)
        world.settle(seconds=10)
        world.executor.end("train", Ending())
        world.settle()

    assert [found.partition(":")[0] for found in who_asked_to_stop_is_heard(world)] == ["request-1 stopped nothing"]


def test_a_proposal_that_is_judged_anew_without_news_is_seen() -> None:
    """Random histories mostly come to this in the second look alone."""
    with proposals_are_judged_anew():
        world = HistoryWorld(seed=0)
        world.merge(ops={"train": exits(0)})
        world.propose("topic", churn=dag({"train": exits(1)}))
        world.settle(seconds=10)
        world.wake_everything()
        world.settle()

    assert [found for found in world.wrong if found.endswith("without news")]


def test_an_older_run_that_speaks_for_its_commit_is_seen() -> None:
    """Random histories come to this too seldom: a run is started again before it has ended."""
    with every_run_speaks_for_its_commit():
        world = HistoryWorld(seed=0)
        world.merge(ops={"train": runs_forever()})
        world.settle()
        first = world.run().id
        world.ask("restart", first)
        world.settle(seconds=10)
        world.ask("stop", first)
        world.settle()

    found = list(a_check_says_what_became_of_its_run(world))
    assert len(found) == 1
    assert found[0].endswith(f"speaks of {first}, which is not the newest")


def test_runs_that_used_one_another_may_go_one_after_the_other() -> None:
    """Each look takes the last of them, as whoever used a run needs it while it is there itself."""
    world = HistoryWorld(seed=0)
    parts = [op("exit", "0", f"{number}") for number in range(6)]
    for number in range(5):  # each uses a result of the one before
        world.merge(ops={"first": parts[number], "second": parts[number + 1]})
        world.settle(seconds=10)
    world.merge(ops={"train": exits(0)})
    world.settle(seconds=10)
    world.tidy(0)

    assert list(what_is_past_its_time_goes(world)) == []
    assert len(world.store.runs()) == 1
