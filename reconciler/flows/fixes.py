"""What can be mended without asking, by rule: findings and older spellings to edits of the text, kept if they help.

Pure: what a text comes to is told by whoever asks, and files are written elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from reconciler.flows.edits import Edit, Source, edited
from reconciler.flows.findings import Finding, Severity, Span
from reconciler.flows.near import near
from reconciler.flows.nodes import Spelling
from reconciler.flows.root_dags import moved
from reconciler.flows.rules import RULES

SPELLING: Final = "spelling"  # what is mended there is no mistake
_AHEAD: Final = 3  # what a fix brings to light may bring something to light itself
_JUDGEMENTS: Final = 300  # of one text: one that is wrong in so many ways is left to people
_MOST: Final = 200  # fixes of one round: a text with more gets the others the next time
_WORD: Final = re.compile(r"[A-Za-z_][\w-]*")
_PLAIN: Final = re.compile(r"[A-Za-z_][\w./-]*")
_NOT_TEXT: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


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
class Fix:
    """One thing mended: `before` became `after` at a place of the text as it was then."""

    rule: str
    span: Span
    before: str
    after: str
    edits: tuple[Edit, ...] = field(compare=False)
    keeps_meaning: bool = False  # the text must mean the same afterwards


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
    """The mending of one text: what was tried in vain is not tried again."""

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
        fixes = [self._first(_of_finding(source, one)) for one in own]
        if not now.outlook.is_understood:  # a part that is not read yet may mean something else
            fixes = [fix for fix in fixes if fix is not None and not fix.keeps_meaning]
        return _apart(fixes)

    def spellings(self, now: Mended) -> list[Fix]:
        """A fix for each older spelling: words before sections, inner sections before outer ones."""
        source = Source(now.text)
        words = [one for one in now.outlook.spellings if one.form != "root-dag"]
        sections = [one for one in now.outlook.spellings if one.form == "root-dag"]
        in_words = _apart([self._first(_of_spelling(source, one)) for one in words])
        return in_words or _apart([self._first(_of_spelling(source, one)) for one in sections])

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
    if before.is_cut:  # as many as are kept, before and after
        return (errors, wrong) <= before.counts
    if all(fix.rule == SPELLING for fix in fixes):
        return (errors, wrong) == before.counts and after.meaning == before.meaning
    if any(fix.keeps_meaning for fix in fixes) and (len(fixes) > 1 or after.meaning != before.meaning):
        return False
    return errors <= before.counts[0] and wrong <= before.counts[1] - len(fixes)


def _identity(fix: Fix) -> tuple[str, str, str, int]:
    return (fix.rule, fix.before, fix.after, fix.span.line)


# --- mistakes ---------------------------------------------------------------------------------------------------------


def _of_finding(source: Source, found: Finding) -> Iterator[Fix]:
    """What may be put in its place, best first."""
    fixer = _BY_RULE.get(found.rule)
    return fixer(source, found) if fixer is not None else iter(())


def _respelled(source: Source, found: Finding) -> Iterator[Fix]:
    """The word that was meant in place of the one that is there."""
    if found.sure and found.suggestion and _is_plain(found.suggestion):
        place = _place_of_word(source, found.span, found.suggestion)
        if place is not None:
            yield _fix(source, found.rule, found.span.line, place, found.suggestion)


def _renamed(source: Source, found: Finding) -> Iterator[Fix]:
    """A name with the characters that names have."""
    start, end = source.range(found.span)
    if found.suggestion and _is_plain(found.suggestion) and found.span.line == found.span.end_line:
        yield _fix(source, found.rule, found.span.line, _unquoted(source, start, end), found.suggestion)


def _quoted(source: Source, found: Finding) -> Iterator[Fix]:
    """A text in quotes."""
    start, end = source.range(found.span)
    if found.suggestion == f'"{source.text[start:end]}"':
        yield _fix(source, found.rule, found.span.line, (start, end), found.suggestion)


def _without_zeros(source: Source, found: Finding) -> Iterator[Fix]:
    """The number that it is here; where it stands for a text, that text."""
    start, end = source.range(found.span)
    text = source.text[start:end]
    if re.fullmatch(r"[-+]?\d+", text):
        for plain in (str(int(text)), f'"{text}"'):
            yield replace(_fix(source, found.rule, found.span.line, (start, end), plain), keeps_meaning=True)


def _place_of_word(source: Source, span: Span, suggestion: str) -> tuple[int, int] | None:
    """Where the word is that the suggestion replaces: all of the span, or the one word in it that is like it."""
    start, end = _unquoted(source, *source.range(span))
    if near(source.text[start:end], (suggestion,)) and _is_plain(source.text[start:end]):
        return start, end
    alike = [word for word in _WORD.finditer(source.text, start, end) if near(word[0], (suggestion,))]
    return (alike[0].start(), alike[0].end()) if len(alike) == 1 else None


def _unquoted(source: Source, start: int, end: int) -> tuple[int, int]:
    text = source.text[start:end]
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return (start + 1, end - 1) if quoted else (start, end)


def _is_plain(word: str) -> bool:
    """Whether a word is a text wherever it is written."""
    return _PLAIN.fullmatch(word) is not None and word.lower() not in _NOT_TEXT


def _fix(source: Source, rule: str, line: int, place: tuple[int, int], after: str) -> Fix:
    start, end = place
    column = start - source.offset(line, 1) + 1
    span = Span(line, column, line, column + end - start)
    return Fix(rule, span, source.text[start:end], after, (Edit(start, end, after),))


Fixer = Callable[[Source, Finding], Iterator[Fix]]
_BY_RULE: Final[Mapping[str, Fixer]] = {
    **dict.fromkeys(
        ("field-unknown", "value-not-allowed", "kind-unknown", "type-unknown", "settings-invalid"), _respelled
    ),
    **dict.fromkeys(("dependency-unknown", "op-unknown", "output-unknown", "ref-not-found"), _respelled),
    **dict.fromkeys(("param-undeclared", "param-ref-invalid", "matrix-param-unknown", "query-invalid"), _respelled),
    **dict.fromkeys(("template-unknown-name", "acceptance-invalid"), _respelled),
    "name-invalid": _renamed,
    "field-type": _quoted,
    "yaml-octal": _without_zeros,
}


# --- older spellings --------------------------------------------------------------------------------------------------


def _of_spelling(source: Source, spelling: Spelling) -> Iterator[Fix]:
    if spelling.form == "root-dag":
        return _as_run(source, spelling)
    span = spelling.node.span if spelling.key is None else spelling.node.key_span(spelling.key)
    if not source.holds(span) or span.line != span.end_line:
        return iter(())
    return _as_validation(source, spelling, span) if spelling.form == "io" else _as_word(source, spelling, span)


def _as_word(source: Source, spelling: Spelling, span: Span) -> Iterator[Fix]:
    start, end = _unquoted(source, *source.range(span))
    if source.text[start:end] == (spelling.key or spelling.node.text):
        yield _fix(source, SPELLING, span.line, (start, end), spelling.canonical)


def _as_run(source: Source, spelling: Spelling) -> Iterator[Fix]:
    edits = moved(source, spelling.node)
    if edits is not None:
        key = "ops" if "ops" in spelling.node.keys else "components"
        yield Fix(SPELLING, spelling.node.key_span(key), key, "run", edits)


def _as_validation(source: Source, spelling: Spelling, key: Span) -> Iterator[Fix]:
    """`options: [a, b]` as `validation: {options: [a, b]}`, where it stands on one line."""
    assert spelling.key is not None
    value = spelling.node.at(spelling.key).span
    start, end = source.range(key)
    last = source.offset(value.end_line, value.end_column)
    if value.line == key.line == value.end_line and source.text[start:end] == spelling.key:
        edits = (Edit(start, end, f"validation: {{{spelling.canonical}"), Edit(last, last, "}"))
        yield Fix(SPELLING, key, spelling.key, f"validation.{spelling.canonical}", edits)
