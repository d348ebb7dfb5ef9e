"""What an examination found: how bad, what, where, what to do. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: `unknown` could not be examined now."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at. `check` is stable and kebab-case; `do` is what mends it."""

    check: str
    level: Level
    what: str
    where: str = ""
    do: str = ""


def fine(check: str, what: str, where: str = "") -> Examined:
    """It is as it should be."""
    return Examined(check, Level.OK, what, where)


def warning(check: str, what: str, where: str = "", do: str = "") -> Examined:
    """It works, and somebody should look at it."""
    return Examined(check, Level.WARNING, what, where, do)


def problem(check: str, what: str, where: str = "", do: str = "") -> Examined:
    """Something does not work."""
    return Examined(check, Level.PROBLEM, what, where, do)


def unknown(check: str, what: str, where: str = "", do: str = "") -> Examined:
    """Nobody can tell now."""
    return Examined(check, Level.UNKNOWN, what, where, do)
