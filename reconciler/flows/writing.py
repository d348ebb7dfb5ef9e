"""Plain data as YAML text: block style, one way to write each value. Reading it back gives the same data."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Final

from reconciler.flows.model import Json
from reconciler.flows.scalars import resolve

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+()-]+)*\Z")
_LONGEST_PLAIN: Final = 120  # characters; a longer text is quoted
_LONGEST_KEY: Final = 900  # characters; the parser takes no more without `?`
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})  # of any YAML
_BLOCK = re.compile(r"[^\s\x00-\x1f][\x20-\x7e\u00a0-\u1fff\n]*\Z")
_UNSAFE = re.compile(
    "[^\x20-\x7e\u00a0-\u1fff\u2030-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\uffdc\U00010000-\U0010ffff]"
)


def yaml_text(data: Json) -> str:
    """One document, with a line break at its end. Keys stay in their order; keys are texts."""
    return "".join(f"{line}\n" for line in _lines(data))


def _lines(data: Json) -> Iterator[str]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _entry(_scalar(key), value)
    elif isinstance(data, (list, tuple)) and data:
        for item in data:
            yield from _item(item)
    else:
        yield _scalar(data)


def _entry(key: str, value: Json) -> Iterator[str]:
    if len(key) > _LONGEST_KEY:
        yield f"? {key}"
        key = ""
    if isinstance(value, str) and _is_block(value):
        yield f"{key}: |" if value.endswith("\n") else f"{key}: |-"
        yield from (f"  {line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    elif isinstance(value, (dict, list, tuple)) and value:
        yield f"{key}:"
        inner = _lines(value)
        yield from inner if isinstance(value, (list, tuple)) else (f"  {line}" if line else "" for line in inner)
    else:
        yield f"{key}: {_scalar(value)}"


def _item(item: Json) -> Iterator[str]:
    for index, line in enumerate(_lines(item)):
        if line or index == 0:
            yield f"{'  ' if index else '- '}{line}"
        else:
            yield ""


def _is_block(text: str) -> bool:
    """Whether a text of several lines can stand as it is, indented."""
    return "\n" in text and not text.endswith("\n\n") and _BLOCK.match(text) is not None and " \n" not in text


def _scalar(value: Json) -> str:
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return hex(value) if value.bit_length() > 1_000 else str(value)
    return json.dumps(value)  # null, true, false, [] and {}


def _is_plain(text: str) -> bool:
    if len(text) > _LONGEST_PLAIN or text.lower() in _WORDS or _PLAIN.match(text) is None:
        return False
    return resolve(text) is text


def _number(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    mantissa, exponent, power = repr(value).partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}{exponent}{power}"


def _quoted(text: str) -> str:
    return _UNSAFE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
