"""Facts about colours of what is said on findings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WRONG = "name: a\nrun: {kind: jobb}\n"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "a.yaml"
    path.write_text(WRONG)
    return str(path)


@pytest.mark.parametrize(
    ("words", "environment", "coloured"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, False),
    ],
)
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_colours_are_taken_where_they_are_wanted(bare, file, monkeypatch, command, words, environment, coloured):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shown = bare(command, file, *words)

    assert ("\x1b[1;31merror\x1b[0m" in shown.out + shown.err) is coloured
    assert ("\x1b" in shown.out + shown.err) is coloured


def test_colours_only_add_escapes(bare, file):
    plain, painted = bare("validate", file).out, bare("validate", file, "--color", "always").out

    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == plain


def test_documents_have_no_colours(bare, file):
    assert "\x1b" not in bare("validate", file, "--color", "always", "--format", "json").out
