"""A plain client for tests of the fake itself: JWTs, tokens, requests as they are written."""

from __future__ import annotations

from typing import Any

import httpx
import jwt

from tests.github.records import Installation
from tests.github.words.apps import RegisteredApp
from tests.github.world import FakeGitHub


def app_jwt(app: RegisteredApp, now: float, *, issued: float = -60, expires: float = 540) -> str:
    """An App's JWT, issued and expiring that many seconds from now."""
    claims = {"iat": int(now + issued), "exp": int(now + expires), "iss": str(app.id)}
    return jwt.encode(claims, app.private_key, "RS256")


class Client(httpx.Client):
    """Speaks with one credential."""

    def __init__(self, address: str, credential: str, timeout: float = 10) -> None:
        headers = {"Authorization": f"Bearer {credential}", "Accept": "application/vnd.github+json"}
        super().__init__(base_url=address, headers=headers, timeout=timeout, trust_env=False, verify=False)


def as_app(github: FakeGitHub, app: RegisteredApp) -> Client:
    return Client(github.api_url, app_jwt(app, github.clock.now()))


def as_installation(github: FakeGitHub, app: RegisteredApp, installation: Installation, **narrowed: Any) -> Client:
    with as_app(github, app) as client:
        answer = client.post(f"/app/installations/{installation.id}/access_tokens", json=narrowed)
    assert answer.status_code == 201, answer.text
    return Client(github.api_url, answer.json()["token"])
