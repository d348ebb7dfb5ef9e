"""Who asks: an App by its JWT, an installation or a person by a token."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import jwt

from tests.github.answers import Refused
from tests.github.records import Account, App, Installation, Permissions, Repository, Token
from tests.github.state import State, covers

LONGEST_JWT = 600  # seconds from now to `exp`
_NOT_ISSUED = "must be an Integer representing the time that the assertion was issued"
_EXPIRED = "must be a numeric value representing the future time at which the assertion expires"
LEVELS = {"read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Actor:
    """The App itself (by JWT), or the bearer of a token."""

    app: App | None = None
    token: Token | None = None

    @property
    def installation(self) -> Installation | None:
        return self.token.installation if self.token else None

    @property
    def person(self) -> Account | None:
        return self.token.person if self.token else None

    @property
    def account(self) -> Account:
        """Who is named as the author of what is written."""
        if self.installation:
            return self.installation.app.bot
        assert self.person is not None
        return self.person

    @property
    def name(self) -> str:
        """Whose budget is spent."""
        if self.app:
            return f"app {self.app.id}"
        return f"installation {self.installation.id}" if self.installation else f"person {self.account.login}"

    def sees(self, repository: Repository) -> bool:
        """Whether the repository exists for this actor."""
        if self.app or not self.token:
            return True
        if self.installation and not covers(self.installation, repository):
            return False
        if self.token.repositories is not None:
            return repository.id in self.token.repositories
        return self.installation is not None or can_read(repository, self.account)

    def may(self, permission: str, level: str) -> bool:
        granted: Permissions = self.token.permissions if self.token else {}
        return LEVELS.get(granted.get(permission, ""), 0) >= LEVELS[level]


def can_read(repository: Repository, account: Account) -> bool:
    return not repository.private or repository.owner is account or account.login in repository.collaborators


def was_let_in(repository: Repository, account: Account) -> bool:
    """Whether the account has a permission of its own there, and not only that of everybody."""
    return repository.owner is account or account.login in repository.collaborators


def authenticate(state: State, header: str | None) -> Actor | None:
    """The actor named by an `Authorization` header; None without one; 401 where it is wrong."""
    if not header:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        value = base64.b64decode(value).decode("utf-8", "replace").partition(":")[2]
    elif scheme.lower() not in ("bearer", "token"):
        raise _bad_credentials()
    if value.count(".") == 2:
        return Actor(app=_app_of_jwt(state, value))
    return Actor(token=_live_token(state, value))


def _live_token(state: State, value: str) -> Token:
    token = state.tokens.get(value)
    if token is None or (token.expires_at is not None and token.expires_at <= state.now()):
        raise _bad_credentials()
    installation = token.installation
    if installation and installation.id not in state.installations:
        raise _bad_credentials()
    if installation and installation.suspended_at is not None:
        raise Refused(403, "This installation has been suspended")
    return token


def _app_of_jwt(state: State, value: str) -> App:
    try:
        issuer = str(jwt.decode(value, options={"verify_signature": False}).get("iss", ""))
    except jwt.PyJWTError:
        raise Refused(401, "A JSON web token could not be decoded") from None
    app = next((row for row in state.apps.values() if issuer in (str(row.id), row.client_id)), None)
    if app is None:
        raise Refused(404, "Integration not found")
    claims = _verified(app, value)
    _check_times(claims, state.now())
    return app


def _verified(app: App, value: str) -> dict[str, object]:
    unchecked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_iss": False}
    for key in app.keys:
        try:
            return jwt.decode(value, key, algorithms=["RS256"], options=unchecked)
        except jwt.PyJWTError:
            continue
    raise Refused(401, "A JSON web token could not be decoded")


def _check_times(claims: dict[str, object], now: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now:
        raise Refused(401, f"'Issued at' claim ('iat') {_NOT_ISSUED}")
    if not isinstance(expires, int) or expires <= now:
        raise Refused(401, f"'Expiration time' claim ('exp') {_EXPIRED}")
    if expires > now + LONGEST_JWT:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")


def _bad_credentials() -> Refused:
    return Refused(401, "Bad credentials")
