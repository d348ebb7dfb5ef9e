"""The story that `make story-github` tells comes true: what a team on GitHub sees, from the first look to a kill -9."""

import re

import pytest

from tests.docs.pages import ROOT, blocks
from tests.github import story

PAGE = "docs/explanation/checks-on-github.md"
_TIMES = re.compile(r"\b[\d.]+ s\b")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_story_comes_true(tmp_path, capsys):
    story.tell(tmp_path)

    told = capsys.readouterr().out
    assert "Re-run failed" in told
    assert "0 of them not as GitHub describes" in told
    assert [line for line in shown() if line not in untimed(told)] == []


def shown():
    """What the page of how checks read shows of the story: titles of checks, sentences, rows of tables."""
    titles = [
        re.split(r" {2,}", line, maxsplit=2)
        for one in blocks(PAGE)
        if one.language == "text"
        for line in one.text.splitlines()
    ]
    page = (ROOT / PAGE).read_text("utf-8").splitlines()
    said = [line.removeprefix("> ") for line in page if line.startswith("> ")]
    rows = [line.replace("| |", "|  |").replace("| |", "|  |") for line in page if line.startswith("|")]
    return [untimed(line) for line in (*(f"[{how}] {name}: {title}" for name, how, title in titles), *said, *rows)]


def untimed(text):
    return _TIMES.sub("… s", text)
