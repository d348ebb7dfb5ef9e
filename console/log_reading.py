"""Lines of the logs of a run's ops, as far as they are written: each op's in order, whole lines only until it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.process_logs import read_log, tail_log


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line an op printed, with its end if it has one."""

    op: str
    attempt: str
    data: bytes

    @property
    def text(self) -> str:
        """The line without its end."""
        return self.data.decode("utf-8", "replace").rstrip("\r\n")


class LogReader:
    """Reads on where it stopped. `tail` is how many lines of each log are wanted at first; None wants all."""

    def __init__(self, data_dir: Path, tail: int | None) -> None:
        self._data_dir = str(data_dir)
        self._tail = tail
        self._offsets: dict[str, int] = {}
        self._rests: dict[str, bytes] = {}

    def lines(self, op: str, attempt: str, ended: bool) -> Iterator[LogLine]:
        """The lines that are new; one without an end is kept back until the op has ended."""
        rest = self._rests.pop(attempt, b"")
        for data in self._new(attempt):
            *whole, rest = (rest + data).splitlines(keepends=True) or [b""]
            if rest.endswith(b"\n"):
                whole, rest = [*whole, rest], b""
            yield from (LogLine(op, attempt, line) for line in whole)
        if rest and ended:
            yield LogLine(op, attempt, rest)
        elif rest:
            self._rests[attempt] = rest

    def _new(self, attempt: str) -> Iterator[bytes]:
        if attempt not in self._offsets:
            self._offsets[attempt] = 0
            if self._tail is not None:
                self._offsets[attempt] = tail_log(self._data_dir, attempt, self._tail).start
        while True:
            window = read_log(self._data_dir, attempt, self._offsets[attempt])
            self._offsets[attempt] = window.end
            if not window.data:
                return
            yield window.data
