"""Every rule has a page, and its examples are the rule's tests: `headgate validate` judges them.

A `yaml` block is a file of a repository: its first line names it (`# hub/train.yaml`), without a name it is a flow.
Under "Bad" the comment `# here` stands at the end of the line of the finding, or alone above it; there must be findings
of that rule and no other, on those lines. Under "Good" there must be no error and no warning. `‹U+202E›` stands for the
character with that number.
"""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path

import jsonschema
import pytest

from console.judging import chosen, judge
from reconciler.flows.findings import Finding, Severity
from reconciler.flows.globs import LOCK_FILE, SETTINGS_FILE
from reconciler.flows.reader import read_documents
from reconciler.flows.rules import RULES, page
from reconciler.flows.schema import schema

_ROOT = Path(__file__).resolve().parents[3]
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"# (\S+)\n")
_HERE = re.compile(r"(?:^|\s)# here$")
_CHARACTER = re.compile(r"‹U\+([0-9A-F]{4,6})›")
_SHOWN_IN_WORDS = {"findings-too-many"}  # it takes a thousand mistakes; test_parse.py makes them


def _section(rule: str, title: str) -> dict[str, str]:
    """The files of a section of a page by path."""
    text = (_ROOT / page(rule)).read_text("utf-8")
    section = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
    files = {}
    for block in _BLOCK.findall(section):
        named = _NAMED.match(block)
        files[named[1] if named else "flows/example.yaml"] = _CHARACTER.sub(lambda one: chr(int(one[1], 16)), block)
    return files


def _marked(files: dict[str, str]) -> set[tuple[str, int]]:
    """The lines that are marked, by file."""
    marked = set()
    for file, text in files.items():
        for number, line in enumerate(text.split("\n"), 1):
            if _HERE.search(line):
                marked.add((file, number + 1 if line.strip() == "# here" else number))
    return marked


def _judged(files: dict[str, str], root: Path) -> tuple[Finding, ...]:
    """What `headgate validate` finds in a repository of the files."""
    (root / ".git").mkdir(parents=True)
    for file, text in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text, "utf-8", newline="")
    with chdir(root):
        return judge(chosen((), root), bytes).findings


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_page_that_says_what_to_do(rule: str) -> None:
    text = (_ROOT / page(rule)).read_text("utf-8")

    assert text.startswith(f"# {rule}\n\n{RULES[rule].summary}\n")
    assert f"Severity: {RULES[rule].severity}." in text
    assert ("It cannot be changed." in text) is not RULES[rule].lowerable
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Bad", "Good", "Fix"]


def test_there_is_no_page_without_a_rule() -> None:
    pages = {file.stem for file in (_ROOT / "docs" / "rules").glob("*.md")} - {"README", "index"}

    assert pages == set(RULES)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in _SHOWN_IN_WORDS])
def test_the_bad_example_breaks_that_rule_and_no_other_where_it_says(rule: str, tmp_path: Path) -> None:
    files = _section(rule, "Bad")
    found = _judged(files, tmp_path / "repository")

    assert {one.rule for one in found} == {rule}
    assert {(one.file, one.span.line) for one in found} == _marked(files), "mark the finding's line with `# here`"


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in _SHOWN_IN_WORDS])
def test_the_good_example_breaks_none(rule: str, tmp_path: Path) -> None:
    files = _section(rule, "Good")
    found = _judged(files, tmp_path / "repository")

    assert files
    assert [one for one in found if one.severity is not Severity.NOTICE or one.rule == rule] == []


_SAID_BY_SCHEMAS = {
    *("document-empty", "field-missing", "field-type", "field-unknown"),
    *("kind-unknown", "name-invalid", "settings-invalid", "value-not-allowed"),
}


def _refused(file: str, text: str) -> bool:
    """Whether the schema of a file refuses one of its documents."""
    validator = jsonschema.Draft202012Validator(schema("settings" if file == SETTINGS_FILE else "flow"))
    return any(not validator.is_valid(node.data()) for node in read_documents(text.encode(), file)[0])


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in _SHOWN_IN_WORDS])
def test_schemas_say_some_rules_and_leave_the_others_to_validate(rule: str) -> None:
    bad = {file: text for file, text in _section(rule, "Bad").items() if file != LOCK_FILE}

    assert any(_refused(file, text) for file, text in bad.items()) is (rule in _SAID_BY_SCHEMAS)
