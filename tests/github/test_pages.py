"""Sign-in with an App: a code for a token of the person, once, and only for who began it."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.github.client import Client
from tests.github.world import FakeGitHub

BACK = "http://127.0.0.1:1/signed-in"


@pytest.fixture
def browser(github: FakeGitHub):
    with httpx.Client(base_url=github.url, trust_env=False, verify=False) as client:
        yield client


def test_a_person_signs_in_and_sees_what_they_may_read(github, browser):
    for name in ("acme/open", "acme/closed", "acme/theirs"):
        github.repository(name, private=name != "acme/open")
    github.allow("ann", "read", "acme/theirs")
    app = github.register_app(callback=BACK).app
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {"client_id": app.client_id, "redirect_uri": BACK, "state": "s", "code_challenge": challenge}

    github.signed_in = "ann"
    back = parse_qs(urlsplit(browser.get("/login/oauth/authorize", params=asked).headers["location"]).query)
    trade = {"client_id": app.client_id, "client_secret": app.client_secret, "code": back["code"][0]}
    assert browser.post("/login/oauth/access_token", data=trade).json()["error"] == "bad_verification_code"
    token = browser.post("/login/oauth/access_token", data=trade | {"code_verifier": verifier}).json()["access_token"]
    again = browser.post("/login/oauth/access_token", data=trade | {"code_verifier": verifier}).json()

    assert (back["state"], again["error"]) == (["s"], "bad_verification_code")
    with Client(github.api_url, token) as person:
        assert person.get("/user").json()["login"] == "ann"
        seen = {name: person.get(f"/repos/acme/{name}").status_code for name in ("open", "closed", "theirs")}
    assert seen == {"open": 200, "closed": 404, "theirs": 200}


def test_nobody_is_sent_where_the_app_does_not_live_and_who_declines_comes_back_without_a_code(github, browser):
    app = github.register_app(callback=BACK).app
    github.signed_in = "ann"
    asked = {"client_id": app.client_id, "redirect_uri": "http://evil.example/"}
    assert browser.get("/login/oauth/authorize", params=asked).headers["location"].startswith(BACK)

    github.agrees = False
    declined = browser.get("/login/oauth/authorize", params=asked | {"redirect_uri": BACK}).headers["location"]
    assert "error=access_denied" in declined
