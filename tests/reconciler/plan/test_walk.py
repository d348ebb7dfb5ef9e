"""Facts about paths of ops."""

from __future__ import annotations

import pytest

from reconciler.plan.walk import op_at, unsupported, walk

NESTED = """\
kind: component
name: outer
run:
  kind: dag
  operations:
  - name: prep
    run: {kind: job, container: {image: a}}
  - name: tune
    matrix: {kind: mapping, values: [{x: 1}, {x: 2}]}
    component:
      name: tuned
      inputs: [{name: x, type: int}]
      run:
        kind: dag
        operations:
        - name: train
          run: {kind: job, container: {image: b}}
"""


def test_walk_gives_every_op_with_its_path(built):
    plan = built(NESTED).plan
    assert [path for path, _ in walk(plan)] == ["prep", "tune", "tune.train"]


def test_the_children_of_a_sweep_share_its_ops(built):
    plan = built(NESTED).plan
    assert op_at(plan, "tune[3].train").run["container"]["image"] == "b"
    assert op_at(plan, "tune[0]") is op_at(plan, "tune")


def test_a_single_job_is_its_own_path(built):
    plan = built("kind: component\nname: one\nrun: {kind: job, container: {image: a}}").plan
    assert [path for path, _ in walk(plan)] == ["one"]
    assert op_at(plan, "one") is plan.root


@pytest.mark.parametrize("path", ["nope", "prep.deeper", "tune.nope", ""])
def test_an_unknown_path_is_a_key_error(built, path):
    with pytest.raises(KeyError):
        op_at(built(NESTED).plan, path)


def test_what_nothing_can_run_yet_is_named_with_its_line(built):
    text = NESTED.replace("name: prep\n    run: {kind: job", "name: prep\n    run: {kind: cleaner")
    assert [(path, op.line) for path, op in unsupported(built(text).plan)] == [("prep", 6)]
    assert list(unsupported(built(NESTED).plan)) == []


def test_a_hook_that_nothing_can_run_yet_is_named_too(built):
    text = "name: f\nhooks: [{hubRef: tell}]\nrun: {kind: job, container: {image: a}}\n"
    hub = {"hub/tell.yaml": "name: tell\nrun: {kind: notifier, container: {image: a}}\n"}
    assert [path for path, _ in unsupported(built(text, hub).plan)] == ["f!0"]
