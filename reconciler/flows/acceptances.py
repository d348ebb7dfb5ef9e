"""Findings accepted in place: comments that name a rule and a reason, and the lines whose findings they speak of.

`# headgate: accept image-missing (built elsewhere)` stands at the end of the finding's line, or alone above it;
`# headgate: accept-file image-missing (…)` stands above the first key and speaks of the whole file. What a
repository accepts everywhere, and what it insists on, is the business of its settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.flows.findings import LINE_BREAK, Finding, Severity, Span
from reconciler.flows.near import near
from reconciler.flows.nodes import ScalarPlace
from reconciler.flows.reader import scalar_places
from reconciler.flows.rules import ACCEPTING, RULES, finding

_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#+[ \t]*headgate:[ \t]*")
_SAID: Final = re.compile(r"(?P<word>[\w-]*)[ \t]*(?P<rules>[^()]*?)[ \t]*(?:\((?P<reason>.*)\))?[ \t]*")
_RULE: Final = re.compile(r"[^\s,]+")
_NO_CONTENT: Final = re.compile(r"\s*(?:#.*|---\s*)?")
_WORDS: Final = ("accept", "accept-file")
_OTHERS: Final = frozenset({"allow", "disable", "ignore", "noqa", "nolint", "off", "skip", "suppress"})
_EXAMPLE: Final = "`# headgate: accept image-missing (reason)`"
_OF_THE_REPOSITORY: Final = frozenset({"ref-not-allowed", "ref-outside", "ref-unpinned"})  # they bound its authors
_LAST: Final = 1 << 30  # a line after any other


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One rule that a comment accepts, and why, for findings that begin on the lines `first` to `last`.

    `span` is the rule's name in the comment.
    """

    rule: str
    reason: str
    span: Span
    first: int
    last: int

    def takes(self, found: Finding) -> bool:
        """Whether a finding of the comment's file is accepted by it."""
        return found.rule == self.rule and self.first <= found.span.line <= self.last


Read = tuple[tuple[Acceptance, ...], tuple[Finding, ...]]


def read_acceptances(data: bytes, file: str, severities: Mapping[str, Severity] | None = None) -> Read:
    """The acceptances that a file's comments hold, and what is wrong with them. Files without any pay nothing.

    What the repository's `severities` make an error cannot be accepted: a proposal cannot change how it is judged.
    """
    return _read(data, file, severities or {}) if ACCEPTING in data else ((), ())


def accepted(findings: tuple[Finding, ...], acceptances: Sequence[Acceptance]) -> tuple[Finding, ...]:
    """The findings of one file; those that are accepted there are notices that give the reason."""
    return tuple(_accepted(found, acceptances) for found in findings) if acceptances else findings


def unused_acceptances(
    data: bytes, file: str, findings: Iterable[Finding], severities: Mapping[str, Severity] | None = None
) -> tuple[Finding, ...]:
    """A finding for each acceptance of a file that none of its findings needs; `findings` are all that are known."""
    acceptances, _ = read_acceptances(data, file, severities)
    if not acceptances:
        return ()
    own = [one for one in findings if one.file == file]
    if any(not RULES[one.rule].lowerable for one in own if one.rule in RULES):
        return ()  # what could not be read may hold what is accepted
    return tuple(_unused(one, file) for one in acceptances if not any(map(one.takes, own)))


def _accepted(found: Finding, acceptances: Sequence[Acceptance]) -> Finding:
    reason = next((one.reason for one in acceptances if one.takes(found)), None)
    return found if reason is None else replace(found, severity=Severity.NOTICE, accepted=reason)


def _unused(one: Acceptance, file: str) -> Finding:
    place = "the file has" if one.last == _LAST else f"line {one.first} has" if one.first else "nothing below it has"
    message = f"Remove the acceptance of `{one.rule}`: {place} no such finding."
    return finding("acceptance-unused", message, file, one.span)


# --- comments ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment of ours: where it begins, where what it says begins, and that text."""

    line: int
    column: int
    start: int
    text: str
    alone: bool


def _read(data: bytes, file: str, severities: Mapping[str, Severity]) -> Read:
    lines = LINE_BREAK.split(data.decode("utf-8-sig", "replace"))
    candidates = list(_candidates(lines))
    if not candidates:
        return (), ()
    targets = {comment: _target(comment, lines) for comment in candidates}
    scalars = list(scalar_places(data, max(targets.values())))
    top = next((at for at, line in enumerate(lines, 1) if not _NO_CONTENT.fullmatch(line)), _LAST)
    meant: list[Acceptance | Finding] = []
    for comment in _comments(candidates, scalars):
        line = targets[comment]
        last = max((place.last_line for place in scalars if place.span.line == line), default=line)
        meant += _meant(comment, (line, last), top, file, severities)
    made = tuple(one for one in meant if isinstance(one, Acceptance))
    return made, tuple(one for one in meant if isinstance(one, Finding))


def _candidates(lines: Sequence[str]) -> Iterator[_Comment]:
    """Whatever looks like a comment of ours, within scalars too."""
    for at, line in enumerate(lines, 1):
        if "headgate:" in line:
            for found in _COMMENT.finditer(line):
                alone = not line[: found.start()].strip()
                yield _Comment(at, found.start() + 1, found.end() + 1, line[found.end() :], alone)


def _comments(candidates: Iterable[_Comment], scalars: Sequence[ScalarPlace]) -> Iterator[_Comment]:
    """The first of each line that stands in no scalar."""
    seen = 0
    for comment in candidates:
        if comment.line != seen and not any(place.holds(comment.line, comment.column) for place in scalars):
            seen = comment.line
            yield comment


def _target(comment: _Comment, lines: Sequence[str]) -> int:
    """The line that a comment speaks of: its own, or the next one that says something; 0 where there is none."""
    if not comment.alone:
        return comment.line
    below = enumerate(lines[comment.line :], comment.line + 1)
    return next((at for at, line in below if not _NO_CONTENT.fullmatch(line)), 0)


def _meant(
    comment: _Comment, lines: tuple[int, int], top: int, file: str, severities: Mapping[str, Severity]
) -> Iterator[Acceptance | Finding]:
    """What a comment accepts on `lines`, and what is wrong with it. One that says something else is none of ours."""
    said = _SAID.fullmatch(comment.text)
    word = said["word"] if said else comment.text.partition(" ")[0]
    if word not in _WORDS:
        if near(word, _WORDS) or word in _OTHERS:
            message = f"Write {_EXAMPLE}: `{word}` is no word that can stand there."
            yield _invalid(message, file, comment, 0, len(word), "accept")
        return
    problem = _problem(said, comment, word, top)
    if problem or said is None:
        yield _invalid(problem, file, comment, 0, len(comment.text.rstrip()))
        return
    for name in _RULE.finditer(said["rules"]):
        start = said.start("rules") + name.start()
        message, guess = _refusal(name[0], severities)
        if message:
            yield _invalid(message, file, comment, start, start + len(name[0]), guess)
        else:
            span = _span(comment, start, start + len(name[0]))
            reach = (1, _LAST) if word == "accept-file" else lines
            yield Acceptance(name[0], said["reason"].strip(), span, *reach)


def _problem(said: re.Match[str] | None, comment: _Comment, word: str, top: int) -> str:
    """Why the comment as a whole accepts nothing; "" if it may."""
    if said is None or not said["rules"]:
        return f"Name the rule and give the reason in brackets at the end: {_EXAMPLE}."
    if not (said["reason"] or "").strip():
        return f"Say why in brackets: `# headgate: {word} {said['rules']} (reason)`."
    if word == "accept-file" and not (comment.alone and comment.line < top):
        return "Put `accept-file` on a line of its own above the first key, or write `accept` for one line."
    return ""


def _refusal(rule: str, severities: Mapping[str, Severity]) -> tuple[str, str | None]:
    """Why a rule cannot be accepted, and what was meant; "" if it can."""
    if rule not in RULES:
        guess = near(rule, RULES)
        return f"Correct the rule: there is no `{rule}`{f'; did you mean `{guess}`?' if guess else '.'}", guess
    if not RULES[rule].lowerable:
        return f"Mend the finding instead: without `{rule}` the file has no clear meaning.", None
    if rule.startswith("acceptance-"):
        return f"Correct or remove the acceptance instead: `{rule}` is about the comments themselves.", None
    if rule in _OF_THE_REPOSITORY or severities.get(rule) is Severity.ERROR:
        return f"Mend the finding, or change the repository's settings: `{rule}` is decided for all of its files.", None
    return "", None


def _invalid(message: str, file: str, comment: _Comment, start: int, end: int, guess: str | None = None) -> Finding:
    return finding("acceptance-invalid", message, file, _span(comment, start, end), suggestion=guess)


def _span(comment: _Comment, start: int, end: int) -> Span:
    return Span(comment.line, comment.start + start, comment.line, comment.start + max(end, start + 1))
