"""Every rule has a page; its bad example breaks that rule and no other, its good example breaks none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.flows.acceptances import unused_acceptances
from reconciler.flows.findings import Finding
from reconciler.flows.parse import parse
from reconciler.flows.rules import RULES, page
from reconciler.flows.settings import parse_settings
from reconciler.plan.build import build

_ROOT = Path(__file__).resolve().parents[3]
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"# (\S+)\n")


def _section(rule: str, title: str) -> dict[str, bytes]:
    """The files of a section of a page by path; a block that names no file is a flow."""
    text = (_ROOT / page(rule)).read_text("utf-8")
    section = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
    files = {}
    for block in _BLOCK.findall(section):
        named = _NAMED.match(block)
        files[named[1] if named else "flows/example.yaml"] = block.encode()
    return files


def _findings(files: dict[str, bytes]) -> set[Finding]:
    first = next(iter(files))
    if first == ".headgate.yaml":
        return set(parse_settings(files[first])[1])
    parsed = parse(files[first], first)
    built = [build(flow, files.get, start=False).findings for flow in parsed.flows]
    found = {*parsed.findings, *(found for findings in built for found in findings)}
    return found | set(unused_acceptances(files[first], first, found))


_WITH_EXAMPLES = [rule for rule in RULES if _section(rule, "Bad")]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_page_that_says_what_to_do(rule: str) -> None:
    text = (_ROOT / page(rule)).read_text("utf-8")

    assert text.startswith(f"# {rule}\n\n{RULES[rule].summary}\n")
    assert f"Severity: {RULES[rule].severity}." in text
    assert "\n## Bad\n" in text
    assert "\n## Good\n" in text
    assert "\n## Fix\n" in text


def test_there_is_no_page_without_a_rule() -> None:
    pages = {file.stem for file in (_ROOT / "docs" / "rules").glob("*.md")} - {"README", "index"}

    assert pages == set(RULES)


@pytest.mark.parametrize("rule", _WITH_EXAMPLES)
def test_the_bad_example_breaks_that_rule_and_no_other(rule: str) -> None:
    assert {found.rule for found in _findings(_section(rule, "Bad"))} == {rule}


@pytest.mark.parametrize("rule", _WITH_EXAMPLES)
def test_the_good_example_breaks_none(rule: str) -> None:
    assert _findings(_section(rule, "Good")) == set()
