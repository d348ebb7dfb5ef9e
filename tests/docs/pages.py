"""The pages of the documentation and what stands in their code blocks. Running them is done in terminal.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sybil import Document, Region
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

ROOT = Path(__file__).resolve().parents[2]
_OTHERS = ("docs/rules/", "docs/reference/cli.md", "examples/", ".github/")  # these have tests of their own
_SHOWN = re.compile(r"<!-- shown: [^>]+ -->\n\Z")
_FILE = re.compile(r"# ((?:[-\w.]+/)*[-\w.]+\.(?:ya?ml|py|sh))\n")
_FENCES = FencedCodeBlockLexer(language=r"\w+")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block. `file` is the path that its first line names, as in `# flows/train.yaml`.

    `shown` blocks carry the comment `<!-- shown: REASON -->` above them and are neither run nor judged.
    """

    language: str
    text: str
    line: int
    file: str
    shown: bool


def pages() -> list[str]:
    """Every page of the project, relative to its root."""
    found = [file for folder in ("", "docs/**/", ".github/**/", "examples/**/") for file in ROOT.glob(f"{folder}*.md")]
    return sorted(file.relative_to(ROOT).as_posix() for file in found)


def tried_pages() -> list[str]:
    """The pages whose blocks are run or judged."""
    return [page for page in pages() if not page.startswith(_OTHERS)]


def blocks(page: str) -> list[Block]:
    """The code blocks of a page in order."""
    document = Document((ROOT / page).read_text("utf-8"), page)
    return [_block(document, region) for region in _FENCES(document)]


def _block(document: Document, region: Region) -> Block:
    text = str(region.lexemes["source"])
    named = _FILE.match(text)
    line = document.text.count("\n", 0, region.start) + 1
    shown = _SHOWN.search(document.text[: region.start]) is not None
    return Block(region.lexemes["language"], text, line, named[1] if named else "", shown)
