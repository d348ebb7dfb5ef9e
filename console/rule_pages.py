"""The pages of rules as data: why a rule is there, its examples, how to mend a finding. They lie in `docs/rules`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from console.failures import AWAY, Failure
from reconciler.flows.rules import page

FOLDER = Path(__file__).parent / "rules"  # docs/rules of the checkout; a package holds a copy
_BLOCK = re.compile(r"^```\w*\n(.*?)^```$\n?", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"# (\S+)\n")
_FLOW = "flows/example.yaml"  # a block that names no file


@dataclass(frozen=True, slots=True)
class Example:
    """What is said of an example, and its files as (path, text)."""

    words: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RulePage:
    """What a page says beyond the table of rules."""

    why: str
    bad: Example
    good: Example
    fix: str


def rule_page(rule: str) -> RulePage:
    """The page of a rule of the table. Raises Failure where the installation lacks it."""
    try:
        text = (FOLDER / f"{rule}.md").read_text("utf-8")
    except OSError:
        do = "Install Headgate anew, or read the page in its repository."
        raise Failure("page-away", "The page is not installed.", where=page(rule), do=do, exit_code=AWAY) from None
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    by_title = {title: body.strip() for title, _, body in (section.partition("\n") for section in sections)}
    return RulePage(
        why="\n\n".join(head.strip().split("\n\n")[2:-1]),  # between the summary and the severity
        bad=_example(by_title.get("Bad", "")),
        good=_example(by_title.get("Good", "")),
        fix=by_title.get("Fix", ""),
    )


def _example(section: str) -> Example:
    files = []
    for block in _BLOCK.findall(section):
        named = _NAMED.match(block)
        files.append((named[1] if named else _FLOW, block))
    return Example(_BLOCK.sub("", section).strip(), tuple(files))
