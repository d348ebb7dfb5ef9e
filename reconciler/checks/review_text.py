"""Findings inside the checks of a proposal: the title, the first sentence and the table."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.checks import words
from reconciler.checks.findings_text import address
from reconciler.flows.findings import Finding, Severity


def errors_title(found: Sequence[Finding]) -> str:
    """`2 errors in flows/churn.yaml`, or in how many files."""
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    files = list(dict.fromkeys(finding.file for finding in errors))
    number = words.count(len(errors), "error")
    if len(files) == 1:
        return words.named_title(f"{number} in {{}}", files[0])
    return f"{number} in {words.count(len(files), 'file')}"


def first_error(found: Sequence[Finding], pages: str) -> str:
    """The first error in a sentence with its place, and what to do."""
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    first = errors[0]
    place = words.code(f"{first.file}:{first.span.line}:{first.span.column}")
    do = f"Did you mean {words.code(first.suggestion)}?" if first.suggestion else "Mend the line and push."
    others = f" {words.count(len(errors) - 1, 'more error')} below." if len(errors) > 1 else ""
    return f"{words.spoken(first.message)} {place}\n{do}{others} {_rule(first.rule, pages)}"


def advice(finding: Finding) -> str:
    """The message, with the suggestion where it does not name it."""
    if not finding.suggestion or "did you mean" in finding.message.lower():
        return finding.message
    return f"{finding.message} Did you mean `{finding.suggestion}`?"


def findings_table(found: Sequence[Finding], pages: str, files: str, url: str) -> str:
    """All findings that are not accepted, errors first; nothing for none."""
    counting = [finding for finding in found if not finding.accepted]
    if not counting:
        return ""
    order = list(Severity)
    ranked = sorted(counting, key=lambda finding: order.index(finding.severity))
    rows = [_row(finding, pages, files) for finding in ranked[: words.ROWS]]
    return words.table(("Severity", "Place", "Finding", "Rule"), rows, total=len(counting), url=url)


def accepted_table(found: Sequence[Finding], pages: str, files: str, url: str) -> str:
    """The findings that the files themselves accept, folded, with their reasons; nothing for none."""
    accepted = [finding for finding in found if finding.accepted]
    rows = [
        (_place(finding, files), words.prose(words.clip(finding.accepted, 500)), _rule(finding.rule, pages))
        for finding in accepted[: words.ROWS]
    ]
    if not rows:
        return ""
    table = words.table(("Place", "Reason", "Rule"), rows, total=len(accepted), url=url)
    return words.folded("Accepted in the files", table, len(accepted))


def _row(finding: Finding, pages: str, files: str) -> tuple[str, ...]:
    said = words.spoken(words.clip(advice(finding), 500))
    return (finding.severity.value, _place(finding, files), said, _rule(finding.rule, pages))


def _place(finding: Finding, files: str) -> str:
    place = words.code(f"{finding.file}:{finding.span.line}")
    if not files:
        return place
    return f"[{place}]({files.rstrip('/')}/{words.quoted(finding.file).replace('%2F', '/')}#L{finding.span.line})"


def _rule(rule: str, pages: str) -> str:
    return f"[{rule}]({address(rule, pages)})" if pages else words.code(rule)
