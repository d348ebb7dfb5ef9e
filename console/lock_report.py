"""What locking has changed, for people and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from console.locking import Outcome
from reconciler.flows.lock import LockedHub
from reconciler.flows.pins import Pin

_SIGNS = {"added": "+", "changed": "~", "removed": "-", "restored": "*"}
_DIGITS = len("sha256:") + 12  # of a digest that people are shown


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """What became of one thing: an address, a hub's commit, a file of a hub, or a stray file."""

    name: str
    change: str  # added, changed, removed, restored
    was: str = ""
    now: str = ""

    def text(self) -> str:
        """One line: a sign, the name, and what it was and is."""
        states = [one[:_DIGITS] for one in (self.was, self.now) if one]
        return f"{_SIGNS[self.change]} {self.name}  {' → '.join(states)}".rstrip()


def changes(found: Outcome, stale: Sequence[str], read: Callable[[str], bytes | None]) -> tuple[Change, ...]:
    """All that differs, sorted by name. `read` gives the files of the tree as they were before."""
    known = {pin.file for pin in found.before.pins()}
    return tuple(
        sorted(
            [
                *_hubs(found),
                *_pins(found, read),
                *(Change(path, "removed") for path in stale if path not in known),
            ]
        )
    )


def _hubs(found: Outcome) -> Iterator[Change]:
    for name in sorted({*found.before.hubs, *found.after.hubs}):
        was, now = _commit(found.before.hubs.get(name)), _commit(found.after.hubs.get(name))
        if was != now:
            yield Change(name, _kind(was, now), was, now)


def _commit(hub: LockedHub | None) -> str:
    return "" if hub is None else f"{hub.commit[:10]} {hub.revision}".rstrip()


def _pins(found: Outcome, read: Callable[[str], bytes | None]) -> Iterator[Change]:
    for pin in sorted({*found.before.pins(), *found.after.pins()}):
        was, now = found.before.digest(pin), found.after.digest(pin)
        if was != now:
            yield Change(pin.shown, _kind(was, now), was, now)
        elif _differs(found, pin, read):
            yield Change(pin.shown, "restored", now=now)


def _differs(found: Outcome, pin: Pin, read: Callable[[str], bytes | None]) -> bool:
    return pin.file in found.texts and found.texts[pin.file] != read(pin.file)


def _kind(was: str, now: str) -> str:
    return "changed" if was and now else "added" if now else "removed"


def summary(found: Outcome, changed: Sequence[Change]) -> str:
    """One line that says how the lock stands."""
    count = len(found.after.pins())
    locked = f"{count} {'text is' if count == 1 else 'texts are'} locked" if count else "nothing is locked"
    if not changed:
        return f"Up to date: {locked}."
    counts = {kind: sum(one.change == kind for one in changed) for kind in _SIGNS}
    told = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
    return f"{locked[0].upper()}{locked[1:]}: {told}."


def document(found: Outcome, changed: Sequence[Change], up_to_date: bool) -> dict[str, object]:
    """The same as JSON-like data, with whole digests."""
    problems = [{"where": one.where, "message": one.message} for one in found.problems]
    listed = [{"name": one.name, "change": one.change, "was": one.was, "now": one.now} for one in changed]
    return {
        "version": 1,
        "up_to_date": up_to_date,
        "locked": len(found.after.pins()),
        "changes": listed,
        "problems": problems,
    }
