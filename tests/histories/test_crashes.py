"""Whenever a process dies or sleeps past its lease, the world ends as if it had not, and no op is started twice."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.histories.faults import (
    EFFECTS,
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
from tests.histories.stories import STORIES, Story, a_newer_plan, never, told, told_of_each
from tests.world import Ending

ANYWHERE = STORIES[:5]  # a dag, a mapping, a nested dag, a service and a schedule: every call of these goes wrong
ALL = (die_before, die_after, wait, lose_answer, do_a_part, sleep, be_overtaken)
WITH_EFFECTS = (die_after, lose_answer, do_a_part)  # where nothing was done, they are to die before and to wait


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("story", ANYWHERE, ids=lambda story: story.__name__)
def test_one_fault_at_any_call_changes_nothing(story: Story, fault: Fault) -> None:
    """These are so short that each is told from its beginning."""
    expected, of_all = told(story, never()), fault not in WITH_EFFECTS
    for number in count(1):
        plan = Nth(number, fault, of_all)
        found = told(story, plan)
        if plan.met is None:
            break
        assert found == expected, f"{fault.__name__} at call {number}, {plan.met}"
    assert number > (50 if of_all else 10), "the story is over before anything can go wrong"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("story", [one for one in STORIES if one not in ANYWHERE], ids=lambda story: story.__name__)
def test_one_fault_at_any_effect_changes_nothing(story: Story, fault: Fault) -> None:
    here, ways = told_of_each(story, fault)

    for number, way in enumerate(ways, 1):
        assert way.told == here, f"{fault.__name__} at effect {number}, {way.place}"
    assert here == told(story, never())
    assert len(ways) > 10, "the story is over before anything can go wrong"


@pytest.mark.slow
def test_a_fault_on_the_way_does_what_it_does_in_a_story_told_alone() -> None:
    _, ways = told_of_each(a_newer_plan, end_meanwhile)
    plans = [Nth(number, end_meanwhile) for number in range(1, len(ways) + 1)]
    alone = [told(a_newer_plan, plan) for plan in plans]

    assert [(way.place, way.told) for way in ways] == list(zip([plan.met for plan in plans], alone, strict=True))


class Reading:
    """Nothing goes wrong; `wrote` are calls that should only read and left something."""

    def __init__(self) -> None:
        self.calls = 0
        self.wrote: set[str] = set()

    def fault_of(self, port: str, method: str) -> Fault | None:
        return None if method in EFFECTS[port] else self._read

    def _read(self, call: Call) -> object:
        before, self.calls = remains(call.around), self.calls + 1
        done = call.done()
        self.wrote |= {f"{call.port}.{call.method}"} if remains(call.around) != before else set()
        return done


def remains(world: Any) -> str:
    """What is left of the world when a process dies."""
    (version,) = world.looking.execute("PRAGMA data_version").fetchone()  # another one after each commit
    known = {"clock", "world", "report", "wake", "executor"}
    ports = [world.source, world.executor, world.checks, world.conversations, world.files_of]
    return repr([version, world.clock.time, *({**vars(port), **dict.fromkeys(known)} for port in ports)])


@pytest.mark.parametrize("story", ANYWHERE, ids=lambda story: story.__name__)
def test_whatever_has_no_effect_leaves_nothing_to_a_process_that_comes_after(story: Story) -> None:
    """So at a call that only reads it is one and the same to die before and after it."""
    plan = Reading()
    told(story, plan)

    assert plan.calls > 50
    assert plan.wrote == set()


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
