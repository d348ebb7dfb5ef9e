"""Sessions of people who have signed in: in memory, bounded, for some hours. A browser has only a random name."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Protocol

from console.pages.viewers import Viewer
from reconciler.adapters.github_http import Secret
from reconciler.adapters.github_people import Person
from reconciler.adapters.github_reasons import SIGN_IN
from reconciler.adapters.recent import Recent
from reconciler.errors import ReconcileError
from reconciler.ports import Clock

LASTS = 8 * 3600.0  # s
FRESH = 180.0  # s that is believed what GitHub said of the repositories of a person
AGAIN = 10.0  # s after a failure in which GitHub is not asked: who reloads would only wait
MOST = 10_000  # sessions; of more, those go that were not used for longest


class People(Protocol):
    """What is asked of GitHub, as in reconciler/adapters/github_people.py."""

    def address(self, state: str, verifier: str, back: str) -> str: ...

    def signed_in(self, code: str, verifier: str, back: str) -> Person: ...

    def repositories(self, token: Secret) -> frozenset[int]: ...


@dataclass(slots=True)
class _Session:
    person: Person
    until: float  # monotonic, as all times here
    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    seen: frozenset[int] = frozenset()
    fresh_until: float = 0.0
    failure: ReconcileError | None = None
    asking: Lock = field(default_factory=Lock)
    ended: bool = False


class Sessions:
    """All of one process. Thread-safe."""

    def __init__(self, people: People, clock: Clock) -> None:
        self.people = people
        self._clock = clock
        self._kept: Recent[bytes, _Session] = Recent(MOST)

    def begin(self, person: Person) -> str:
        """The name of a new session."""
        name = secrets.token_urlsafe(32)
        lasts = LASTS if person.lasts is None else min(LASTS, person.lasts)
        self._kept.put(_key(name), _Session(person, self._clock.monotonic() + lasts))
        return name

    def viewer(self, name: str) -> Viewer | None:
        """Whose session it is, with what they see by now; None where there is none any more.

        Raises Waiting, Stalled where GitHub does not tell what they see: then they see nothing.
        """
        session = self._kept.get(_key(name))
        if session is None or session.ended or session.until <= self._clock.monotonic():
            return None
        try:
            with session.asking:
                seen = self._seen(session)
        except ReconcileError as error:
            if error.reason != SIGN_IN:
                raise
            self.end(name)
            return None
        return Viewer(session.person.login, seen, session.form_token)

    def end(self, name: str) -> None:
        """Sign out: the session, and the token in it, are forgotten."""
        session = self._kept.get(_key(name))
        if session is not None:
            session.ended = True
            session.person, session.seen = Person("", Secret(""), 0.0), frozenset()

    def _seen(self, session: _Session) -> frozenset[int]:
        if session.fresh_until <= self._clock.monotonic():
            session.seen, session.failure, lasts = frozenset(), None, FRESH
            try:
                session.seen = self.people.repositories(session.person.token)
            except ReconcileError as error:
                session.failure, lasts = error, AGAIN
            session.fresh_until = self._clock.monotonic() + lasts
        if session.failure is not None:
            raise session.failure
        return session.seen


def _key(name: str) -> bytes:
    """Names are not kept, so that none can be read from memory or found by its time."""
    return sha256(name.encode()).digest()
