"""Findings as people and machines read them."""

import json
import xml.etree.ElementTree as ET

from reconciler.checks.findings_formats import github, junit, sarif
from reconciler.checks.findings_text import counted, document, excerpt, text
from reconciler.flows.findings import Finding, Severity, Span

SOURCE = b"params:\n  bucket: s3://models\n"
BUCKET = Finding(
    "param-undeclared",
    Severity.ERROR,
    "Param `bucket` is not declared by the component.",
    "flows/churn.yaml",
    Span(2, 3, 2, 9),
    "churn.params.bucket",
    "input-bucket",
)
OCTAL = Finding("yaml-octal", Severity.WARNING, "012 reads as 12.", "a.yaml", Span(1, 1, 1, 4))


def test_a_finding_shows_its_place_line_caret_suggestion_and_page():
    assert text([BUCKET], {"flows/churn.yaml": SOURCE}, 1) == "\n".join(
        [
            "flows/churn.yaml:2:3: error: Param `bucket` is not declared by the component. [param-undeclared]",
            "  2 |   bucket: s3://models",
            "    |   ^^^^^^",
            "  Did you mean `input-bucket`?",
            "  See docs/rules/param-undeclared.md",
            "",
            "1 error in 1 file.",
        ]
    )


def test_findings_are_sorted_by_place_and_said_once():
    shown = text([BUCKET, OCTAL, BUCKET], {}, 2)

    assert shown.index("a.yaml:1:1") < shown.index("flows/churn.yaml:2:3")
    assert shown.endswith("1 error, 1 warning in 2 files.")


def test_nothing_found_is_said():
    assert counted([], 12) == "Nothing to say in 12 files."


def test_the_caret_stands_below_wide_characters():
    source, caret = excerpt("名前: x".encode(), Span(1, 5, 1, 6))

    assert (source, caret) == ("  1 | 名前: x", "    |       ^")


def test_a_line_that_is_not_there_is_left_out():
    assert excerpt(SOURCE, Span(9, 1, 9, 2)) == []
    assert excerpt(None, Span(1, 1, 1, 2)) == []


def test_terminal_escapes_of_a_file_reach_no_terminal():
    assert "\x1b" not in text([BUCKET], {"flows/churn.yaml": b"\n  bucket: \x1b[2Jhello\n"}, 1)


def test_the_document_has_version_1_and_counts_from_1():
    (entry,) = (made := document([BUCKET], 3, "https://docs.example"))["findings"]

    assert {key: made[key] for key in ("version", "files", "errors", "warnings")} == {
        "version": 1,
        "files": 3,
        "errors": 1,
        "warnings": 0,
    }
    assert (entry["line"], entry["column"], entry["end_column"]) == (2, 3, 9)
    assert entry["url"] == "https://docs.example/docs/rules/param-undeclared.md"
    json.dumps(made)


def test_sarif_names_rule_place_and_level():
    (run,) = sarif([BUCKET, OCTAL], "1.0")["runs"]

    assert [result["level"] for result in run["results"]] == ["warning", "error"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_junit_has_a_case_per_file_and_fails_those_with_errors():
    hostile = Finding("field-type", Severity.ERROR, "]]> & <b> \x00 \x1b[31m", 'q".yaml', Span(1, 1, 1, 2))
    suite = ET.fromstring(junit([BUCKET, OCTAL, hostile], ["flows/churn.yaml", "a.yaml", "fine.yaml"], {}))

    assert (suite.get("tests"), suite.get("failures")) == ("4", "2")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["flows/churn.yaml", 'q".yaml']


def test_workflow_commands_cannot_be_forged():
    hostile = Finding("field-type", Severity.ERROR, "x\n::set-env name=A::b", "a,b:c.yaml", Span(1, 1, 1, 2))
    (command,) = github([hostile]).splitlines()

    assert command.startswith("::error file=a%2Cb%3Ac.yaml,line=1,")
    assert command.endswith("::x%0A::set-env name=A::b")
