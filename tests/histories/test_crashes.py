"""Whenever a process dies or sleeps past its lease, the world ends as if it had not, and no op is started twice."""

from __future__ import annotations

from itertools import count

import pytest

from tests.histories.faults import Fault, Nth, die_after, die_before, sleep
from tests.histories.stories import STORIES, Story, never, told


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", [die_before, die_after, sleep], ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_one_fault_at_any_call_changes_nothing(story: Story, fault: Fault) -> None:
    expected = told(story, never())
    for number in count(1):
        plan = Nth(number, fault)
        found = told(story, plan)
        if plan.met is None:
            break
        assert found == expected, f"{fault.__name__} at call {number}, {plan.met}"
    assert number > 10, "the story is over before anything can go wrong"


def test_a_story_is_the_same_each_time() -> None:
    for story in STORIES[:2]:
        assert told(story, never()) == told(story, never())
