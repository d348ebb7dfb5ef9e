"""GitHub's rate limits: 5,000 requests an hour, and the secondary ones on writes, points and concurrency."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tests.github.answers import Refused
from tests.github.clock import Clock

MINUTE, HOUR = 60.0, 3600.0
# These make no content.
_NOT_CONTENT = ("access_tokens", "/installation/token", "/app/hook")


@dataclass(slots=True)
class Spent:
    """What one installation, App or person used."""

    since: float
    requests: int = 0
    points: deque[tuple[float, int]] = field(default_factory=deque)
    content: deque[float] = field(default_factory=deque)


@dataclass(slots=True)
class Limits:
    """The numbers may be lowered by a test; `status` is 403 or 429, GitHub uses both."""

    clock: Clock
    per_hour: int = 5000
    points_per_minute: int = 900
    content_per_minute: int = 80
    content_per_hour: int = 500
    concurrent: int = 100
    status: int = 403
    says_when: bool = True  # with `retry-after`; GitHub does not always
    # Whether an update counts as content is not documented; the strict reading is held.
    content_methods: tuple[str, ...] = ("POST", "PATCH", "PUT")
    refused: list[str] = field(default_factory=list)  # why, each time
    _spent: dict[str, Spent] = field(default_factory=dict)

    def spent(self, name: str) -> Spent:
        now = self.clock.now()
        row = self._spent.setdefault(name, Spent(now))
        if now >= row.since + HOUR:
            row.since, row.requests = now, 0
        while row.points and row.points[0][0] <= now - MINUTE:
            row.points.popleft()
        while row.content and row.content[0] <= now - HOUR:
            row.content.popleft()
        return row

    def admit(self, name: str, method: str, template: str, at_once: int = 1) -> None:
        """Count a request, or refuse it."""
        row, now, points = self.spent(name), self.clock.now(), 1 if method == "GET" else 5
        content = method in self.content_methods and not any(part in template for part in _NOT_CONTENT)
        if template == "/rate_limit":
            return
        if row.requests >= self.per_hour:
            raise self._primary(name)
        self._check_content(row, now, name, content)
        if row.points and sum(number for _, number in row.points) + points > self.points_per_minute:
            raise self._secondary(
                f"{name}: more than {self.points_per_minute} points a minute", row.points[0][0] + MINUTE
            )
        if at_once > self.concurrent:
            raise self._secondary(f"{name}: more than {self.concurrent} at once", now + MINUTE)
        row.requests += 1
        row.points.append((now, points))
        if content:
            row.content.append(now)

    def _check_content(self, row: Spent, now: float, name: str, content: bool) -> None:
        if not content:
            return
        if len(row.content) >= self.content_per_hour:
            raise self._secondary(f"{name}: more than {self.content_per_hour} writes an hour", row.content[0] + HOUR)
        lately = [moment for moment in row.content if moment > now - MINUTE]
        if len(lately) >= self.content_per_minute:
            raise self._secondary(f"{name}: more than {self.content_per_minute} writes a minute", lately[0] + MINUTE)

    def give_back(self, name: str) -> None:
        """A conditional request that was answered with 304 is free."""
        row = self.spent(name)
        row.requests = max(0, row.requests - 1)

    def exhaust(self, name: str) -> None:
        """Let the hourly budget be used up, as by another program with the same credentials."""
        self.spent(name).requests = self.per_hour

    def budget(self, name: str) -> dict[str, int]:
        row = self.spent(name)
        used = min(row.requests, self.per_hour)
        return {
            "limit": self.per_hour,
            "remaining": self.per_hour - used,
            "reset": int(row.since + HOUR),
            "used": used,
        }

    def headers(self, name: str) -> dict[str, str]:
        return {f"x-ratelimit-{key}": str(value) for key, value in self.budget(name).items()} | {
            "x-ratelimit-resource": "core"
        }

    def _primary(self, name: str) -> Refused:
        self.refused.append(f"{name}: more than {self.per_hour} requests an hour")
        return Refused(self.status, f"API rate limit exceeded for {name}.")

    def _secondary(self, reason: str, free_at: float) -> Refused:
        self.refused.append(reason)
        wait = max(1, int(free_at - self.clock.now()) + 1)
        return Refused(
            self.status,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            headers={"retry-after": str(wait)} if self.says_when else {},
        )
