"""Whenever a process dies or sleeps past its lease, the world ends as if it had not, and no op is started twice."""

from __future__ import annotations

from itertools import count

import pytest

from tests.histories.faults import (
    Call,
    Fault,
    Nth,
    be_overtaken,
    die_after,
    die_before,
    do_a_part,
    lose_answer,
    sleep,
    wait,
)
from tests.histories.mutations import versions_are_not_checked
from tests.histories.stories import STORIES, Story, a_newer_plan, never, told
from tests.world import Ending

ANYWHERE = STORIES[:5]  # a dag, a mapping, a nested dag, a service and a schedule: every call of these goes wrong
ALL = (die_before, die_after, wait, lose_answer, do_a_part, sleep, be_overtaken)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_one_fault_at_any_call_changes_nothing(story: Story, fault: Fault) -> None:
    """Of the first stories at any call whatever, of the others at any that has an effect."""
    expected, of_all = told(story, never()), story in ANYWHERE and fault is not do_a_part
    for number in count(1):
        plan = Nth(number, fault, of_all)
        found = told(story, plan)
        if plan.met is None:
            break
        assert found == expected, f"{fault.__name__} at call {number}, {plan.met}"
    assert number > (50 if of_all else 10), "the story is over before anything can go wrong"


def test_a_story_is_the_same_each_time() -> None:
    for story in STORIES[:2]:
        assert told(story, never()) == told(story, never())


def end_meanwhile(call: Call) -> object:
    """The op ends and its run is moved on, while somebody else is about to write that run."""
    call.around.executor.end("train", Ending())  # type: ignore[attr-defined]
    return be_overtaken(call)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_that_is_written_over_is_seen() -> None:
    """Random histories come to this seldom."""
    with versions_are_not_checked():
        found = [told(a_newer_plan, Nth(number, end_meanwhile))["wrong"] for number in range(1, 20)]
    right = [told(a_newer_plan, Nth(number, end_meanwhile))["wrong"] for number in range(1, 20)]

    assert any("was written over" in wrong for several in found for wrong in several)
    assert not any(right)
