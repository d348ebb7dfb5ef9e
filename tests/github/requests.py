"""Every request that was made, kept for tests that count and for stories that print them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Request:
    """One request and what became of it; `status` is 0 where no reply was given."""

    method: str
    template: str  # "/repos/{owner}/{repo}/pulls"; "git" for fetches and pushes, the path itself where unknown
    path: str
    actor: str
    at: float
    body: Any = None
    status: int = 0
    conditional: bool = False

    @property
    def signature(self) -> str:
        return f"{self.method} {self.template}"


class Requests(list[Request]):
    """All of them in order of arrival."""

    def of(self, signature: str) -> list[Request]:
        """Those to one route ("POST /repos/{owner}/{repo}/check-runs"), or of one method ("PATCH")."""
        return [row for row in self if signature in (row.signature, row.method, row.template)]

    def writes(self) -> list[Request]:
        """All but reads, tokens and Git."""
        own = ("git", "/app/installations/{installation_id}/access_tokens", "/installation/token")
        return [row for row in self if row.method != "GET" and row.template not in own]

    def with_status(self, status: int) -> list[Request]:
        return [row for row in self if row.status == status]

    def counts(self) -> Counter[tuple[str, int]]:
        """(signature, status) -> how often."""
        return Counter((row.signature, row.status) for row in self)

    def lines(self) -> list[str]:
        """How often each route was asked and how it answered, for a story to print."""
        counts = sorted(self.counts().items())
        return [f"{number:5} × {signature} → {status or 'no reply'}" for (signature, status), number in counts]
