"""Links of the documentation lead somewhere: to files of the project, and to headings of its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from reconciler.flows.rules import RULES, page
from tests.docs.pages import ROOT, pages

_FENCED = re.compile(r"^(`{3,}).*?^\1", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def _prose(name: str) -> str:
    return _FENCED.sub("", (ROOT / name).read_text("utf-8"))


def _anchors(name: str) -> set[str]:
    """The anchors that forges give to the headings of a page."""
    return {re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-") for text in _HEADING.findall(_prose(name))}


def _broken(name: str) -> Iterator[str]:
    for target in _LINK.findall(_CODE.sub("", _prose(name))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        if not file.exists() or not file.is_relative_to(ROOT):
            yield f"{target}: there is no such file"
        elif anchor and anchor not in _anchors(file.relative_to(ROOT).as_posix()):
            yield f"{target}: there is no such heading"


@pytest.mark.parametrize("name", pages())
def test_relative_links_and_anchors_of_a_page_resolve(name: str) -> None:
    assert list(_broken(name)) == []


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_page(rule: str) -> None:
    assert (ROOT / page(rule)).is_file()


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, todo = set(), ["README.md"]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        targets = (target.partition("#")[0] for target in _LINK.findall(_prose(name)))
        files = (((ROOT / name).parent / target).resolve() for target in targets if target.endswith(".md"))
        todo += [file.relative_to(ROOT).as_posix() for file in files if file.is_relative_to(ROOT)]

    wanted = {name for name in pages() if name.startswith("docs/") and not name.startswith("docs/rules/")}
    assert wanted - seen == set()
