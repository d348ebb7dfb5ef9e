"""Making a GitHub App: what GitHub is asked for, what is written where, and what is not taken from anybody."""

from __future__ import annotations

import html
import re
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx
import pytest

from console.config import load_config
from console.failures import Failure
from console.github_needs import AUTOMATIC, EVENTS, HOOK, PERMISSIONS
from console.github_setup import CLIENT, KEY, SECRET, SetUp, Wanted, set_up
from console.signing_in import lacking
from reconciler.adapters import github_manifests
from reconciler.adapters.github_addresses import api_address, web_address
from reconciler.adapters.github_credentials import REVIEW
from tests.console.test_github_service import connected, serving, until
from tests.documents import exits
from tests.github.words.apps import RegisteredApp
from tests.github.world import FakeGitHub
from tests.scenarios.github.world import flow
from webhooks import github_events

Went = Callable[[httpx.Client, str], None]
SERVICE = "http://127.0.0.1:1"


class Browser(Thread):
    """A person with a browser, who opens the address that is told."""

    def __init__(self, went: Went) -> None:
        super().__init__()
        self.told: list[str] = []
        self.failure: BaseException | None = None
        self._went = went

    def tell(self, sentence: str) -> None:
        self.told.append(sentence)
        if not self.is_alive() and not self.ident:
            self.start()

    def run(self) -> None:
        try:
            with httpx.Client(trust_env=False, verify=False, timeout=30) as client:
                self._went(client, self.told[0].rpartition(" ")[2])
        except BaseException as error:
            self.failure = error
            raise


def form_of(client: httpx.Client, start: str) -> tuple[str, str]:
    """Where the page's form leads, and the manifest in it."""
    page = client.get(start)
    assert page.status_code == 200
    action = re.search(r'action="([^"]+)"', page.text)
    value = re.search(r'name="manifest" value="([^"]+)"', page.text)
    assert action
    assert value
    return html.unescape(action[1]), html.unescape(value[1])


def back_from(client: httpx.Client, start: str) -> str:
    """The address that GitHub leads to when the person has agreed."""
    action, manifest = form_of(client, start)
    return client.post(action, data={"manifest": manifest}).headers["location"]


def agrees(client: httpx.Client, start: str) -> None:
    assert "terminal" in client.get(back_from(client, start)).text


def wanted(github: FakeGitHub, tmp_path: Path, **changes: object) -> Wanted:
    github.signed_in = "ann"
    values = {"api_url": github.api_url, "web_url": github.url, "organization": "", "name": "Headgate of Ann"}
    values |= {"public_url": SERVICE, "config": tmp_path / "server.yaml", **changes}
    return Wanted(**values)  # type: ignore[arg-type]


def made(wanted: Wanted, went: Went = agrees) -> SetUp:
    browser = Browser(went)
    try:
        return set_up(wanted, browser.tell)
    finally:
        if browser.ident:
            browser.join(30)
        assert browser.failure is None


def test_the_app_has_what_is_needed_and_its_configuration_is_all_that_the_service_needs(github, tmp_path):
    found = made(wanted(github, tmp_path))

    app = next(iter(github.state.apps.values()))
    assert app.permissions == {name: need.by for name, need in PERMISSIONS.items()}
    assert set(app.events) == {*EVENTS, *AUTOMATIC}
    assert github.webhooks.hooks[0].address == SERVICE + HOOK
    config = load_config(tmp_path / "server.yaml", {"HOME": str(tmp_path)}).github
    assert config is not None
    assert config.private_key is not None
    assert (config.app, config.api_url) == (str(app.id), github.api_url)
    assert config.private_key.read({}).startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert [place.read({}) for place in config.webhook_secrets] == [github.webhooks.hooks[0].secret]
    assert found.written


def test_people_can_sign_in_to_the_pages_of_the_new_app(github, tmp_path):
    made(wanted(github, tmp_path))

    app, config = next(iter(github.state.apps.values())), load_config(tmp_path / "server.yaml", {"HOME": str(tmp_path)})
    assert config.github is not None
    assert config.github.client_secret is not None
    assert (config.page_url, app.callback) == (SERVICE, f"{SERVICE}/signed-in")
    assert (config.github.client, config.github.client_secret.read({})) == (app.client_id, app.client_secret)
    assert lacking(config.github, config.page_url) is None


def test_only_their_owner_can_read_the_secrets(github, tmp_path):
    found = made(wanted(github, tmp_path))

    assert [file.name for file in found.files] == [KEY, SECRET, CLIENT]
    assert {stat.S_IMODE(file.stat().st_mode) for file in found.files} == {0o600}


def test_an_organization_is_asked_at_its_own_page_and_owns_the_app(github, tmp_path):
    github.organization("acme")
    found = made(wanted(github, tmp_path, organization="acme"))

    assert found.app.owner == "acme"
    assert found.app.settings == f"{github.url}/organizations/acme/settings/apps/headgate-of-ann"
    assert github.requests.of("POST /organizations/acme/settings/apps/new")


def test_an_enterprise_server_is_named_in_the_configuration(github, tmp_path):
    found = made(wanted(github, tmp_path, api_url=github.enterprise_url))

    assert f"apiUrl: {github.enterprise_url}\n" in found.part


def test_without_a_public_address_there_is_no_webhook_and_that_is_said(github, tmp_path):
    browser = Browser(agrees)
    found = set_up(wanted(github, tmp_path, public_url=""), browser.tell)
    browser.join(30)

    assert github.webhooks.hooks == []
    assert "webhookSecrets" not in found.part
    assert any("no webhook" in sentence for sentence in browser.told)
    assert not (tmp_path / SECRET).exists()
    assert not (tmp_path / CLIENT).exists()


def test_what_an_older_enterprise_server_does_not_know_is_not_asked_for(github, tmp_path):
    made(wanted(github, tmp_path, without=("merge_queues",)))

    app = next(iter(github.state.apps.values()))
    assert set(PERMISSIONS) - set(app.permissions) == {"merge_queues"}
    assert {*EVENTS, *AUTOMATIC} - set(app.events) == {"merge_group"}


def test_a_configuration_that_is_there_is_not_touched(github, tmp_path):
    (tmp_path / "server.yaml").write_text("slots: 2  # mine\n")
    asked = wanted(github, tmp_path)
    found = made(asked)

    assert (tmp_path / "server.yaml").read_text() == "slots: 2  # mine\n"
    assert not found.written
    assert "Add what was printed" in found.next_steps(asked)[0]


@pytest.mark.parametrize("name", [KEY, SECRET, CLIENT])
def test_a_secret_that_is_there_is_never_overwritten_and_nothing_is_made(github, tmp_path, name):
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Failure, match="never overwritten"):
        made(wanted(github, tmp_path))

    assert not github.requests
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_that_came_meanwhile_is_kept_and_it_is_said_that_the_app_was_made(github, tmp_path):
    def agrees_late(client: httpx.Client, start: str) -> None:
        (tmp_path / KEY).write_text("another's")
        agrees(client, start)

    with pytest.raises(Failure) as caught:
        made(wanted(github, tmp_path), agrees_late)

    assert "was made, but" in caught.value.message
    assert "/settings/apps/headgate-of-ann" in caught.value.do
    assert (tmp_path / KEY).read_text() == "another's"


def test_an_answer_that_nobody_asked_for_is_not_taken(github, tmp_path):
    """Whoever lures the person to the page's answer would have the service sign in as their App."""
    statuses = []

    def is_lured(client: httpx.Client, start: str) -> None:
        parts = urlsplit(start)
        base = f"{parts.scheme}://{parts.netloc}"
        back = back_from(client, start)
        code = re.search(r"code=([^&]+)", back)
        assert code
        for address in ("/made", f"/made?code={code[1]}", f"/made?code={code[1]}&state=wrong", "/made?code=a/../b"):
            statuses.append(client.get(base + address).status_code)
        statuses.append(client.get(base + "/").status_code)
        github.faults.latency = 1.0  # the page is there until the code is exchanged
        assert client.get(back).status_code == 200
        statuses.append(client.get(back).status_code)

    made(wanted(github, tmp_path), is_lured)

    assert statuses == [400, 400, 400, 400, 404, 409]
    assert len(github.requests.of("POST /app-manifests/{code}/conversions")) == 1


def test_the_page_holds_no_script_and_lets_nobody_frame_it(github, tmp_path):
    seen = {}

    def looks(client: httpx.Client, start: str) -> None:
        page = client.get(start)
        seen.update(page.headers, text=page.text)
        agrees(client, start)

    made(wanted(github, tmp_path, name='</textarea><script>"&'), looks)

    assert "<script" not in seen["text"]
    assert "default-src 'none'" in seen["content-security-policy"]
    assert "frame-ancestors 'none'" in seen["content-security-policy"]


def test_whoever_does_not_agree_in_time_has_made_nothing(github, tmp_path, monkeypatch):
    monkeypatch.setattr("console.github_doorway.Doorway._code", patient(0.05))
    with pytest.raises(Failure, match="Nobody came back") as caught:
        made(wanted(github, tmp_path), lambda _client, _start: None)

    assert caught.value.exit_code == 3
    assert list(tmp_path.glob("*.*")) == []


def patient(seconds: float) -> Callable[..., str]:
    from console.github_doorway import Doorway

    code = Doorway._code
    return lambda self, _seconds: code(self, seconds)


def test_an_app_is_not_lost_for_an_answer_that_got_lost_on_the_way(github, tmp_path, monkeypatch):
    monkeypatch.setattr(github_manifests, "PAUSES", (0.01, 0.01))
    github.faults.error("POST /app-manifests/{code}/conversions", times=2)

    found = made(wanted(github, tmp_path))

    assert found.written
    assert "PRIVATE KEY" not in repr(found)


def test_where_github_stays_away_it_is_said_that_the_app_may_have_been_made(github, tmp_path, monkeypatch):
    monkeypatch.setattr(github_manifests, "PAUSES", (0.01,))
    github.faults.forget("POST /app-manifests/{code}/conversions", status=502)
    with pytest.raises(Failure) as caught:
        made(wanted(github, tmp_path))

    assert "may have been made" in caught.value.do
    assert caught.value.exit_code == 3
    assert not (tmp_path / KEY).exists()


@pytest.mark.parametrize("document", [b"[]", b"null", b"{}", b'{"id": 1, "slug": "x", "html_url": 7}', b'"sesame"'])
def test_an_answer_that_is_none_of_githubs_is_told_in_a_sentence(github, tmp_path, document):
    """Another server stands at the address that was given."""
    with somebody_else(document) as address, pytest.raises(Failure) as caught:
        made(wanted(github, tmp_path, api_url=address))

    assert "apiUrl" in caught.value.message
    assert "sesame" not in caught.value.text()


@contextmanager
def somebody_else(document: bytes) -> Iterator[str]:
    """The address of a server that answers everything with one document."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(200)
            self.send_header("content-length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_blocks_everything_is_what_every_token_is_asked_for():
    vital = {name: need.by for name, need in PERMISSIONS.items() if need.vital}

    assert vital == {**REVIEW, "metadata": "read"}


def test_every_event_that_is_heard_is_asked_for_but_those_that_come_unasked():
    unasked = {"installation", "installation_repositories", "ping"}

    assert {*EVENTS, *AUTOMATIC} == set(github_events._EVENTS) - unasked


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://git.acme.example/api/v3", "https://git.acme.example"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
    ],
)
def test_the_addresses_of_pages_and_api_tell_each_other(api, web):
    assert (web_address(api), api_address(web)) == (web, api)


@pytest.mark.slow
def test_what_was_written_is_all_that_a_service_needs_and_the_doctor_hears_its_answers(github, tmp_path, bare):
    github.organization("acme")
    github.repository("acme/shop", {"flows/churn.yaml": flow()})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    asked = wanted(github, tmp_path, organization="acme", public_url=f"http://127.0.0.1:{port}")
    made(asked)
    with asked.config.open("a") as file:
        file.write(f"listen: 127.0.0.1:{port}\ndataDir: data\n")
    app = next(iter(github.state.apps.values()))

    with serving(load_config(asked.config)) as service:
        github.install(RegisteredApp(app, ""))
        until(connected(service, "acme/shop"))
        pull = github.open_pull_request({"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})})
        until(lambda: github.check_runs(pull.head_sha, "headgate"))
        well = bare("github", "doctor", "--config", str(asked.config))
        github.webhooks.hooks[0].secret = "another"
        github.push({"README.md": "news"})
        ill = bare("github", "doctor", "--config", str(asked.config))

    assert (well.code, "All is well." in well.out) == (0, True), well.out
    assert ill.code == 1
    assert "signed with another secret" in ill.out
