"""What was found while one file is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconciler.flows.findings import Finding, Span
from reconciler.flows.near import near
from reconciler.flows.nodes import Node, Spelling
from reconciler.flows.rules import MAX_FINDINGS, finding

_MANY: Final = 500  # findings of a file; after as many, nobody reads the suggestions


class Report:
    """Collects the findings of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.overflowed = False  # there were more, and they were dropped
        self.spellings: list[Spelling] = []

    def add(
        self,
        rule: str,
        message: str,
        span: Span,
        path: str = "",
        suggestion: str | None = None,
        also: tuple[tuple[str, Span, str], ...] = (),
    ) -> None:
        """Note one finding, up to `MAX_FINDINGS`; `rule` is a name of the table in rules.py."""
        if len(self.findings) >= MAX_FINDINGS:
            self.overflowed = True
            return
        self.findings.append(finding(rule, message, self.file, span, path, suggestion, also))

    def respell(self, node: Node, key: str | None, canonical: str, form: str = "key") -> None:
        """Note that what stands there is right and has a canonical form; `key` None means the value `node` itself."""
        if len(self.spellings) < MAX_FINDINGS:
            self.spellings.append(Spelling(node, key, canonical, form))

    def near(self, word: str, words: Iterable[str]) -> str | None:
        """A suggestion for `word`, while suggestions are still worth their time."""
        return near(word, words) if len(self.findings) < _MANY else None
