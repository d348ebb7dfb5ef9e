"""Plans and diffs as people and machines read them."""

import json

from reconciler.checks.plan_text import (
    diff_as_text,
    diff_document,
    op_count,
    plan_as_text,
    plan_document,
    plan_markdown,
)
from reconciler.plan.diff import Change, OpChange, PlanDiff
from tests.reconciler.checks.samples import CHURN, op, plan


def test_a_plan_is_a_tree_with_what_is_special():
    assert plan_as_text(CHURN).split("\n") == [
        "churn (flows/churn.yaml): 7 ops, plan 1a2b3c4d5e6f",
        "",
        "prepare  python:3.11",
        "└─ train  mapping sweep · python:3.11",
        "   └─ evaluate  python:3.11",
        "      └─ deploy  python:3.11",
    ]


def test_a_sweep_counts_as_its_children():
    assert op_count(CHURN) == 7


def test_an_op_stands_below_the_upstream_farthest_from_a_root_and_names_all():
    text = plan_as_text(plan(op("a"), op("b", "a"), op("c", "a", "b")))

    assert "   └─ c  after a, b" in text


def test_a_chain_of_a_thousand_ops_stays_within_the_margin():
    chain = plan(op("n0"), *(op(f"n{index}", f"n{index - 1}") for index in range(1, 1_000)))

    assert max(len(line) for line in plan_as_text(chain).split("\n")) < 80


def test_the_document_names_edges_by_path():
    document = plan_document(CHURN)

    assert document["version"] == 1
    assert [entry["upstream"] for entry in document["ops"]] == [[], ["prepare"], ["train"], ["evaluate"]]
    json.dumps(document)


def test_markdown_has_tree_and_diagram():
    assert "```mermaid\nflowchart LR" in plan_markdown(CHURN)


def test_a_hostile_name_stays_inside_its_box():
    assert 'n0["a#34;#93; --#62; b"]' in plan_markdown(plan(op('a"] --> b')))


def test_a_diff_names_every_reason():
    found = PlanDiff(
        added=("report",),
        changed=(OpChange("train", (Change("params.lr", 0.1, 0.2), Change("queue", None, "gpu"))),),
        edges_added=(("train", "report"), ("prepare", "evaluate")),
        code=Change("code", "x", "y"),
        no_effective_change=False,
    )

    assert diff_as_text(found, ("train.py", "b.py", "c.py")).split("\n") == [
        "1 added, 1 changed, code changed:",
        "  + report",
        "  ~ train: params.lr: 0.1 → 0.2",
        "  ~ train: queue: gpu (new)",
        "  ~ code changed: train.py, +2",
        "  + prepare → evaluate",
    ]
    json.dumps(diff_document(found))


def test_no_effective_change_is_one_line():
    assert diff_as_text(PlanDiff()) == "No effective change: 0 ops will run"
