"""Ops that nothing can start: found whenever no outcome of the ops before them satisfies their trigger."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.flows.parse import parse
from reconciler.plan.judge import judge

TRIGGERS = ("all_succeeded", "all_failed", "all_done", "one_succeeded", "one_failed", "one_done")
CONDITIONS = ("", "'false'", "'{{ x }}'")


def text(ops: Sequence[str]) -> bytes:
    rows = "".join(
        f"  - {{name: op-{number}, dagRef: part{fields and ', '}{fields}}}\n" for number, fields in enumerate(ops)
    )
    part = "{name: part, inputs: [{name: x, value: 1}], run: {kind: job, container: {image: a}}}"
    return f"name: f\nrun:\n  kind: dag\n  components: [{part}]\n  operations:\n{rows}".encode()


def found_in(ops: Sequence[str]) -> list[str]:
    (flow,) = parse(text(ops), "f.yaml").flows
    found = judge(flow, {}.get).findings
    assert {one.rule for one in found} <= {"op-unreachable"}, found
    return [one.path.rpartition(".")[2] for one in found]


@pytest.mark.parametrize(
    ("ops", "found"),
    [
        (["", "dependencies: [op-0], trigger: one_failed", "dependencies: [op-0, op-1]"], ["op-2"]),
        (["", "dependencies: [op-0], trigger: one_failed", "dependencies: [op-0, op-1], trigger: all_done"], []),
        (["", "dependencies: [op-0], trigger: one_failed", "dependencies: [op-1]"], []),
        (["", "dependencies: [op-0]", "dependencies: [op-0, op-1], trigger: all_failed"], []),
        (["", "dependencies: [op-0], trigger: all_done", "dependencies: [op-1], trigger: one_failed"], []),
        (["conditions: 'false'", "dependencies: [op-0], trigger: one_failed", "dependencies: [op-1]"], ["op-1"]),
        (["conditions: 'false'", "dependencies: [op-0]", "dependencies: [op-1], trigger: one_failed"], []),
        (["", "dependencies: [op-0], trigger: all_failed, skipOnUpstreamSkip: true"], []),
    ],
)
def test_upstreams_are_seen_together(ops: list[str], found: list[str]) -> None:
    assert found_in(ops) == found


@st.composite
def dags(draw: st.DrawFn) -> list[tuple[list[int], str, str]]:
    """Upstreams, trigger and conditions of up to five ops."""
    return [
        (
            draw(st.lists(st.integers(0, number - 1), unique=True)) if number else [],
            draw(st.sampled_from(TRIGGERS)),
            draw(st.sampled_from(CONDITIONS)),
        )
        for number in range(draw(st.integers(1, 5)))
    ]


def satisfied(trigger: str, before: list[str]) -> bool:
    failed = before.count("bad")
    passed = len(before) - failed
    return (
        not before
        or {
            "all_succeeded": not failed,
            "all_failed": not passed,
            "all_done": True,
            "one_succeeded": passed > 0,
            "one_failed": failed > 0,
            "one_done": True,
        }[trigger]
    )


def start_in_some_world(ops: list[tuple[list[int], str, str]]) -> set[int]:
    """The ops that some outcome starts, by trying them all."""
    ends = {"": ("good", "bad"), "'false'": ("skipped",), "'{{ x }}'": ("good", "bad", "skipped")}
    started = set()
    for chosen in product(*(ends[conditions] for _, _, conditions in ops)):
        world: list[str] = []
        for number, (upstream, trigger, _) in enumerate(ops):
            starts = satisfied(trigger, [world[other] for other in upstream])
            world.append(chosen[number] if starts else "bad")
            started |= {number} if starts else set()
    return started


@given(dags())
def test_the_first_op_found_is_the_first_that_no_outcome_starts(ops: list[tuple[list[int], str, str]]) -> None:
    rows = []
    for upstream, trigger, conditions in ops:
        names = ", ".join(f"op-{other}" for other in upstream)
        fields = (f"dependencies: [{names}]" if upstream else "", f"trigger: {trigger}" if upstream else "")
        rows.append(", ".join(filter(None, (*fields, f"conditions: {conditions}" if conditions else ""))))
    lost = [f"op-{number}" for number in range(len(ops)) if number not in start_in_some_world(ops)]

    assert set(found_in(rows)) <= set(lost)
    assert bool(found_in(rows)) == bool(lost)


def test_a_search_that_takes_too_long_finds_nothing() -> None:
    many = [*["" for _ in range(40)], "dependencies: [op-0], trigger: one_failed"]
    all_before = ", ".join(f"op-{number}" for number in range(41))

    assert found_in([*many, f"dependencies: [{all_before}]"]) == []
