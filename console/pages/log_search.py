"""Finding text in an attempt's log, at the server: a browser searches only the window that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from console.pages.log_lines import LogReader

MATCHES = 500  # lines that are shown
_SEARCHED = 256 << 20  # bytes; takes about a second
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Matches:
    """Lines that hold a text, with their numbers from 1 at the oldest line kept; `total` counts those not given too."""

    lines: tuple[tuple[int, str], ...]
    total: int
    whole: bool  # the log was searched to its end


def search(logs: LogReader, attempt: str, wanted: str) -> Matches:
    """The lines that hold `wanted`; a to z and A to Z are the same."""
    needle = wanted.encode().lower()
    found: list[tuple[int, str]] = []
    passed = total = searched = 0
    for block in _whole_lines(logs, attempt):
        if needle in block.lower():
            hits = [
                (number, line) for number, line in enumerate(block.split(b"\n"), passed + 1) if needle in line.lower()
            ]
            total += len(hits)
            found += [(number, line.decode("utf-8", "replace")) for number, line in hits[: MATCHES - len(found)]]
        passed += block.count(b"\n")
        searched += len(block)
        if searched >= _SEARCHED:
            return Matches(tuple(found), total, False)
    return Matches(tuple(found), total, True)


def _whole_lines(logs: LogReader, attempt: str) -> Iterator[bytes]:
    """The log in blocks that end with a line; the last one may end without."""
    rest, window = b"", logs.read(attempt, 0, _BLOCK)
    end = window.size  # what is written later is found by the next search
    while window.data:
        data = rest + window.data
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        if cut:
            yield data[:cut]
        at = window.start + len(window.data)
        if at >= end:
            break
        window = logs.read(attempt, at, min(_BLOCK, end - at))
    if rest:
        yield rest
