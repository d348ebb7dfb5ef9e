"""When ops ran, drawn."""

import xml.etree.ElementTree as ET

from reconciler.checks.ops import views
from reconciler.checks.timeline_svg import critical, timeline
from tests.reconciler.checks.samples import CHURN, op, plan, state

TWO_WAYS = plan(op("start"), op("slow", "start"), op("fast", "start"), op("end", "slow", "fast"))
STATES = (
    state("start", "succeeded", at=(0.0, 10.0)),
    state("slow", "succeeded", at=(10.0, 90.0)),
    state("fast", "succeeded", at=(10.0, 20.0)),
    state("end", "succeeded", at=(90.0, 100.0)),
)


def test_the_chain_that_decided_the_length_is_marked():
    seen = views(TWO_WAYS, STATES)

    assert critical(TWO_WAYS.graph, seen, 100.0) == {"start", "slow", "end"}
    assert timeline(TWO_WAYS.graph, seen, 100.0).count('class="critical"') == 3


def test_inside_a_sweep_the_child_that_ended_last_is_marked():
    states = (
        state("train", "succeeded", at=(0.0, 60.0)),
        state("train[0]", "succeeded", at=(0.0, 60.0)),
        state("train[1]", "succeeded", at=(0.0, 50.0)),
    )

    assert critical(CHURN.graph, views(CHURN, states), 100.0) == {"train", "train[0]"}


def test_a_live_op_ends_now():
    drawn = timeline(TWO_WAYS.graph, views(TWO_WAYS, (state("start", "running", at=(0.0, None)),)), 65.0)

    assert "start: running, 1 m 5 s, on the critical path" in drawn
    ET.fromstring(drawn)


def test_before_anything_began_nothing_is_drawn():
    assert timeline(TWO_WAYS.graph, views(TWO_WAYS, ()), 5.0) == ""


def test_hostile_names_are_text():
    hostile = plan(op('"><script>x</script>'))
    drawn = timeline(
        hostile.graph, views(hostile, (state('"><script>x</script>', "succeeded"),)), 5.0, lambda path: path
    )

    assert "<script" not in drawn
    ET.fromstring(drawn)
