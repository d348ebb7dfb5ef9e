"""The buttons are those that make sense in the state of the run, and fit where they are shown."""

from dataclasses import replace

import pytest

from reconciler.checks.actions import APPROVE, CANCEL, RERUN_FAILED, approve, kind_of
from reconciler.checks.merged import MergedHead, merged_gate
from reconciler.checks.run import flow_check, op_checks
from reconciler.engine.reasons import AWAITING_APPROVAL
from tests.reconciler.checks.samples import evidence, state

RUN = evidence("running").run
WAITS = state("deploy", "on_schedule", at=(None, None), reason=AWAITING_APPROVAL)


@pytest.mark.parametrize("action", [APPROVE, CANCEL, RERUN_FAILED])
def test_what_stands_on_a_button_fits(action):
    assert len(action.name) <= 14  # with room for a mark
    assert len(action.label) <= 20
    assert len(action.description) <= 40


@pytest.mark.parametrize(
    ("status", "actions"),
    [
        ("created", [CANCEL]),
        ("running", [CANCEL]),
        ("failed", [RERUN_FAILED]),
        ("stopped", [RERUN_FAILED]),
        ("succeeded", []),
        ("skipped", []),
    ],
)
def test_a_flow_has_the_buttons_of_its_state(status, actions):
    assert buttons(flow_check(evidence(status, [state("prepare", "succeeded")]))) == actions


def buttons(check):
    """What stands on the buttons, with their marks taken off."""
    assert all(len(action.name) <= 20 for action in check.actions)
    return [replace(action, name=kind_of(action.name)) for action in check.actions]


def test_a_mark_is_of_the_run_of_what_waits_and_of_the_time_the_run_was_begun():
    other = state("other", "on_schedule", reason=AWAITING_APPROVAL)
    later, another = RUN.copy(), RUN.copy()
    later.started_at, another.id = 200.0, "another"
    names = [approve(RUN, [WAITS]), approve(RUN, [WAITS, other]), approve(later, [WAITS]), approve(another, [WAITS])]

    assert len({action.name for action in names}) == 4
    assert approve(RUN, [other, WAITS, state("done", "succeeded")]) == approve(RUN, [WAITS, other])


def test_what_waits_for_approval_can_be_approved():
    checks = {check.name: check for check in op_checks(evidence("running", [WAITS]), 10)}

    assert buttons(flow_check(evidence("running", [WAITS]))) == [APPROVE, CANCEL]
    assert buttons(checks["headgate/churn/deploy"]) == [APPROVE]
    assert checks["headgate/churn/train"].actions == ()


def test_a_run_that_is_being_stopped_has_no_buttons():
    assert flow_check(evidence("running", [WAITS], stopped_by="ann")).actions == ()


def test_a_removal_that_is_held_can_be_approved():
    assert merged_gate(MergedHead("acme/shop", "a" * 40, gone=("churn",), held=True, known=1)).actions == (APPROVE,)
    assert merged_gate(MergedHead("acme/shop", "a" * 40)).actions == ()
