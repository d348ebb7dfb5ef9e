"""Every reason that the adapters of GitHub give is explained where people look when something does not work."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_reason_says_what_to_do():
    given = {
        reason
        for file in (ROOT / "reconciler" / "adapters").glob("git*.py")
        for reason in re.findall(r'"(GitHub[A-Z]\w+)"', file.read_text("utf-8"))
    }
    page = (ROOT / "docs/how-to/platform/github-app.md").read_text("utf-8")
    table = page[page.index("| reason | what to do |") :]

    assert len(given) > 15
    assert given == set(re.findall(r"`(GitHub[A-Z]\w+)`", table))
