"""Facts about `headgate explain`; the pages that it reads are tested beside the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from console import rule_pages
from reconciler.flows.rules import RULES


def test_without_a_rule_all_are_listed_with_their_severities(bare):
    lines = bare("explain").out.splitlines()

    assert [line.split()[:2] for line in lines] == [[rule.name, rule.severity] for rule in RULES.values()]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_explained_from_its_page(bare, rule):
    shown = bare("explain", rule)

    assert shown.code == 0
    assert shown.out.startswith(f"{rule}: {RULES[rule].severity}\n\n{RULES[rule].summary[:60]}")
    assert shown.out.endswith(f"See docs/rules/{rule}.md\n")
    assert max(map(len, shown.out.replace("[" * 101, "").splitlines())) <= 130


def test_the_document_of_a_rule_holds_its_examples_file_by_file(bare):
    told = bare("explain", "ref-not-found", "--format", "json").json

    assert told["version"] == 1
    assert [one["file"] for one in told["good"]["files"]] == ["flows/churn.yaml", "hub/train.yaml"]
    assert told["why"].startswith("The component or preset")
    assert len(told["accept"]) == 3


def test_a_rule_without_which_a_file_means_nothing_cannot_be_accepted(bare):
    assert "neither accepted nor lowered" in bare("explain", "field-unknown").out
    assert "severities" not in bare("explain", "field-unknown").out


def test_a_misspelled_rule_is_guessed_and_wrong_use(bare):
    shown = bare("explain", "feild-unknown")

    assert (shown.code, shown.out) == (2, "")
    assert "Did you mean `field-unknown`?" in shown.err
    assert bare("explain", "feild-unknown", "--format", "json").json["error"]["code"] == "rule-unknown"


def test_the_pages_of_a_package_are_those_of_the_documentation():
    root = Path(rule_pages.__file__).resolve().parents[1]

    assert rule_pages.FOLDER.resolve() == root / "docs" / "rules"
    assert '"rules/*.md"' in (root / "pyproject.toml").read_text("utf-8")


def test_an_installation_without_pages_says_so(bare, monkeypatch, tmp_path: Path):
    monkeypatch.setattr(rule_pages, "FOLDER", tmp_path)
    shown = bare("explain", "dag-cycle")

    assert shown.code == 3
    assert "docs/rules/dag-cycle.md: The page is not installed." in shown.err
