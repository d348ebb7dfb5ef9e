"""Facts about what a new plan changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.plan.diff import Change, OpChange, PlanDiff, diff
from reconciler.plan.encoding import decode, encode
from reconciler.plan.model import Plan

FLOW = """\
kind: component
name: churn
run:
  kind: dag
  concurrency: 2
  operations:
  - name: prep
    component: &job
      name: job
      inputs: [{name: lr, type: float, value: 0.1}]
      outputs: [{name: y, type: float}]
      run: {kind: job, container: {image: a, command: [run], resources: {limits: {cpu: 1}}}}
  - name: train
    params: {lr: {ref: ops.prep, value: outputs.y}}
    component: *job
  - name: tune
    dependencies: [prep]
    matrix: {kind: grid, params: {lr: {kind: choice, value: [0.1, 0.2]}}}
    component: *job
  - name: nested
    component:
      name: inner
      run:
        kind: dag
        operations:
        - {name: deep, run: {kind: job, container: {image: b}}}
"""


def change(built, old, new):
    assert old in FLOW
    return diff(built(FLOW).plan, built(FLOW.replace(old, new)).plan)


def test_equal_plans_differ_in_nothing(built):
    plan = built(FLOW).plan
    assert diff(plan, plan) == PlanDiff()
    assert diff(decode(encode(plan), Plan), plan).no_effective_change


def test_formatting_is_no_effective_change(built):
    assert change(built, "cpu: 1", "cpu: 1000m") == PlanDiff()
    sidecar = "image: b}, sidecars: [{image: s, resources: {limits: {cpu: CPU}}}]"
    text = FLOW.replace("image: b}", sidecar)
    plans = [built(text.replace("CPU", amount)).plan for amount in ("1", "1000m")]
    assert diff(*plans) == PlanDiff()


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("image: b", "image: c", "nested.deep", Change("image", "b", "c")),
        ("image: b", "image: b, args: [x]", "nested.deep", Change("args", None, ["x"])),
        (
            "params: {lr: {ref: ops.prep, value: outputs.y}}",
            "dependencies: [prep]\n    params: {lr: 0.5}",
            "train",
            Change("params.lr", "ops.prep.outputs.y", 0.5),
        ),
        (
            "- name: train",
            "- name: train\n    trigger: all_done",
            "train",
            Change("trigger", "all_succeeded", "all_done"),
        ),
        ("- name: train", "- name: train\n    termination: {maxRetries: 3}", "train", Change("retries", None, 3)),
        ("- name: nested", "- name: nested\n    dependencies: [train]", "nested", Change("upstream", [], ["train"])),
        ("[0.1, 0.2]", "[0.1, 0.2, 0.3]", "tune", Change("matrix.count", 2, 3)),
    ],
)
def test_a_change_is_named_with_its_op_and_both_values(built, old, new, path, reason):
    result = change(built, old, new)
    assert [changed.path for changed in result.changed] == [path]
    assert reason in result.changed[0].reasons
    assert not result.no_effective_change


def test_ops_and_edges_that_come_and_go_are_listed(built):
    result = change(built, "- name: tune\n    dependencies: [prep]", "- name: search\n    dependencies: [train]")
    assert (result.added, result.removed) == (("search",), ("tune",))
    assert result.edges_added == (("train", "search"),)
    assert result.edges_removed == (("prep", "tune"),)


def test_an_op_put_before_the_others_changes_only_itself(built):
    result = change(built, "  - name: prep", "  - {name: new, run: {kind: job, container: {image: n}}}\n  - name: prep")
    assert result.added == ("new",)
    assert result.changed == ()


def test_the_flows_own_settings_are_told_apart(built):
    assert change(built, "concurrency: 2", "concurrency: 3").flow == (Change("concurrency", 2, 3),)


def test_code_and_schedule_are_changes_of_their_own(built):
    old = built(FLOW, code="c1").plan
    assert diff(old, built(FLOW, code="c2").plan).code == Change("code", "c1", "c2")
    scheduled = built(FLOW + "schedule: {kind: cron, cron: '0 1 * * *'}\n", code="c1").plan
    assert Change("cron", None, "0 1 * * *") in diff(old, scheduled).schedule


def test_a_plan_that_is_new_adds_every_op(built):
    plan = built(FLOW).plan
    assert diff(None, plan).added == ("prep", "train", "tune", "nested", "nested.deep")
    assert diff(plan, None).removed == diff(None, plan).added
    assert not diff(None, plan).no_effective_change


def test_a_diff_is_plain_data(built):
    result = change(built, "image: b", "image: c")
    assert decode(encode(result), PlanDiff) == result
    assert result.changed == (OpChange("nested.deep", (Change("image", "b", "c"),)),)
    assert replace(result, changed=()).added == ()
