"""Bytes that no flow file may have: what is no UTF-8, and characters that people do not see or editors reorder."""

from __future__ import annotations

import re
from typing import Final

from reconciler.flows.findings import LINE_BREAK, Finding, Span
from reconciler.flows.rules import finding

_HIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")
_HIDDEN_ASCII: Final = bytes(code for code in range(128) if _HIDDEN.match(chr(code)))
_MOST: Final = 20  # hidden characters that are reported one by one


def hidden_characters(data: bytes, file: str) -> tuple[Finding, ...]:
    """A finding for each of them, up to a bound; for bytes that are no UTF-8 the first place of such."""
    if data.isascii() and len(data.translate(None, _HIDDEN_ASCII)) == len(data):
        return ()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        return (finding("yaml-characters", "Save the file as UTF-8 text.", file, _span_after(before)),)
    findings = []
    for found in _HIDDEN.finditer(text):
        message = f"Remove the invisible character U+{ord(found.group()):04X}, or write it as an escape."
        findings.append(finding("yaml-characters", message, file, _span_after(text[: found.start()])))
        if len(findings) == _MOST:
            break
    return tuple(findings)


def _span_after(before: str) -> Span:
    """The one character that follows a text."""
    lines = LINE_BREAK.split(before)
    line, column = len(lines), len(lines[-1]) + 1
    return Span(line, column, line, column + 1)
