"""How often the commit of a run is told of it."""

from reconciler.steps.advance_run import REPORT_DELAY, report_delay


def test_a_small_run_is_told_of_at_once():
    assert report_delay(1) == report_delay(1_000) == REPORT_DELAY


def test_a_large_run_is_told_of_less_often_as_telling_goes_through_all_its_ops():
    assert report_delay(10_000) == 10 * report_delay(1_000)
