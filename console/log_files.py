"""The logs of local attempts as steps and pages read them: files below the data directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.process_logs import LogWindow, read_log, tail_log


@dataclass(frozen=True, slots=True)
class FileLogs:
    """Implements `ports.Logs`, and what pages ask of logs beyond it."""

    data_dir: Path

    def tail(self, attempt: str, lines: int) -> str:
        """The last lines, as text."""
        return tail_log(str(self.data_dir), attempt, lines).data.decode("utf-8", "replace")

    def read(self, attempt: str, offset: int, limit: int) -> LogWindow:
        """Some bytes of an attempt's log."""
        return read_log(str(self.data_dir), attempt, offset, limit)
