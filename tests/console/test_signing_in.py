"""Signing in over real HTTP: a service behind a proxy with TLS, a browser, and a GitHub of our own."""

from __future__ import annotations

import logging
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from console.config import load_config
from console.service import Service
from tests.console.test_github_service import CHURN, connected, serving, until
from tests.github.world import FakeGitHub
from tests.reconciler.adapters.sql_world import new_database
from tests.scenarios.github.world import flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub and a whole service

PUBLIC = "https://headgate.example.org"
SHOP = "acme/shop"


class Proxy(httpx.BaseTransport):
    """TLS ends here; what is behind it is told for whom it asks. Everything else is reached as it is."""

    def __init__(self, service: Service) -> None:
        self.lead_to(service)
        self._plain = httpx.HTTPTransport()
        self.addresses: list[str] = []

    def lead_to(self, service: Service) -> None:
        """Ask this service from now on, as who spreads the load does."""
        self._service = httpx.URL(service.address)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.addresses.append(str(request.url))
        if request.url.host == urlsplit(PUBLIC).hostname:
            inner = request.url.copy_with(scheme="http", host=self._service.host, port=self._service.port)
            headers = [*request.headers.raw, (b"X-Forwarded-For", b"203.0.113.9")]
            request = httpx.Request(request.method, inner, headers=headers, stream=request.stream)
        return self._plain.handle_request(request)


class Browser(httpx.Client):
    """One person's; follows where it is led."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.proxy = Proxy(service)
        super().__init__(base_url=PUBLIC, transport=self.proxy, trust_env=False, timeout=30, follow_redirects=True)

    def sign_in(self, to: str = "/") -> httpx.Response:
        return self.get("/sign-in", params={"to": to})

    def sign_out(self) -> httpx.Response:
        return self.press("/sign-out")

    def press(self, address: str, **fields: str) -> httpx.Response:
        """A button, of a form that was just shown."""
        token = re.search(r'name="token" value="([^"]+)"', self.get("/").text)
        assert token
        given = {"token": token[1], "nonce": "a" * 20, **fields}
        return self.post(address, data=given, headers={"origin": PUBLIC})

    def begun(self) -> str:
        """The address that GitHub leads back to, which is not opened."""
        there = self.get("/sign-in", follow_redirects=False).headers["location"]
        return str(self.get(there, follow_redirects=False).headers["location"])


@contextmanager
def signing_in(tmp_path: Path, github: FakeGitHub, secret: str = "", *lines: str) -> Iterator[Callable[[], Browser]]:
    github.repository(SHOP, CHURN, private=True)
    app = github.register_app(callback=f"{PUBLIC}/signed-in")
    github.install(app)
    (tmp_path / "app.pem").write_text(app.private_key)
    (tmp_path / "client").write_text(secret or app.app.client_secret)
    known = f"id: {app.id}, privateKey: {{file: app.pem}}, clientId: {app.app.client_id}"
    known = (
        f"{{{known}, clientSecret: {{file: client}}}}"
        if secret is not None
        else f"{{{known.partition(', client')[0]}}}"
    )
    text = ["listen: 127.0.0.1:0", "dataDir: data", f"pageUrl: {PUBLIC}", *lines]
    text += ["github:", f"  apiUrl: {github.api_url}", f"  app: {known}"]
    (tmp_path / "server.yaml").write_text("\n".join(text) + "\n")
    opened: list[Browser] = []
    with serving(load_config(tmp_path / "server.yaml")) as service:
        until(connected(service, SHOP))

        def browser() -> Browser:
            opened.append(Browser(service))
            return opened[-1]

        yield browser
        for one in opened:
            one.close()


def test_a_person_signs_in_sees_what_they_were_let_into_and_signs_out(tmp_path, github, caplog):
    caplog.set_level(logging.DEBUG)
    with signing_in(tmp_path, github) as browser:
        until(lambda: github.check_runs(github.head(), "headgate"))
        check = github.check("headgate", github.head())
        github.allow("ann", "read")
        github.signed_in = "ann"
        ann = browser()
        asked = ann.get(check.details_url)
        assert (asked.status_code, check.details_url) == (401, f"{PUBLIC}/repositories/acme%2Fshop")
        link = re.search(r'href="(/sign-in\?to=[^"]+)"', asked.text)
        assert link

        page = ann.get(link[1])

        assert (page.status_code, str(page.url)) == (200, f"{PUBLIC}/repositories/{SHOP}")
        assert "ann" in page.text
        cookies = {cookie.name: cookie for cookie in ann.cookies.jar}
        assert set(cookies) == {"__Host-headgate_session"}
        assert cookies["__Host-headgate_session"].secure
        assert ann.sign_out().status_code == 200
        assert ann.get("/").status_code == 401

        tokens = [value for value, row in github.state.tokens.items() if row.person]
        assert len(tokens) == 1
        codes = [parse_qs(urlsplit(address).query).get("code", [""])[0] for address in ann.proxy.addresses]
        secrets = [*tokens, next(iter(github.state.apps.values())).client_secret, *(code for code in codes if code)]
        assert len(secrets) == 3
        kept = [file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file()]
        said = "\n".join(row.getMessage() for row in caplog.records if not row.name.startswith(("httpx", "httpcore")))
        assert "access_token" in said  # what libraries say of the way there is looked at too
        for secret in secrets:
            assert secret not in said
            assert not any(secret.encode() in content for content in kept)
        for secret in secrets[:2]:
            assert not any(secret in address for address in ann.proxy.addresses)
    sent = github.authorized[0]
    assert (sent["redirect_uri"], sent["code_challenge_method"]) == (f"{PUBLIC}/signed-in", "S256")


@contextmanager
def another_replica(tmp_path: Path) -> Iterator[Service]:
    """A second service of the same configuration, with a data directory of its own."""
    text = (tmp_path / "server.yaml").read_text().replace("dataDir: data", "dataDir: other")
    (tmp_path / "other.yaml").write_text(text)
    with serving(load_config(tmp_path / "other.yaml")) as service:
        yield service


@pytest.mark.postgres
def test_who_signs_in_at_one_service_is_in_at_the_other_and_out_at_both(tmp_path, github):
    database = f'database: "{new_database("postgresql", tmp_path)}"'
    with signing_in(tmp_path, github, "", database) as browser, another_replica(tmp_path) as other:
        github.allow("ann", "read")
        github.signed_in = "ann"
        ann = browser()
        address = f"/repositories/{SHOP}"
        begun = ann.begun()
        ann.proxy.lead_to(other)
        assert ann.get(begun).status_code == 200, "begun at one, it is ended at the other"
        for service in (other, ann.service, other):
            ann.proxy.lead_to(service)
            assert ann.get(address).status_code == 200
        assert ann.sign_out().status_code == 200
        for service in (other, ann.service):
            ann.proxy.lead_to(service)
            assert ann.get(address).status_code == 401
        assert len([row for row in github.state.tokens.values() if row.person]) == 1


def test_a_restart_ends_no_session(tmp_path, github):
    with signing_in(tmp_path, github) as browser:
        github.allow("ann", "read")
        github.signed_in = "ann"
        ann = browser()
        ann.sign_in()
        kept = ann.cookies
    with serving(load_config(tmp_path / "server.yaml")) as service, Browser(service) as ann:
        ann.cookies = kept
        assert ann.get(f"/repositories/{SHOP}").status_code == 200


def test_a_stranger_who_signs_in_sees_nothing(tmp_path, github):
    with signing_in(tmp_path, github) as browser:
        github.signed_in = "eve"
        eve = browser()

        assert eve.sign_in().status_code == 200
        assert SHOP not in eve.get("/").text
        assert eve.get(f"/repositories/{SHOP}").status_code == 404
        assert eve.get(f"/commits/{github.head()}").status_code == 404


def test_an_answer_that_this_browser_did_not_ask_for_is_not_taken(tmp_path, github):
    with signing_in(tmp_path, github) as browser:
        github.signed_in = "eve"
        eve, ann = browser(), browser()
        led = eve.begun()
        ann.get("/sign-in", follow_redirects=False)

        for address in (led, re.sub("state=[^&]*", "state=", led), re.sub("[?].*", "", led)):
            assert ann.get(address).status_code == 400
        assert ann.get("/").status_code == 401
        assert not any(row.person for row in github.state.tokens.values())


def test_a_code_is_good_once(tmp_path, github):
    with signing_in(tmp_path, github) as browser:
        github.signed_in = "ann"
        ann = browser()
        led = ann.begun()
        kept = ann.cookies.get("__Host-headgate_begun")

        first = ann.get(led, follow_redirects=False)
        again = ann.get(led)
        cookies = {"cookie": f"__Host-headgate_begun={kept}"}
        replayed = browser().get(led, headers=cookies)

        assert (first.status_code, again.status_code, replayed.status_code) == (303, 400, 403)
        assert "it is good once" in replayed.text


def test_who_does_not_agree_is_shown_nothing(tmp_path, github):
    with signing_in(tmp_path, github) as browser:
        github.signed_in, github.agrees = "ann", False

        answer = browser().sign_in()

        assert answer.status_code == 403
        assert "was not allowed to tell who you are" in answer.text


def test_a_wrong_client_secret_is_told_to_the_operator_and_not_shown(tmp_path, github, caplog):
    with signing_in(tmp_path, github, "canary-secret") as browser:
        github.signed_in = "ann"

        answer = browser().sign_in()

        assert answer.status_code == 403
        assert "its log and `headgate github doctor` tell more" in answer.text
        assert "incorrect_client_credentials" in caplog.text
        assert "canary-secret" not in caplog.text + answer.text


def test_without_a_client_secret_it_is_said_what_to_configure(tmp_path, github):
    with signing_in(tmp_path, github, None) as browser:
        stranger = browser()
        answers = [
            stranger.get(path) for path in ("/", f"/repositories/{SHOP}", "/api/v1/runs", "/sign-in", "/static/x")
        ]

        assert {answer.status_code for answer in answers} == {403}
        assert "No client secret of the App is configured." in answers[0].text
        assert SHOP not in "".join(answer.text for answer in answers)


def test_buttons_are_pressed_by_those_who_may_command(tmp_path, github):
    with signing_in(tmp_path, github) as browser:
        github.allow("ann", "write")
        github.allow("bob", "read")
        pressed = {}
        for person in ("ann", "bob"):
            github.signed_in = person
            one = browser()
            one.sign_in()
            [flow_row] = one.service.store.flows(repository=SHOP, scope="")
            pressed[person] = one.press(f"/flows/{flow_row.id}", verb="pause")

        assert {person: answer.status_code for person, answer in pressed.items()} == {"ann": 200, "bob": 403}
        until(lambda: one.service.store.flow(flow_row.id).paused)


def test_while_github_is_away_nobody_signs_in_and_it_is_said(tmp_path, github):
    with signing_in(tmp_path, github) as browser:
        github.signed_in = "ann"
        ann = browser()
        led = ann.begun()
        github.faults.begin_outage()

        assert ann.get(led).status_code == 503
        github.faults.end_outage()


def git(folder: Path, *arguments: str) -> str:
    known = {"GIT_CONFIG_GLOBAL": "/dev/null", "PATH": os.environ["PATH"]}
    named = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *named, *arguments], cwd=folder, env=known, capture_output=True, text=True)
    return done.stdout


def local_repository(folder: Path) -> Path:
    work, bare = folder / "work", folder / "here.git"
    (work / "flows").mkdir(parents=True)
    (work / "flows/churn.yaml").write_text(flow())
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"], ["clone", "-q", "--bare", ".", str(bare)]):
        git(work, *command)
    return bare


def test_local_repositories_keep_their_links_and_are_for_this_machine_alone(tmp_path, github):
    bare = local_repository(tmp_path)
    lines = ("repositories:", f"- {{name: here, path: {bare}}}")
    with signing_in(tmp_path, github, "", *lines) as browser:
        github.allow("ann", "write")
        github.signed_in = "ann"
        ann = browser()
        until(connected(ann.service, SHOP, "here"))
        ann.sign_in()

        assert ann.get("/repositories/here").status_code == 404
        with httpx.Client(base_url=ann.service.address, trust_env=False) as here:
            assert here.get("/repositories/here").status_code == 200
        until(lambda: git(bare, "rev-parse", "-q", "--verify", "refs/notes/checks"))
        notes = git(bare, "log", "-p", "--format=", "refs/notes/checks")
        assert f"{ann.service.address}/repositories/here" in notes
