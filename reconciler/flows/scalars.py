"""What a plain YAML scalar means: the core schema of YAML 1.2 (section 10.3), where `no` and `on` are texts."""

from __future__ import annotations

import re

Scalar = None | bool | int | float | str

_WORDS: dict[str, Scalar] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)
_WORDS |= dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf"))
_WORDS |= dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf"))
_WORDS |= dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan"))
_NUMBER_STARTS = frozenset("0123456789+-.")
_STARTS = _NUMBER_STARTS | {word[:1] for word in _WORDS}  # of all that is not a text
_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")
_DIGITS = 400  # a longer number stays a text: nothing here counts that far, and reading it is slow


def resolve(text: str) -> Scalar:
    """The value of a scalar that stands without quotes."""
    if text[:1] not in _STARTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS or len(text) > _DIGITS:
        return text
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    if _OCTAL.match(text):
        return int(text[2:], 8)
    return int(text[2:], 16) if _HEXADECIMAL.match(text) else text


def looks_octal(text: str) -> bool:
    """Whether YAML 1.1 would read this number as an octal one (`012`)."""
    return text[:1] in "0+-" and _LEADING_ZERO.match(text) is not None
