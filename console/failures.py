"""How a command fails: what, where, what to do, and the exit code. Texts for people; nothing here decides."""

from __future__ import annotations

import json

NO = 1  # the answer is no: findings, a failed run, a red check
USAGE = 2  # wrong use or configuration
AWAY = 3  # could not find out; a retry helps
INTERRUPTED = 130


class Failure(Exception):
    """Ends a command. `code` is stable and kebab-case, `where` a file:line:column, an id or a path."""

    def __init__(self, code: str, message: str, *, where: str = "", do: str = "", exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.do = do
        self.exit_code = exit_code

    def text(self) -> str:
        """Two lines at most: what and where, then what to do."""
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  {self.do}" if self.do else ""
        return f"headgate: {place}{self.message}{advice}"

    def document(self) -> str:
        """The same as one JSON document."""
        error = {"code": self.code, "message": self.message, "where": self.where, "do": self.do}
        return json.dumps({"version": 1, "error": error}, ensure_ascii=False)
