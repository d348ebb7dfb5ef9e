"""Diagrams of graphs and of what changes between two."""

from __future__ import annotations

from reconciler.checks.mermaid import mermaid_diff
from reconciler.plan.diff import Change, OpChange, PlanDiff
from tests.reconciler.checks.samples import op, plan

OLD = plan(op("prepare"), op("train", "prepare"), op("report", "train")).graph
NEW = plan(op("prepare"), op("train", "prepare"), op("check", "prepare"), op("deploy", "train", "check")).graph
FOUND = PlanDiff(
    added=("check", "deploy"),
    removed=("report",),
    changed=(OpChange("train", (Change("image", "a", "b"),)),),
    edges_added=(("prepare", "check"), ("train", "deploy"), ("check", "deploy")),
    edges_removed=(("train", "report"),),
    no_effective_change=False,
)


def test_a_diagram_says_in_words_what_came_changed_and_went():
    assert mermaid_diff(OLD, NEW, FOUND).split("\n")[:-3] == [
        "flowchart LR",
        '  n0["prepare"]',
        '  n1["train — changed"]:::warn',
        '  n2["check — added"]:::good',
        '  n3["deploy — added"]:::good',
        '  n4["report — removed"]:::off',
        "  n0 --> n1",
        "  n0 ==>|new| n2",
        "  n1 ==>|new| n3",
        "  n2 ==>|new| n3",
        "  n1 -.->|gone| n4",
    ]


def test_each_kind_of_change_has_a_look_of_its_own():
    looks = [line.split() for line in mermaid_diff(OLD, NEW, FOUND).split("\n") if "classDef" in line]

    assert [look[1] for look in looks] == ["good", "off", "warn"]
    assert len({look[2] for look in looks}) == 3


def test_a_flow_that_is_new_is_all_added():
    everything = PlanDiff(added=("prepare", "train", "report"), no_effective_change=False)

    assert mermaid_diff(None, OLD, everything).count("— added") == 3


def test_a_change_inside_a_box_changes_the_box():
    found = PlanDiff(changed=(OpChange("train.inner", (Change("queue", None, "gpu"),)),), no_effective_change=False)

    assert 'n1["train — changed"]' in mermaid_diff(OLD, OLD, found)


def test_nothing_is_drawn_beyond_the_limit():
    assert mermaid_diff(OLD, NEW, FOUND, most=4) == ""


def test_a_hostile_name_of_a_removed_op_stays_inside_its_box():
    old = plan(op('a"] --> b')).graph
    found = PlanDiff(removed=('a"] --> b',), no_effective_change=False)

    assert '["a#34;#93; --#62; b — removed"]' in mermaid_diff(old, NEW, found)
