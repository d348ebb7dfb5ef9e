"""Facts about the hashes of plans."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.plan.encoding import decode, encode
from reconciler.plan.hash import canonical, hashed, op_digest, quantity
from reconciler.plan.model import Plan

FLOW = """\
kind: component
name: churn
inputs:
- {name: lr, type: float, value: 0.1}
run:
  kind: dag
  operations:
  - name: prep
    run: {kind: job, container: {image: a, resources: {limits: {cpu: 1000m, memory: 1Gi}}}}
  - name: train
    dependencies: [prep]
    params: {x: {value: "{{ globals.uuid }}"}}
    component:
      inputs: [{name: x, type: str}]
      run: {kind: job, container: {image: b}}
"""


def test_comments_key_order_and_equal_units_change_no_hash(built):
    other = (
        FLOW.replace(
            "image: a, resources: {limits: {cpu: 1000m, memory: 1Gi}}",
            "resources: {limits: {memory: 1024Mi, cpu: 1}}, image: a",
        )
        .replace("name: churn\n", "# a word\nname: churn\n\n")
        .replace("type: float", "type: float, description: how fast")
    )
    assert other != FLOW
    assert built(FLOW).plan.hash == built(other).plan.hash


def test_the_place_of_the_file_changes_no_hash(built):
    assert built(FLOW).plan.hash == built(FLOW, file="other/flow.yaml").plan.hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("image: b", "image: c"),
        ("cpu: 1000m", "cpu: 1001m"),
        ("dependencies: [prep]", "trigger: all_done"),
        ("value: 0.1", "value: 0.2"),
        ("name: churn", "name: other"),
        ("- name: train", "- name: train\n    termination: {maxRetries: 0}"),
        ("- name: train", "- name: train\n    isApproved: false"),
    ],
)
def test_what_has_an_effect_changes_both_hashes(built, old, new):
    before, after = built(FLOW).plan, built(FLOW.replace(old, new)).plan
    assert before.hash != after.hash
    assert before.core_hash != after.core_hash


def test_the_code_changes_the_hash_and_not_the_core(built):
    before, after = built(FLOW, code="c1").plan, built(FLOW, code="c2").plan
    assert before.hash != after.hash
    assert before.core_hash == after.core_hash


def test_a_plan_read_back_has_the_same_hash(built):
    plan = built(FLOW, code="c1").plan
    again = decode(encode(plan), Plan)
    assert again == plan
    assert hashed(replace(again, hash="", core_hash="")) == plan


def test_an_op_keeps_its_digest_when_siblings_come(built):
    before = built(FLOW).plan.graph
    after = built(
        FLOW.replace("  - name: prep", "  - name: new\n    run: {kind: job, container: {image: n}}\n  - name: prep")
    ).plan.graph
    assert op_digest(before.ops[1], before) == op_digest(after.ops[2], after)
    assert op_digest(before.ops[1]) != op_digest(after.ops[2])


@pytest.mark.parametrize(
    ("amount", "same"),
    [
        ("1000m", "1"),
        ("1Gi", "1024Mi"),
        ("1.5", "1500m"),
        (2, "2"),
        (0.5, "500m"),
        ("1e3", "1k"),
        ("128974848", "123Mi"),
        (0, "0"),
    ],
)
def test_equal_quantities_are_equal(amount, same):
    assert quantity(amount) == quantity(same)


def test_false_and_zero_are_said_and_nothing_is_not(built):
    assert quantity("{{ params.cpu.value }}") == "{{ params.cpu.value }}"
    assert canonical({"a": False, "b": 0, "c": 2.0}) == {"a": False, "b": 0, "c": 2}
