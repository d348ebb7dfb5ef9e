"""Which status may follow which."""

import pytest

from reconciler.engine.model import FINAL, Status
from reconciler.engine.statuses import ALLOWED, implied_by, may_follow


def test_every_status_has_its_line_in_the_table():
    assert set(ALLOWED) == set(Status)


@pytest.mark.parametrize("final", sorted(FINAL))
def test_a_final_status_absorbs_all_but_a_resume(final):
    assert {status for status in Status if may_follow(final, status)} == {Status.RESUMING, Status.CREATED}


@pytest.mark.parametrize("status", sorted(set(Status) - FINAL))
def test_no_status_follows_itself(status):
    assert not may_follow(status, status)


def test_nothing_but_an_end_follows_stopping():
    assert ALLOWED[Status.STOPPING] == FINAL


@pytest.mark.parametrize("late", [Status.CREATED, Status.QUEUED, Status.SCHEDULED, Status.STARTING])
def test_a_late_status_does_not_follow_running(late):
    assert not may_follow(Status.RUNNING, late)


def test_trouble_passes():
    assert may_follow(Status.UNSCHEDULABLE, Status.RUNNING)
    assert may_follow(Status.UNKNOWN, Status.STARTING)


def test_success_implies_that_it_ran():
    assert Status.RUNNING in implied_by(Status.SUCCEEDED, was_started=False)


def test_a_failure_implies_that_it_ran_only_with_a_recorded_start():
    assert Status.RUNNING in implied_by(Status.FAILED, was_started=True)
    assert Status.RUNNING not in implied_by(Status.FAILED, was_started=False)
