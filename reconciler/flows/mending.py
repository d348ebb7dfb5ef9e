"""A text mended: fixes tried, kept if they help, taken back if not. Which fixes there are stands in fixes.py.

Pure: what a text comes to is told by whoever asks, and files are written elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.flows.edits import Source, edited
from reconciler.flows.findings import Finding, Severity
from reconciler.flows.fixes import SPELLING, Fix, of_finding, of_spelling
from reconciler.flows.nodes import Spelling
from reconciler.flows.rules import RULES

_JUDGEMENTS: Final = 300  # of one text: one that is wrong in so many ways is left to people
_AHEAD: Final = 3  # what a fix brings to light may bring something to light itself
_MOST: Final = 200  # fixes of one round: a text with more gets the others the next time


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a text comes to: what is wrong with it and what it refers to, what it means, and its older spellings."""

    findings: tuple[Finding, ...]
    meaning: Any
    spellings: tuple[Spelling, ...] = ()

    @property
    def is_understood(self) -> bool:
        """Whether no part of the text is passed over for what is wrong with it."""
        return all(found.rule in RULES and RULES[found.rule].lowerable for found in self.findings)

    @property
    def is_cut(self) -> bool:
        """Whether there is more wrong than is kept."""
        return any(found.rule == "findings-too-many" for found in self.findings)

    @property
    def counts(self) -> tuple[int, int]:
        """Errors, and errors with warnings."""
        errors = sum(found.severity is Severity.ERROR for found in self.findings)
        return errors, errors + sum(found.severity is Severity.WARNING for found in self.findings)


Judge = Callable[[str], Outlook]


@dataclass(frozen=True, slots=True)
class Mended:
    """A text after all fixes, what they were in their order, and what it comes to now."""

    text: str
    fixes: tuple[Fix, ...]
    outlook: Outlook


def mend(text: str, file: str, judge: Judge) -> Mended:
    """The text with everything mended that can be without asking, and without making anything worse."""
    return _Session(file, judge).settled(Mended(text, (), judge(text)))


class _Session:
    """The mending of one text: what was tried in vain is not tried again until something else has helped."""

    def __init__(self, file: str, judge: Judge, outer: _Session | None = None, known: Iterable[Finding] = ()) -> None:
        """`known` are the mistakes that the `outer` session, which looks ahead here, sees to itself."""
        self._file = file
        self._judge = judge
        self._outer = outer
        self._budget: list[int] = outer._budget if outer is not None else [_JUDGEMENTS]  # one for all that look ahead
        self._depth: int = outer._depth + 1 if outer is not None else 0
        outside: set[tuple[str, str]] = outer._passed_over if outer is not None else set()
        self._passed_over: set[tuple[str, str]] = outside | {(one.rule, one.message) for one in known}
        self._refused: set[tuple[str, str, str, int]] = set()

    def settled(self, now: Mended) -> Mended:
        """The text once nothing is left that can be mended; looking ahead, spellings are left to the outer session."""
        before = None
        while now is not before:
            before = now
            self._refused.clear()  # what was in vain may help now
            while not self._is_spent and (found := self._found(now)):
                now = self.kept(now, found)
        return now

    def _found(self, now: Mended) -> list[Fix]:
        return self.mistakes(now) or (self.spellings(now) if self._outer is None else [])

    def mistakes(self, now: Mended) -> list[Fix]:
        """A fix for each finding that has one."""
        source = Source(now.text)
        own = [one for one in now.outlook.findings if one.file == self._file and not one.accepted]
        own = [one for one in own if source.holds(one.span) and (one.rule, one.message) not in self._passed_over]
        fixes = [self._first(of_finding(source, one)) for one in own]
        if not now.outlook.is_understood:  # a part that is not read yet may mean something else
            fixes = [fix for fix in fixes if fix is not None and not fix.keeps_meaning]
        return _apart(fixes)

    def spellings(self, now: Mended) -> list[Fix]:
        """A fix for each older spelling: words before sections, inner sections before outer ones."""
        source = Source(now.text)
        words = [one for one in now.outlook.spellings if one.form != "root-dag"]
        sections = [one for one in now.outlook.spellings if one.form == "root-dag"]
        in_words = _apart([self._first(of_spelling(source, one)) for one in words])
        return in_words or _apart([self._first(of_spelling(source, one)) for one in sections])

    def _first(self, fixes: Iterable[Fix]) -> Fix | None:
        return next((one for one in fixes if _identity(one) not in self._refused), None)

    def kept(self, now: Mended, fixes: Sequence[Fix]) -> Mended:
        """As many of the fixes as help; halves are tried where all of them together do not."""
        if self._is_spent:
            return now
        text = edited(now.text, (edit for fix in fixes for edit in fix.edits))
        after = Mended(text, (*now.fixes, *reversed(fixes)), self._judged(text))
        if _helps(now.outlook, after.outlook, fixes):
            return after
        if len(fixes) == 1:
            return self._ahead(now, after) or now
        half = len(fixes) // 2  # the later half of the text first: it moves nothing of the other
        return self.kept(self.kept(now, fixes[:half]), fixes[half:])

    def _judged(self, text: str) -> Outlook:
        self._budget[0] -= 1
        return self._judge(text)

    @property
    def _is_spent(self) -> bool:
        """Whether texts were judged as often as they may be."""
        return self._budget[0] <= 0

    def _ahead(self, now: Mended, after: Mended) -> Mended | None:
        """Where a fix brings other mistakes to light: all of it if these can be mended, too."""
        fix = after.fixes[-1]
        self._refused.add(_identity(fix))
        if fix.rule == SPELLING or fix.keeps_meaning or self._depth >= _AHEAD:
            return None
        ahead = _Session(self._file, self._judge, self, now.outlook.findings).settled(after)
        return ahead if _helps(now.outlook, ahead.outlook, (fix,)) else None


def _apart(fixes: Iterable[Fix | None]) -> list[Fix]:
    """Those that touch no characters of each other, the last of the text first; of two that do, the later one."""
    apart: list[Fix] = []
    for fix in sorted({one for one in fixes if one is not None}, key=lambda one: one.edits[0], reverse=True):
        if not apart or max(edit.end for edit in fix.edits) <= apart[-1].edits[0].start:
            apart.append(fix)
    return apart[-_MOST:]


def _helps(before: Outlook, after: Outlook, fixes: Sequence[Fix]) -> bool:
    errors, wrong = after.counts
    if all(fix.rule == SPELLING for fix in fixes):
        return (errors, wrong) == before.counts and after.meaning == before.meaning
    if any(fix.keeps_meaning for fix in fixes) and (len(fixes) > 1 or after.meaning != before.meaning):
        return False
    if before.is_cut:  # as many as are kept, before and after
        return (errors, wrong) <= before.counts
    return errors <= before.counts[0] and wrong <= before.counts[1] - len(fixes)


def _identity(fix: Fix) -> tuple[str, str, str, int]:
    return (fix.rule, fix.before, fix.after, fix.span.line)
