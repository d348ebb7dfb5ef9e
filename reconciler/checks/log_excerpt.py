"""Where a log most likely says what went wrong, and the lines around it. Fetching logs is not done here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.checks.words import plain

LINES = 12
WIDTH = 400  # characters of a line that are shown

# Strongest first: the line that names an exception says more than one that only mentions an error.
_SIGNS: tuple[re.Pattern[str], ...] = (
    re.compile(r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning)\b(?::|$)"),
    re.compile(r"^(?:panic:|fatal error:|Segmentation fault|Killed$|Aborted)|terminate called after|core dumped", re.I),
    re.compile(r"CUDA out of memory|No space left on device|Cannot allocate memory|out of memory", re.I),
    re.compile(r"command not found|No such file or directory|Permission denied|No module named", re.I),
    re.compile(r"^\W*(?:\[?\d[\d:T .,/-]*\]?\s*)?\W*(?:FATAL|CRITICAL|ERROR|E\d{4})\b"),
    re.compile(r"\b(?:error|failed|fatal|traceback|exception)\b", re.I),
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of a log. `error` is the index of the likely error in `lines`, None where none stands out."""

    lines: tuple[str, ...]
    first: int  # number of the first line in what was given, from 1
    total: int
    error: int | None

    @property
    def error_line(self) -> str:
        """The likely error itself, or nothing."""
        return "" if self.error is None else self.lines[self.error]


def excerpt(log: str, lines: int = LINES) -> Excerpt:
    """`lines` lines around the likely error; the last ones where nothing looks like one."""
    all_lines = [_last_rewrite(line)[:WIDTH] for line in plain_lines(log)]
    at = likely_error(all_lines)
    start = max(0, len(all_lines) - lines) if at is None else _start(at, lines, len(all_lines))
    shown = tuple(all_lines[start : start + lines])
    return Excerpt(shown, start + 1, len(all_lines), None if at is None else at - start)


def _start(at: int, lines: int, total: int) -> int:
    before = lines * 2 // 3  # what led to an error is above it
    return max(0, min(at - before, total - lines))


def plain_lines(log: str) -> list[str]:
    """The lines of a log without terminal escapes; of a line that was rewritten the last text stays."""
    kept = log.replace("\r\n", "\n").rstrip("\n")
    return [plain(_last_rewrite(line)) for line in kept.split("\n")] if kept else []


def _last_rewrite(line: str) -> str:
    return next((part for part in reversed(line.split("\r")) if part.strip()), "") if "\r" in line else line


def likely_error(lines: list[str]) -> int | None:
    """The index of the line that most likely names the error: the last line with the strongest sign."""
    for sign in _SIGNS:
        for index in range(len(lines) - 1, -1, -1):
            if sign.search(lines[index]):
                return index
    return None
