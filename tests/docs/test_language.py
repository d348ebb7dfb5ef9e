"""The pages of the language say what the shapes say, and leave nothing out."""

from __future__ import annotations

import pytest

from reconciler.flows.matrix.space import SPACES
from reconciler.flows.parse import parse
from reconciler.plan.build import build
from tests.docs.language import FOLDER, definitions, made, own_fields, parts
from tests.docs.pages import blocks
from tests.generated import assert_current

_PAGES = sorted(file.name for file in FOLDER.glob("*.md"))


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_of_the_language_is_current(page: str) -> None:
    assert_current(FOLDER / page, made(page))


@pytest.mark.parametrize("page", [page for page in _PAGES if page != "README.md"])
def test_a_page_has_examples_and_those_of_what_is_not_run_yet_have_no_other_fault(page: str) -> None:
    examples = [block for block in blocks(f"docs/language/{page}") if block.language == "yaml"]

    assert examples
    for block in examples:  # all others are judged with those of every page
        if block.shown:
            parsed = parse(block.text.encode(), block.file)
            built = [one for flow in parsed.flows for one in build(flow, {}.get, start=False).findings]
            assert {one.rule for one in (*parsed.findings, *built)} <= {"kind-unsupported", "ref-not-found"}


def test_every_field_stands_on_one_page() -> None:
    told = [(part.name, field) for part in parts() for field in part.fields or own_fields(part.name)]

    assert len(told) == len(set(told))
    assert {(name, field) for name in definitions() if name not in SPACES for field in own_fields(name)} == set(told)
