"""What a stream can show: a live picture, colours, or plain lines only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO


def is_live(stream: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Whether a picture may be redrawn there."""
    env = os.environ if environment is None else environment
    return stream.isatty() and env.get("TERM") != "dumb"


_CODES = {"error": "1;31", "warning": "33", "notice": "36", "place": "1", "hint": "32", "aside": "2"}


def painted(look: str, text: str) -> str:
    """A text with the escapes of its look, for a terminal that takes colours."""
    code = _CODES.get(look)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def colours(stream: TextIO, wanted: str = "auto", environment: Mapping[str, str] | None = None) -> bool:
    """Whether to colour: `NO_COLOR` and `never` win, then `FORCE_COLOR` and `always`, else a terminal that can."""
    env = os.environ if environment is None else environment
    if env.get("NO_COLOR") or wanted == "never":
        return False
    if env.get("FORCE_COLOR") or wanted == "always":
        return True
    return is_live(stream, env)
