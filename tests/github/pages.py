"""The pages a browser is sent to: sign-in by OAuth, and an App made from a manifest. Whoever is signed in agrees."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from tests.github.git_service import Page
from tests.github.records import App, Grant, Token

if TYPE_CHECKING:
    from tests.github.world import FakeGitHub

CODE_LIFE, MANIFEST_LIFE, TOKEN_LIFE = 600, 3600, 8 * 3600  # seconds


def page_of(path: str) -> Callable[..., Page] | None:
    """What answers at this path, if it is a page's."""
    if path == "/settings/apps/new" or (path.startswith("/organizations/") and path.endswith("/settings/apps/new")):
        return new_app
    return {"/login/oauth/authorize": authorize, "/login/oauth/access_token": access_token}.get(path)


def serve(world: FakeGitHub, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Page:
    """Answer a browser, or the program that it came from."""
    found = page_of(path)
    assert found is not None
    fields = dict(parse_qsl(query))
    if headers.get("content-type", "").startswith("application/json"):
        fields |= json.loads(body)
    else:
        fields |= dict(parse_qsl(body.decode()))
    with world.state.lock:
        return found(world, fields, path)


def authorize(world: FakeGitHub, fields: dict[str, str], _: str) -> Page:
    """https://docs.github.com/en/apps/creating-github-apps/writing-code-for-a-github-app/building-a-login-with-github-button-with-a-github-app"""
    app = _app(world, fields.get("client_id", ""))
    if app is None or world.signed_in is None:
        return Page(404 if app is None else 200, {"content-type": "text/html"}, b"<html><body>Sign in</body></html>")
    back = fields.get("redirect_uri", app.callback)
    world.authorized.append(fields)
    if not app.callback or back != app.callback:
        return _to(app.callback or world.url, error="redirect_uri_mismatch", state=fields.get("state", ""))
    if not world.agrees:
        return _to(back, error="access_denied", state=fields.get("state", ""))
    code = world.state.new_secret("")[:20]
    person = world.state.account(world.signed_in)
    challenge = fields.get("code_challenge", "")
    world.state.grants[code] = Grant(app, world.state.now() + CODE_LIFE, person, challenge)
    return _to(back, code=code, state=fields.get("state", ""))


def access_token(world: FakeGitHub, fields: dict[str, str], _: str) -> Page:
    """Trade a code for a token of the person, once."""
    state = world.state
    app, grant = _app(world, fields.get("client_id", "")), state.grants.get(fields.get("code", ""))
    if app is None or fields.get("client_secret") != app.client_secret:
        return _json({"error": "incorrect_client_credentials", "error_description": "The client_id is not valid."})
    if grant is None or grant.app is not app or grant.person is None or grant.expires_at < state.now():
        return _json({"error": "bad_verification_code", "error_description": "The code is incorrect or expired."})
    if fields.get("redirect_uri", app.callback) != app.callback:
        return _json({"error": "redirect_uri_mismatch", "error_description": "The redirect_uri is not the App's."})
    if grant.challenge and grant.challenge != _challenge(fields.get("code_verifier", "")):
        return _json({"error": "bad_verification_code", "error_description": "The code verifier does not match."})
    del state.grants[fields["code"]]
    value = state.new_secret("ghu_")
    expires_at = state.now() + TOKEN_LIFE
    state.tokens[value] = Token(value, dict(app.permissions), None, None, grant.person, expires_at, app)
    shown = {"access_token": value, "expires_in": TOKEN_LIFE, "refresh_token": state.new_secret("ghr_")}
    return _json({**shown, "refresh_token_expires_in": 15_897_600, "token_type": "bearer", "scope": ""})


def new_app(world: FakeGitHub, fields: dict[str, str], path: str) -> Page:
    """https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest"""
    if world.signed_in is None or "manifest" not in fields:
        return Page(200, {"content-type": "text/html"}, b"<html><body>Register a new App</body></html>")
    manifest: dict[str, Any] = json.loads(fields["manifest"])
    owner = path.split("/")[2] if path.startswith("/organizations/") else world.signed_in
    hook = manifest.get("hook_attributes", {})
    registered = world.register_app(
        manifest["name"].lower().replace(" ", "-"),
        owner=owner,
        permissions={"metadata": "read", **manifest.get("default_permissions", {})},
        events=manifest.get("default_events", []),
        callback=next(iter(manifest.get("callback_urls", [])), ""),
    )
    if hook.get("active", True) and hook.get("url"):
        secret = hashlib.sha256(f"webhook {registered.id}".encode()).hexdigest()
        world.deliver_to(hook["url"], secret=secret, app=registered)
    code = world.state.new_secret("")
    key = registered.private_key
    world.state.grants[code] = Grant(registered.app, world.state.now() + MANIFEST_LIFE, private_key=key)
    return _to(manifest["redirect_url"], code=code, **({"state": fields["state"]} if "state" in fields else {}))


def _app(world: FakeGitHub, client_id: str) -> App | None:
    return next((row for row in world.state.apps.values() if row.client_id == client_id), None)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _to(address: str, **fields: str) -> Page:
    sign = "&" if "?" in address else "?"
    return Page(302, {"location": f"{address}{sign}{urlencode(fields)}"}, b"")


def _json(document: dict[str, Any]) -> Page:
    return Page(200, {"content-type": "application/json; charset=utf-8"}, json.dumps(document).encode())
