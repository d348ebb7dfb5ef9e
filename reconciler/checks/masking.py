"""Secrets are taken out of what is said: values that Headgate knows, and what looks like a key, token or password."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from reconciler.checks.evidence import RunEvidence
from reconciler.checks.model import Annotation, Check
from reconciler.checks.words import code, markup, prose
from reconciler.engine.model import OpState

HIDDEN = "•••"
SHORTEST = 5  # characters of a value that is hidden wherever it stands; a shorter one would hide half of a text
_HEAD = 8  # characters by which a value is known that was cut

_LOOKS = re.compile(
    "|".join(
        (
            r"gh[opsur]_[A-Za-z0-9]{30,255}|github_pat_\w{22,255}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,}",
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bxox[abeprs]-[\w-]{10,}|\bsk-[\w-]{20,}|\bpypi-[\w-]{50,}",
            r"\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}",
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s+[A-Za-z0-9+/=]{1,80})*(?:\s+-----END [A-Z ]*PRIVATE KEY-----)?",
        )
    )
)
# The words before the secret stay. `\u200b` is what keeps an address from being a link.
_NAMED = re.compile(
    r"(://\u200b?)[^/\s:@`]{1,100}:[^/\s@`]{1,200}(?=@)"
    r"|(\bauthorization[\"']?\s{0,2}[:=]\s{0,2}[\"']?(?:bearer|basic|token)\s+)[^\s\"'`]{6,}"
    r"|(\b(?:[a-z]+[_-])?(?:password|passwd|secret|token|api[_-]?key|access[_-]?key)[\"']?\s{0,2}[:=]\s{0,2}[\"']?)"
    r"(?![{$<*%•\[])[^\s\"'`,;)}]{8,}",
    re.IGNORECASE,
)


class Mask:
    """Hides secrets in texts. `values` are those that are known, as they are now."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known = _pattern(tuple(sorted({value.strip() for value in values})))

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if not text:
            return text
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        text = _LOOKS.sub(HIDDEN, text)
        return _NAMED.sub(lambda found: next(part for part in found.groups() if part) + HIDDEN, text)


def masked_evidence(evidence: RunEvidence, mask: Mask) -> RunEvidence:
    """The evidence with what ops printed and said masked, before it is quoted, marked up and cut."""
    run = evidence.run.copy()
    run.message = mask(run.message)
    logs = {path: mask(text) for path, text in evidence.logs.items()}
    ops = [_masked_op(op, mask) if op.message or op.condition else op for op in evidence.ops]
    return replace(evidence, run=run, ops=ops, logs=logs, cause=mask(evidence.cause))


def masked(check: Check, mask: Mask) -> Check:
    """The check with every text of it masked."""
    return replace(
        check,
        title=mask(check.title),
        summary=mask(check.summary),
        text=mask(check.text),
        annotations=tuple(_masked_annotation(one, mask) for one in check.annotations),
    )


def _masked_op(op: OpState, mask: Mask) -> OpState:
    said = op.copy()
    said.message = mask(op.message)
    said.condition = mask(op.condition) if op.condition else op.condition
    return said


def _masked_annotation(one: Annotation, mask: Mask) -> Annotation:
    return replace(one, title=mask(one.title), message=mask(one.message))


@lru_cache(maxsize=8)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str] | None:
    """Finds each value in all the forms that our own words give it, the longest first, also where it was cut."""
    forms = {form for value in values if len(value) >= SHORTEST for form in _forms(value) if len(form) >= SHORTEST}
    heads = {re.escape(form[:_HEAD]) + r"\S{0,500}…" for form in forms if len(form) > _HEAD}
    whole = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
    return re.compile("|".join([*whole, *sorted(heads)])) if whole else None


def _forms(value: str) -> Iterator[str]:
    lines = [line.strip() for line in value.splitlines()]
    for one in {value, *(line for line in lines if len(line) >= 20)}:
        yield one
        yield prose(one)
        yield code(one)[1:-1]
        yield markup(one)
        yield json.dumps(one, ensure_ascii=False)[1:-1]
        yield json.dumps(one)[1:-1]
