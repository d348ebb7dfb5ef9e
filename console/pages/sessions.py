"""Sessions of people who have signed in: in the database, for some hours. A browser has only a random name.

A person's token is sealed there: it is read with that name, which no database has, and a secret of the App.
"""

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
from reconciler.adapters.sealing import key_of, sealed, unsealed
from reconciler.errors import ReconcileError
from reconciler.plan.encoding import decode, encode
from reconciler.ports import Clock
from reconciler.records import SessionRow
from reconciler.store import Sessions as Kept

LASTS = 8 * 3600.0  # s
FRESH = 180.0  # s that is believed what GitHub said of the repositories of a person
AGAIN = 10.0  # s after a failure in which GitHub is not asked: who reloads would only wait
MOST = 10_000  # sessions; of more, the oldest go


class People(Protocol):
    """What is asked of GitHub, as in reconciler/adapters/github_people.py."""

    def address(self, state: str, verifier: str, back: str) -> str: ...

    def signed_in(self, code: str, verifier: str, back: str) -> Person: ...

    def repositories(self, token: Secret) -> frozenset[int]: ...

    def secret(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What nobody reads without the name of the session."""

    login: str
    token: str


@dataclass(slots=True)
class _Known:
    """What this process remembers of a session, so that GitHub is not asked for each page."""

    person: Person
    seen: frozenset[int] = frozenset()
    fresh_until: float = 0.0  # monotonic
    failure: ReconcileError | None = None
    asking: Lock = field(default_factory=Lock)


class Sessions:
    """Those of all who work on the database. Thread-safe."""

    def __init__(self, people: People, kept: Kept, clock: Clock) -> None:
        self.people = people
        self._kept = kept
        self._clock = clock
        self._known: Recent[str, _Known] = Recent(MOST)

    def begin(self, person: Person) -> str:
        """The name of a new session."""
        name, now = secrets.token_urlsafe(32), self._clock.now()
        lasts = LASTS if person.lasts is None else min(LASTS, person.lasts)
        content = encode(_Sealed(person.login, person.token.reveal()))
        place = _place(name)
        row = SessionRow(place, now + lasts, sealed(self._key(name), content, place))
        self._kept.begin_session(row, now, MOST)
        return name

    def viewer(self, name: str) -> Viewer | None:
        """Whose session it is, with what they see by now; None where there is none any more.

        Raises Waiting, Stalled where GitHub does not tell what they see: then they see nothing.
        """
        known = self._found(name)
        if known is None:
            return None
        try:
            with known.asking:
                seen = self._seen(known)
        except ReconcileError as error:
            if error.reason != SIGN_IN:
                raise
            self.end(name)
            return None
        return Viewer(known.person.login, seen, _form_token(name))

    def end(self, name: str) -> None:
        """Sign out, at every replica: the session, and the token in it, are forgotten."""
        self._kept.end_session(_place(name))
        self._known.drop(_place(name))

    def _found(self, name: str) -> _Known | None:
        """The database is asked each time, as others may have ended the session."""
        place = _place(name)
        row = self._kept.session(place)
        if row is None or row.until <= self._clock.now():
            self._known.drop(place)
            return None
        known = self._known.get(place)
        if known is None:
            content = unsealed(self._key(name), row.sealed, place)
            if content is None:  # sealed with a secret that this replica does not have, any more or yet
                return None
            told = decode(content, _Sealed)
            known = _Known(Person(told.login, Secret(told.token), None))
            self._known.put(place, known)
        return known

    def _key(self, name: str) -> bytes:
        return key_of(name, self.people.secret(), "session")

    def _seen(self, known: _Known) -> frozenset[int]:
        if known.fresh_until <= self._clock.monotonic():
            known.seen, known.failure, lasts = frozenset(), None, FRESH
            try:
                known.seen = self.people.repositories(known.person.token)
            except ReconcileError as error:
                known.failure, lasts = error, AGAIN
            known.fresh_until = self._clock.monotonic() + lasts
        if known.failure is not None:
            raise known.failure
        return known.seen


def _place(name: str) -> str:
    """Names are not kept, so that none can be read from the database or found by its time."""
    return sha256(name.encode()).hexdigest()


def _form_token(name: str) -> str:
    """What forms of the session carry: the same at every replica, and told by nothing that is kept."""
    return sha256(f"form {name}".encode()).hexdigest()
