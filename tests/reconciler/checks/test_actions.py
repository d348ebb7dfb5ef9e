"""The buttons are those that make sense in the state of the run, and fit where they are shown."""

import pytest

from reconciler.checks.actions import APPROVE, CANCEL, RERUN_FAILED
from reconciler.checks.merged import MergedHead, merged_gate
from reconciler.checks.run import flow_check, op_checks
from reconciler.engine.reasons import AWAITING_APPROVAL
from tests.reconciler.checks.samples import evidence, state

WAITS = state("deploy", "on_schedule", at=(None, None), reason=AWAITING_APPROVAL)


@pytest.mark.parametrize("action", [APPROVE, CANCEL, RERUN_FAILED])
def test_what_stands_on_a_button_fits(action):
    assert len(action.name) <= 20
    assert len(action.label) <= 20
    assert len(action.description) <= 40


@pytest.mark.parametrize(
    ("status", "actions"),
    [
        ("created", (CANCEL,)),
        ("running", (CANCEL,)),
        ("failed", (RERUN_FAILED,)),
        ("stopped", (RERUN_FAILED,)),
        ("succeeded", ()),
        ("skipped", ()),
    ],
)
def test_a_flow_has_the_buttons_of_its_state(status, actions):
    assert flow_check(evidence(status, [state("prepare", "succeeded")])).actions == actions


def test_what_waits_for_approval_can_be_approved():
    checks = {check.name: check for check in op_checks(evidence("running", [WAITS]), 10)}

    assert flow_check(evidence("running", [WAITS])).actions == (APPROVE, CANCEL)
    assert checks["headgate/churn/deploy"].actions == (APPROVE,)
    assert checks["headgate/churn/train"].actions == ()


def test_a_run_that_is_being_stopped_has_no_buttons():
    assert flow_check(evidence("running", [WAITS], stopped_by="ann")).actions == ()


def test_a_removal_that_is_held_can_be_approved():
    assert merged_gate(MergedHead("acme/shop", "a" * 40, gone=("churn",), held=True, known=1)).actions == (APPROVE,)
    assert merged_gate(MergedHead("acme/shop", "a" * 40)).actions == ()
