"""What is to be performed for an attempt, and when an act that brought nothing is repeated."""

import pytest

from reconciler.engine.model import Performed
from reconciler.steps import intents
from tests.reconciler.adapters.sql_world import NOW, attempt_row


def told_to_wait(seconds):
    return intents.after(attempt_row("a1"), Performed("a1", "start", "again", NOW, "NoSlot", "", NOW + seconds))


@pytest.mark.parametrize("set_back", [240.0, 3600.0, 5 * 3600.0])
def test_an_act_is_repeated_though_the_clock_was_set_back(set_back):
    assert not intents.due(told_to_wait(0.5), NOW)
    assert intents.due(told_to_wait(0.5), NOW - set_back)


def test_an_act_is_repeated_now_and_then_however_long_an_executor_asks_to_wait():
    asked = told_to_wait(2 * 3600.0)

    assert not intents.due(asked, NOW + 1)
    assert intents.due(asked, NOW + intents.LONGEST)
