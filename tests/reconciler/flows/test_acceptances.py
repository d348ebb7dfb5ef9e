"""Facts about findings that a file accepts itself."""

from __future__ import annotations

import pytest

from reconciler.flows.acceptances import read_acceptances, unused_acceptances
from reconciler.flows.findings import Finding, Severity
from reconciler.flows.parse import judged, parse, parse_preset

TWICE = """\
name: a
name: b  # headgate: accept yaml-duplicate-key (both are known)
run: {kind: job, container: {image: x}}
"""


def findings(text: str) -> tuple[Finding, ...]:
    return parse(text.encode(), "flows/a.yaml").findings


def said(text: str) -> list[tuple[str, str, str]]:
    return [(found.rule, found.severity.value, found.accepted) for found in findings(text)]


def test_a_comment_at_the_end_of_the_line_accepts_its_finding():
    assert said(TWICE) == [("yaml-duplicate-key", "notice", "both are known")]


def test_a_comment_above_accepts_what_stands_below_it():
    above = "name: a\n\n# headgate: accept yaml-duplicate-key (why not)\n\n# Another word.\nname: b\ncost: 012\n"

    assert [found.accepted for found in findings(above) if found.rule == "yaml-duplicate-key"] == ["why not"]
    assert [found.accepted for found in findings(above) if found.rule == "yaml-octal"] == [""]


def test_a_comment_speaks_of_no_other_rule_and_no_other_line():
    other = "name: a\n# headgate: accept yaml-octal (x)\nname: b\ncost: 012\n"

    assert not any(found.accepted for found in findings(other))


def test_several_rules_share_a_reason():
    text = "cost: 1\ncost: 012 # headgate: accept yaml-octal, yaml-duplicate-key (as (always) before)\n"

    assert {found.rule: found.accepted for found in findings(text) if found.accepted} == {
        "yaml-octal": "as (always) before",
        "yaml-duplicate-key": "as (always) before",
    }


def test_the_whole_file_is_spoken_of_above_its_first_key():
    text = "# Ours.\n# headgate: accept-file yaml-octal (account numbers)\n---\ncost: 012\n---\ncost: 013\n"

    assert [found.accepted for found in findings(text) if found.rule == "yaml-octal"] == ["account numbers"] * 2


@pytest.mark.parametrize(
    "text",
    [
        'description: "a # headgate: accept yaml-octal (x)"\ncost: 012\n',
        "description: 'a\n  # headgate: accept yaml-octal (x)\n  b'\ncost: 012\n",
        "description: |\n  a\n  # headgate: accept yaml-octal (x)\ncost: 012\n",
        '"# headgate: accept yaml-octal (x)": 012\n',
        "? |\n  # headgate: accept yaml-octal (x)\n: 012\n",
    ],
)
def test_the_same_text_within_a_scalar_is_text(text: str):
    assert read_acceptances(text.encode(), "a.yaml") == ((), ())


def test_a_comment_where_a_block_begins_speaks_of_the_whole_block():
    text = "description: |  # headgate: accept template-broken (shown as it is)\n  a\n  {{ b\n\n  c\n\nname: x\n"
    (acceptance,), _ = read_acceptances(text.encode(), "a.yaml")

    assert (acceptance.first, acceptance.last) == (1, 6)


def test_line_breaks_of_other_systems_count_as_lines():
    assert [found.accepted for found in findings(TWICE.replace("\n", "\r\n"))] == ["both are known"]


@pytest.mark.parametrize(
    ("comment", "column", "suggestion"),
    [
        ("accept yaml-octl (x)", 30, "yaml-octal"),
        ("accept yaml-octal", 23, None),
        ("accept yaml-octal ( )", 23, None),
        ("accept", 23, None),
        ("accept (because)", 23, None),
        ("accept field-type (x)", 30, None),
        ("accept acceptance-unused (x)", 30, None),
        ("accept ref-not-allowed (x)", 30, None),
        ("acept yaml-octal (x)", 23, "accept"),
        ("ignore yaml-octal", 23, "accept"),
        ("accept-file yaml-octal (too late)", 23, None),
    ],
)
def test_a_comment_that_accepts_nothing_is_told(comment: str, column: int, suggestion: str | None):
    told = [found for found in findings(f"cost: 012 # headgate: {comment}\n") if found.rule == "acceptance-invalid"]

    assert [(one.severity, one.span.column, one.suggestion) for one in told] == [(Severity.WARNING, column, suggestion)]
    assert [
        found.accepted for found in findings(f"cost: 012 # headgate: {comment}\n") if found.rule == "yaml-octal"
    ] == [""]


@pytest.mark.parametrize(
    "comment", ["# headgate: runs every night", "# See headgate: accept x", "# image: org/headgate:1"]
)
def test_a_comment_about_something_else_is_left_alone(comment: str):
    assert read_acceptances(f"{comment}\ncost: 012\n".encode(), "a.yaml") == ((), ())


def test_what_is_accepted_without_need_is_told():
    text = b"name: a  # headgate: accept yaml-octal (x)\n# headgate: accept yaml-octal (at the end)\n"
    told = unused_acceptances(text, "a.yaml", ())

    assert [(one.rule, one.span.line, one.span.column) for one in told] == [
        ("acceptance-unused", 1, 29),
        ("acceptance-unused", 2, 20),
    ]


def test_nothing_is_said_to_be_without_need_where_the_file_could_not_be_read_to_its_end():
    text = TWICE.replace("name: b", "names: b").encode() + b"unknown: 1\n"

    assert unused_acceptances(text, "flows/a.yaml", parse(text, "flows/a.yaml").findings) == ()


def test_a_preset_accepts_too():
    text = b"isPreset: true\ncost: 1\ncost: 2 # headgate: accept yaml-duplicate-key (x)\n"

    assert [found.accepted for found in parse_preset(text, "presets/a.yaml")[1]] == ["x"]


def test_a_severity_of_the_repository_does_not_undo_an_acceptance():
    parsed = parse(TWICE.encode(), "a.yaml", {"yaml-duplicate-key": Severity.WARNING})

    assert [found.severity for found in parsed.findings] == [Severity.NOTICE]


def test_what_the_repository_makes_an_error_is_told_not_to_be_accepted():
    parsed = parse(TWICE.encode(), "a.yaml", {"yaml-duplicate-key": Severity.ERROR})

    assert [(found.rule, found.severity) for found in parsed.findings] == [
        ("yaml-duplicate-key", Severity.ERROR),
        ("acceptance-invalid", Severity.WARNING),
    ]


def test_a_preset_accepts_nothing_that_the_repository_makes_an_error():
    text = b"isPreset: true\ncost: 1\ncost: 2 # headgate: accept yaml-duplicate-key (x)\n"
    found = judged(parse_preset(text, "presets/a.yaml")[1], {"yaml-duplicate-key": Severity.ERROR})

    assert [(one.severity, one.accepted) for one in found] == [(Severity.ERROR, "")]
