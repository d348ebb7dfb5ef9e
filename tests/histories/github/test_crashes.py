"""Whatever goes wrong once, at GitHub or at home: people see in the end what they would have seen without."""

from __future__ import annotations

from functools import cache
from itertools import count

import pytest

from tests.histories.faults import Fault, die_after, die_before
from tests.histories.github.faults import be_told_to_wait, lose_reply
from tests.histories.github.mutations import nothing_is_adopted
from tests.histories.github.one_fault import FAULTS, One, told
from tests.histories.github.seen import Seen, differences
from tests.histories.github.stories import STORIES, Story, a_proposal, a_run_that_fails

PARTS = 3  # of all places, so that no test is long
FEW = [
    (a_proposal, lose_reply, "/check-runs", 1),
    (a_proposal, die_after, "/comments", 1),
    (a_run_that_fails, die_before, "executor start", 1),
    (a_run_that_fails, be_told_to_wait, "PATCH", 2),
]


@pytest.mark.parametrize(("story", "fault", "place", "number"), FEW)
def test_a_fault_at_a_place_changes_nothing_in_the_end(story: Story, fault: Fault, place: str, number: int) -> None:
    plan = One(number, fault, place)
    found = told(story, plan)

    assert place in plan.met
    assert list(differences(_undisturbed(story), found)) == []


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_one_fault_at_any_place_changes_nothing_in_the_end(story: Story, fault: Fault, part: int) -> None:
    wrong, number = {}, 0
    for number in count(part + 1, PARTS):
        plan = One(number, fault)
        found = told(story, plan)
        if not plan.met:
            break
        several = list(differences(_undisturbed(story), found))
        if several:
            wrong[f"{fault.__name__} at {number}: {plan.met}"] = several
    assert not wrong
    assert number > 2 * PARTS, "the story is over before anything can go wrong"


def test_what_is_not_adopted_is_seen() -> None:
    with nothing_is_adopted():
        found = told(a_proposal, One(1, lose_reply, "/check-runs"))

    assert any("2 check runs, and not 1" in line for line in differences(_undisturbed(a_proposal), found))


def test_a_story_with_github_is_the_same_each_time() -> None:
    assert list(differences(_undisturbed(a_proposal), told(a_proposal))) == []


@cache
def _undisturbed(story: Story) -> Seen:
    return told(story)
