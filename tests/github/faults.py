"""What goes wrong on request: errors, resets, silence, forgotten replies, an outage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["error", "reset", "hang", "forget", "hang after"]


@dataclass(slots=True)
class Fault:
    """One kind of fault for the next requests that fit."""

    kind: Kind
    where: str
    times: int
    status: int = 0

    def fits(self, method: str, template: str) -> bool:
        return self.times > 0 and self.where in ("", method, template, f"{method} {template}")


@dataclass(slots=True)
class Faults:
    """Each word names where (a signature, a method, a template, "git"; nothing: anywhere) and how often."""

    latency: float = 0.0  # seconds before each answer
    outage: Fault | None = None
    waiting: list[Fault] = field(default_factory=list)

    def error(self, where: str = "", *, status: int = 502, times: int = 1) -> None:
        """Answer with this status and do nothing."""
        self.waiting.append(Fault("error", where, times, status))

    def reset(self, where: str = "", *, times: int = 1) -> None:
        """Reset the connection and do nothing."""
        self.waiting.append(Fault("reset", where, times))

    def hang(self, where: str = "", *, times: int = 1, done: bool = False) -> None:
        """Never answer; with `done`, do what was asked first."""
        self.waiting.append(Fault("hang after" if done else "hang", where, times))

    def forget(self, where: str = "", *, times: int = 1, status: int = 0) -> None:
        """Do what is asked, then reset the connection, or answer with this status."""
        self.waiting.append(Fault("forget", where, times, status))

    def take(self, method: str, template: str) -> Fault | None:
        """The fault of this request."""
        if self.outage and self.outage.fits(method, template):
            return self.outage
        found = next((fault for fault in self.waiting if fault.fits(method, template)), None)
        if found:
            found.times -= 1
        return found

    def begin_outage(self, status: int = 503, *, where: str = "") -> None:
        """From now on everything (or what `where` names) fails: with this status, or with resets (0)."""
        self.outage = Fault("error" if status else "reset", where, 1, status)

    def end_outage(self) -> None:
        self.outage = None
