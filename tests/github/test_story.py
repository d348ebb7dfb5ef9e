"""The story that `make story-github` tells comes true: what a team on GitHub sees, from the first look to a kill -9."""

import pytest

from tests.github import story


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_story_comes_true(tmp_path, capsys):
    story.tell(tmp_path)

    told = capsys.readouterr().out
    assert "Re-run failed" in told
    assert "0 of them not as GitHub describes" in told
