"""What may be put in the place of what, by rule: findings and older spellings to edits of the text.

Whether an edit helps is decided in mending.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from reconciler.flows.edits import Edit, Source
from reconciler.flows.findings import Finding, Span
from reconciler.flows.near import near
from reconciler.flows.nodes import Spelling
from reconciler.flows.root_dags import moved

SPELLING: Final = "spelling"  # what is mended there is no mistake
_WORD: Final = re.compile(r"[A-Za-z_][\w-]*")
_PLAIN: Final = re.compile(r"[A-Za-z_][\w./-]*")
_NOT_TEXT: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing mended: `before` became `after` at a place of the text as it was then."""

    rule: str
    span: Span
    before: str
    after: str
    edits: tuple[Edit, ...] = field(compare=False)
    keeps_meaning: bool = False  # the text must mean the same afterwards


# --- mistakes ---------------------------------------------------------------------------------------------------------


def may_be_mended(found: Finding) -> bool:
    """Whether there is a fix to try."""
    if found.accepted or found.rule not in _BY_RULE:
        return False
    fixer = _BY_RULE[found.rule]
    return found.sure if fixer is _respelled else fixer is _without_zeros or (found.suggestion or "") != ""


def of_finding(source: Source, found: Finding) -> Iterator[Fix]:
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


def _wrapped(source: Source, found: Finding) -> Iterator[Fix]:
    """A text in quotes, or a value as `{value: …}`."""
    start, end = source.range(found.span)
    text, said = source.text[start:end], source.text[slice(*_unquoted(source, start, end))]
    if found.suggestion == f'"{text}"':
        yield _fix(source, found.rule, found.span.line, (start, end), found.suggestion)
    elif found.suggestion == f"{{value: {said}}}":
        yield _fix(source, found.rule, found.span.line, (start, end), f"{{value: {text}}}")


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
    "field-type": _wrapped,
    "yaml-octal": _without_zeros,
}


# --- older spellings --------------------------------------------------------------------------------------------------


def of_spelling(source: Source, spelling: Spelling) -> Iterator[Fix]:
    """What may be put in the place of an older spelling; nothing where that takes more than words or moved lines."""
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
