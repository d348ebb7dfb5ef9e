"""Whatever goes wrong once, at GitHub or at home: people see in the end what they would have seen without."""

from __future__ import annotations

import os
import re
from functools import cache

import pytest

from tests.histories.github.mutations import nothing_is_adopted
from tests.histories.github.one_fault import SOON, TROUBLES, One, Trouble, told, told_of_each
from tests.histories.github.seen import Seen, differences
from tests.histories.github.stories import STORIES, Story, a_merge_queue, a_proposal, a_run_that_fails, a_trial

EVERY = int(os.environ.get("HEADGATE_TEST_EVERY", "2"))  # so many-th place is told; 1: each
LEAST = 3  # places of a kind in each story
FEW = [
    (a_proposal, "lose the reply", "/check-runs", 1),
    (a_run_that_fails, "die before", "executor start", 1),
    pytest.param(a_proposal, "die after", "/comments", 1, marks=pytest.mark.slow),
    pytest.param(a_trial, "die after", "store commit", 24, marks=pytest.mark.slow),
    pytest.param(a_run_that_fails, "be told to wait", "PATCH", 2, marks=pytest.mark.slow),
]
BY_NAME = {trouble.name: trouble for trouble in TROUBLES}


@pytest.mark.parametrize(("story", "trouble", "place", "number"), FEW)
def test_trouble_at_a_place_changes_nothing_in_the_end(story: Story, trouble: str, place: str, number: int) -> None:
    plan = One(BY_NAME[trouble], number, place)
    found = told(story, plan.trouble.patience, plan)

    assert place in plan.met
    assert list(differences(_undisturbed(story, plan.trouble.patience), found)) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_one_trouble_at_any_place_changes_nothing_in_the_end(story: Story, trouble: Trouble) -> None:
    undisturbed, ways = told_of_each(story, trouble, EVERY)
    wrong = {}
    for way in ways:
        several = list(differences(undisturbed, way.told))
        if not all(_is_twin_of_op(line) and "die" in trouble.name for line in several):
            wrong[f"{trouble.name} at {way.place}"] = several

    assert not wrong
    assert len(ways) > LEAST, "the story is over before anything can go wrong"
    assert list(differences(_undisturbed(story, trouble.patience), undisturbed)) == []


def test_what_is_not_adopted_is_seen() -> None:
    with nothing_is_adopted():
        found = told(a_proposal, plan=One(BY_NAME["die after"], 1, "/check-runs"))

    assert any("2 check runs, and not 1" in line for line in differences(_undisturbed(a_proposal), found))


@pytest.mark.slow
def test_a_story_from_which_others_go_another_way_tells_what_each_would_tell_alone() -> None:
    trouble = BY_NAME["lose the reply"]
    _, ways = told_of_each(a_merge_queue, trouble, 4)
    plans = [One(trouble, number) for number in range(1, 1 + 4 * len(ways), 4)]
    alone = [told(a_merge_queue, trouble.patience, plan) for plan in plans]

    assert [(way.place, way.told) for way in ways] == list(zip([plan.met for plan in plans], alone, strict=True))


def test_a_story_with_github_is_the_same_each_time() -> None:
    assert list(differences(_undisturbed(a_proposal), told(a_proposal))) == []


def _is_twin_of_op(line: str) -> bool:
    """The store knows of each flow's check that it was posted, not of those of its ops.

    A process that is started anew within GitHub's lag may make one of these again. Both come to the same verdict.
    """
    return re.fullmatch(r"headgate/[^/]+/\S+ on .+: \d+ check runs, and not \d+", line) is not None


@cache
def _undisturbed(story: Story, patience: float = SOON) -> Seen:
    return told(story, patience)
