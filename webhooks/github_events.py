"""What GitHub's webhooks mean to us: a body → whom to wake and what a person asked for. Pure; nothing is believed.

Of a body only identities are taken (repository, pull request, comment, check run and button); whatever they stand for
is read again by the step that is woken. Only the body is signed, so the name of the event must agree with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from reconciler.checks.actions import APPROVE, kind_of
from reconciler.flows.model import Json
from reconciler.keys import CheckKey, ForgeKey, Key, RepositoryKey, ReviewKey
from reconciler.plan.encoding import DecodeError, Record, decode, digest
from reconciler.records import RequestRow

FORGE = "github"
HOOK = "/webhooks/github"  # where its webhooks are taken

LONGEST_NAME = 400  # characters of a login, a button or an id: more than any of GitHub's or ours has

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)


class NotAgreeing(ValueError):
    """The body is none of the event that its header names."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a delivery asks for; nothing at all for what does not concern us."""

    repository: str = ""  # name of its RepositoryRow, "" = none that is known
    keys: tuple[Key, ...] = ()
    requests: tuple[RequestRow, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.keys or self.requests)


# --- bodies -----------------------------------------------------------------------------------------------------------


class _Numbered(Record):
    id: int = 0


class _Person(Record):
    login: str = ""


class _Issue(Record):
    number: int = 0
    pull_request: dict[str, Json] | None = None


class _CheckRun(Record):
    id: int = 0
    head_sha: str = ""
    external_id: str | None = None
    completed_at: str | None = None
    app: _Numbered | None = None


class _CheckSuite(Record):
    id: int = 0
    head_sha: str = ""
    app: _Numbered | None = None


class _Button(Record):
    identifier: str = ""


class _Body(Record):
    action: str | None = None
    repository: _Numbered | None = None
    sender: _Person | None = None
    ref: str | None = None
    after: str | None = None
    pull_request: _Numbered | None = None
    merge_group: dict[str, Json] | None = None
    issue: _Issue | None = None
    comment: _Numbered | None = None
    check_run: _CheckRun | None = None
    check_suite: _CheckSuite | None = None
    requested_action: _Button | None = None
    installation: _Numbered | None = None
    hook_id: int | None = None


_Meaning = Callable[["_Context"], Heard]


@dataclass(frozen=True, slots=True)
class _Context:
    """A body, and what is known here that it may speak of."""

    body: _Body
    repository: str  # "" = one that is not served
    app: int | None  # our App's id; None with a token
    at: float
    raw: bytes  # the body

    @property
    def press(self) -> str:
        """Digest of what the body says, however its bytes are arranged: GitHub keeps what it says, not the bytes."""
        try:
            return digest(decode(self.raw, dict))
        except (DecodeError, RecursionError):  # a number, or a depth, beyond all bounds, where none of ours is
            return sha256(self.raw).hexdigest()

    @property
    def sender(self) -> str:
        """Login of who let GitHub tell us."""
        return self.body.sender.login if self.body.sender else ""

    @property
    def looked_at(self) -> Heard:
        """Look at its repository; at all that the forge gives us, if it is one that we do not know."""
        key: Key = RepositoryKey(self.repository) if self.repository else ForgeKey(FORGE)
        return Heard(self.repository, (key,))

    def asked(self, names: Sequence[int | str], key: Key, verb: str, target: str, **arguments: Json) -> Heard:
        """What the sender asked for, once, as it is named; nothing where a name is none that GitHub gives."""
        if not all(map(_is_given, (*names, self.sender, target))):
            return Heard()
        identity = ":".join(map(str, names))
        request = RequestRow(identity, key, verb, self.sender, self.at, target, arguments=arguments)
        return Heard(self.repository, (), (request,))


def _is_given(name: int | str) -> bool:
    """Whether GitHub could give it: a store keeps no names without end, and not all keep a NUL."""
    if isinstance(name, int):
        return 0 < name < 1 << 63
    return len(name) <= LONGEST_NAME and _CONTROL.search(name) is None


def _pushed(context: _Context) -> Heard:
    return context.looked_at


def _commented(context: _Context) -> Heard:
    issue, comment = context.body.issue, context.body.comment
    repository = context.body.repository
    assert comment is not None
    assert repository is not None
    if issue is None or issue.pull_request is None or not context.repository or not _is_given(issue.number):
        return Heard()
    key = ReviewKey(context.repository, f"pull/{issue.number}")
    return context.asked(("comment", repository.id, comment.id), key, "comment", str(comment.id))


def _pressed(context: _Context) -> Heard:
    run, action = context.body.check_run, context.body.action
    if run is None or not _ours(context, run.app) or not context.repository or not _SHA.fullmatch(run.head_sha):
        return Heard()
    button = context.body.requested_action.identifier if context.body.requested_action else ""
    if (action == "requested_action") != bool(button):
        return Heard()
    what = button or "rerequested"
    shown = (run.external_id or "", run.completed_at or "")
    # Of what can be wished for again where the same is shown, each press counts.
    press = (context.press,) if kind_of(what) in ("rerequested", APPROVE.name) else shown
    key = CheckKey(context.repository, run.head_sha)
    names = ("button", run.id, what, context.sender, *press)
    return context.asked(names, key, "button", run.external_id or "", action=what)


def _suite_asked_again(context: _Context) -> Heard:
    suite = context.body.check_suite
    if suite is None or not _ours(context, suite.app):
        return Heard()
    if not context.repository or not _SHA.fullmatch(suite.head_sha):
        return Heard()
    key = CheckKey(context.repository, suite.head_sha)
    names = ("button", "suite", suite.id, context.sender, context.press)
    return context.asked(names, key, "button", "", action="rerequested")


def _granted(context: _Context) -> Heard:
    return Heard(keys=(ForgeKey(FORGE),))


def _ours(context: _Context, app: _Numbered | None) -> bool:
    return context.app is not None and app is not None and app.id == context.app


@dataclass(frozen=True, slots=True)
class _Event:
    """An event that concerns us: what its body must have, and what it means."""

    needs: tuple[str, ...]
    meaning: _Meaning
    actions: frozenset[str] = field(default_factory=frozenset)  # none = all of them
    asks: bool = False  # it may hold what a person asks for, which cannot be looked up as what is state can


_EVENTS = {
    "push": _Event(("ref", "after", "repository"), _pushed),
    "pull_request": _Event(
        ("action", "pull_request", "repository"),
        _pushed,
        frozenset({"opened", "synchronize", "reopened", "closed", "edited", "ready_for_review", "converted_to_draft"}),
    ),
    "merge_group": _Event(("action", "merge_group", "repository"), _pushed),
    "check_run": _Event(
        ("action", "check_run", "repository"), _pressed, frozenset({"rerequested", "requested_action"}), asks=True
    ),
    "check_suite": _Event(
        ("action", "check_suite", "repository"), _suite_asked_again, frozenset({"rerequested"}), asks=True
    ),
    "issue_comment": _Event(
        ("action", "issue", "comment", "repository"), _commented, frozenset({"created"}), asks=True
    ),
    "installation": _Event(("action", "installation"), _granted),
    "installation_repositories": _Event(("action", "installation"), _granted),
    "repository": _Event(("action", "repository"), _pushed),
    "ping": _Event(("hook_id",), lambda context: Heard()),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A body that agrees with its event."""

    _event: _Event
    _body: _Body
    _raw: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the body."""
        return sha256(self._raw).hexdigest()

    @property
    def number(self) -> int:
        """Of the repository that it speaks of, as GitHub counts them; 0 = none."""
        return self._body.repository.id if self._body.repository else 0

    def heard(self, repository: str, at: float, app: int | None = None) -> Heard:
        """What it asks for.

        `repository` is the name of its RepositoryRow, "" if it is not served; `app` the number of our App, None with a
        token; `at` the time in seconds since the epoch.
        """
        if self._event.actions and self._body.action not in self._event.actions:
            return Heard()
        return self._event.meaning(_Context(self._body, repository, app, at, self._raw))


def told(event: str, body: bytes) -> Told | None:
    """A body as what its event says; None for an event that we do not know. Raises NotAgreeing."""
    known = _EVENTS.get(event)
    if known is None:
        return None
    try:
        read = decode(body, _Body)
    except (DecodeError, RecursionError):
        raise NotAgreeing(f"The body is no JSON of the event {event}.") from None
    missing = [name for name in known.needs if getattr(read, name) is None]
    if missing:
        raise NotAgreeing(f"The body has no {missing[0]!r}, so it is none of the event {event}.")
    return Told(known, read, body)


def may_ask(event: str, action: str) -> bool:
    """Whether an event may hold what a person asks for."""
    known = _EVENTS.get(event)
    return known is not None and known.asks and action in known.actions
