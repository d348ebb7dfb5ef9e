"""Findings for people and machines: text with the source line and a caret, and the JSON document of version 1."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from reconciler.checks.words import count, line, plain
from reconciler.flows.findings import NOWHERE, Finding, Severity, Span
from reconciler.flows.model import Json
from reconciler.flows.rules import page

Paint = Callable[[str, str], str]  # a severity, `place`, `hint` or `aside`, and the text that is to look like it

_WIDTH = 160  # columns of a source line that are shown


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """By place; findings that say the same at the same place once."""
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.file, finding.span, finding.rule))


def address(rule: str, pages: str = "") -> str:
    """The address of a rule's page; `pages` is what stands before `docs/rules/…`."""
    return f"{pages.rstrip('/')}/{page(rule)}" if pages else page(rule)


def bare(_look: str, text: str) -> str:
    """Text without colours."""
    return text


def text(
    findings: Sequence[Finding],
    sources: Mapping[str, bytes],
    files: int,
    pages: str = "",
    notices: bool = True,
    paint: Paint = bare,
) -> str:
    """All findings as text, sorted by place, the count last. Lines are shown of the `sources` that are given.

    Without `notices` these are left out; of accepted findings there is still their number.
    """
    shown = [finding for finding in ordered(findings) if notices or finding.severity is not Severity.NOTICE]
    blocks = [one(finding, sources, pages, paint) for finding in shown]
    return "\n\n".join([*blocks, counted(findings, files, notices)])


def one(finding: Finding, sources: Mapping[str, bytes], pages: str = "", paint: Paint = bare) -> str:
    """One finding: place and sentence, source line and caret, suggestion, further places, page."""
    span = finding.span
    place = line(finding.file) if span == NOWHERE else f"{line(finding.file)}:{span.line}:{span.column}"
    severity = finding.severity.value
    head = f"{paint('place', place)}: {paint(severity, severity)}: {line(finding.message)} "
    lines = [head + paint("aside", f"[{finding.rule}]"), *excerpt(sources.get(finding.file), span, severity, paint)]
    if finding.accepted:
        lines.append(f"  Accepted in the file: {line(finding.accepted)}")
    elif finding.suggestion and not _says(finding.message, finding.suggestion):
        lines.append("  " + paint("hint", f"Did you mean `{line(finding.suggestion)}`?"))
    for file, also, word in finding.also:
        where = paint("place", f"{line(file)}:{also.line}:{also.column}")
        lines += [f"  {where}: {line(word)}", *excerpt(sources.get(file), also, "hint", paint)]
    lines.append(paint("aside", f"  See {address(finding.rule, pages)}"))
    return "\n".join(lines)


def _says(message: str, suggestion: str) -> bool:
    return "did you mean" in message.lower() and suggestion in message


def excerpt(source: bytes | None, span: Span, look: str = "", paint: Paint = bare) -> list[str]:
    """The source line with a caret below what is meant; nothing where the line is not there."""
    lines = source.decode("utf-8", "replace").splitlines() if source else []
    if not 0 < span.line <= len(lines):
        return []
    whole = lines[span.line - 1].rstrip()
    start = min(max(span.column - 1, 0), len(whole))
    end = span.end_column - 1 if span.end_line == span.line else len(whole)
    cut = max(0, start - _WIDTH // 2) if len(whole) > _WIDTH else 0
    shown = plain(whole[cut : cut + _WIDTH]).replace("\t", " ")
    before = _width(plain(whole[cut:start]))
    marked = max(1, min(_width(plain(whole[start:end])), _WIDTH - before))
    margin = " " * len(str(span.line))
    caret = paint(look, "^" * marked)
    return [
        paint("aside", f"  {span.line} |") + f" {shown}",
        paint("aside", f"  {margin} |") + f" {' ' * before}{caret}",
    ]


def _width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)


def counted(findings: Sequence[Finding], files: int, notices: bool = True) -> str:
    """`2 errors, 1 warning, 1 accepted in 3 files`, or that nothing was found."""
    found = ordered(findings)
    numbers = Counter(finding.severity for finding in found if not finding.accepted)
    severities = [one for one in Severity if numbers[one] and (notices or one is not Severity.NOTICE)]
    said = [count(numbers[severity], severity.value) for severity in severities] or ["Nothing to say"]
    accepted = sum(bool(finding.accepted) for finding in found)
    if accepted:
        said.append(f"{accepted} accepted")
    return f"{', '.join(said)} in {count(files, 'file')}."


def document(findings: Sequence[Finding], files: int, pages: str = "", notices: bool = True) -> dict[str, Json]:
    """The document of version 1: `{"version", "findings", "files", "errors", "warnings", "accepted"}`.

    Accepted findings stand under `accepted` only, each with its `reason`.
    """
    found = ordered(findings)
    counting = [one for one in found if not one.accepted and (notices or one.severity is not Severity.NOTICE)]
    numbers = Counter(finding.severity for finding in counting)
    return {
        "version": 1,
        "findings": [_entry(finding, pages) for finding in counting],
        "files": files,
        "errors": numbers[Severity.ERROR],
        "warnings": numbers[Severity.WARNING],
        "accepted": [_entry(one, pages) | {"reason": one.accepted} for one in found if one.accepted],
    }


def _entry(finding: Finding, pages: str) -> dict[str, Json]:
    span = finding.span
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "file": finding.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "path": finding.path,
        "suggestion": finding.suggestion,
        "url": address(finding.rule, pages),
        "also": [
            {"file": file, "line": place.line, "column": place.column, "message": word}
            for file, place, word in finding.also
        ],
    }
