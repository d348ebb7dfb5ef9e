"""What a service does when it starts."""

from console.service import APART, under_way
from reconciler.keys import FlowKey, RunKey
from reconciler.records import Wake
from reconciler.store import WakeRow

NOW = 1_700_000_000.0


def queued(key, in_seconds, parked=""):
    return WakeRow(key, NOW + in_seconds, "", 0, parked)


def test_runs_that_are_under_way_are_looked_at_one_after_the_other():
    rows = [queued(RunKey("one"), 50.0), queued(RunKey("two"), 0.0)]

    assert list(under_way(rows, NOW)) == [Wake(RunKey("one"), NOW), Wake(RunKey("two"), NOW + APART)]


def test_a_run_that_waits_for_a_person_is_left_alone():
    assert list(under_way([queued(RunKey("one"), 3000.0)], NOW)) == []


def test_a_parked_run_is_tried_once_more():
    assert list(under_way([queued(RunKey("one"), 1e18, "PlanMissing: …")], NOW)) == [Wake(RunKey("one"), NOW)]


def test_other_keys_keep_their_time():
    assert list(under_way([queued(FlowKey("churn"), 5.0)], NOW)) == []
