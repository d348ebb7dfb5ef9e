"""The tutorial on GitHub comes true: what it says that checks say is what they say, in the order of its parts."""

import re

import pytest

from tests.docs.pages import blocks
from tests.github.story import Story, staged

PAGE = "docs/tutorial-github.md"
_CHECK = re.compile(r"(headgate(?:/[\w/]+)?) +(success|failure)  (.+)")
_SECONDS = re.compile(r"\b[\d.]+ s\b")


def flow():
    return next(block.text for block in blocks(PAGE) if block.file == "flows/churn.yaml")


def shown():
    """Of each part, the lines that it shows of checks."""
    parts = [block.text.splitlines() for block in blocks(PAGE) if block.language == "text"]
    return [lines for lines in parts if not lines[0].startswith(("-", "+"))]


def assert_said(story: Story, sha, lines):
    for line in lines:
        found = _CHECK.fullmatch(line)
        if found is None:
            said = [text for run in story.github.check_runs(sha) for text in run.summary.splitlines()]
            assert line in said
        else:
            name, conclusion, title = found.groups()
            check = story.completed(name, sha)
            assert (check.conclusion, untimed(check.title)) == (conclusion, untimed(title))


def untimed(title):
    return _SECONDS.sub("… s", title)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_tutorial_on_github_comes_true(tmp_path):
    connected, wrong, details, mended, plan, merged, numbers = shown()
    at_first = {"flows/churn.yaml": flow()}
    better = {"flows/churn.yaml": flow().replace("value: 0.01", "value: 0.1")}
    with staged(tmp_path, at_first) as story:
        assert_said(story, story.github.head(), connected)
        pull = story.github.open_pull_request(
            {"flows/churn.yaml": flow().replace("inputs.lr}", "inputs.rate}")}, branch="faster", by="ann"
        )
        assert_said(story, pull.head_sha, [*wrong, *details])
        story.github.push_to(pull, better)
        assert_said(story, pull.head_sha, [*mended, *plan])
        assert_said(story, story.github.merge(pull), [*merged, *numbers])
