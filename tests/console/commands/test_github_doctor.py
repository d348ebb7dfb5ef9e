"""`headgate github doctor`: each mistake that people make with an App or a token, told with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.console.test_github_setup import somebody_else
from tests.console.typing_in import Terminal, Typed
from tests.github.receiver import Receiver
from tests.github.records import App
from tests.github.words.apps import EVENTS, PERMISSIONS, RegisteredApp
from tests.github.world import FakeGitHub
from tests.scenarios.github.world import flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

SECRET = "canary-of-webhooks"
Found = dict[str, list[dict[str, Any]]]


class Place:
    """A server's configuration for an App, and the doctor's words about it."""

    def __init__(self, terminal: Terminal, github: FakeGitHub, folder: Path) -> None:
        self.terminal, self.github, self.folder = terminal, github, folder
        github.organization("acme")
        github.repository("acme/shop", {"flows/churn.yaml": flow()})
        self.page = ""
        self.lines = {"apiUrl": github.api_url, "webhookSecrets": "[{env: HOOK}]"}

    def app(self, **words: Any) -> RegisteredApp:
        """An App with these permissions and events, which the configuration names."""
        app = self.github.register_app(**words)
        self.key(app.private_key)
        self.lines["app"] = f"{{id: {app.id}, privateKey: {{file: app.pem}}}}"
        return app

    def key(self, text: str) -> None:
        file = self.folder / "app.pem"
        file.write_text(text)
        file.chmod(0o600)

    def asked(self, *options: str) -> Typed:
        lines = "".join(f"  {name}: {value}\n" for name, value in self.lines.items())
        (self.folder / "server.yaml").write_text(f"{self.page}github:\n{lines}")
        typed = self.terminal("github", "doctor", "--config", str(self.folder / "server.yaml"), *options)
        assert "Traceback" not in typed.err
        for canary in (SECRET, "PRIVATE KEY", *self.github.state.tokens):
            assert canary not in typed.out + typed.err
        return typed

    def told(self, code: int) -> Found:
        """What is not well, by its check."""
        typed = self.asked("--format", "json")
        assert typed.code == code, typed.out + typed.err
        found: Found = {}
        for one in json.loads(typed.out)["findings"]:
            if one["level"] != "ok":
                found.setdefault(one["check"], []).append(one)
        return found


@pytest.fixture
def place(bare: Terminal, github: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("HOOK", SECRET)
    return Place(bare, github, tmp_path)


@pytest.fixture
def well(place: Place, github: FakeGitHub) -> Place:
    """All is well: an App that is installed, whose webhooks arrive."""
    app = place.app()
    with Receiver() as receiver:
        github.deliver_to(f"{receiver.address}/github", secret=SECRET)
        github.install(app)
        github.push({"README.md": "news"})
    return place


def only(found: Found, check: str) -> dict[str, Any]:
    assert list(found) == [check]
    assert len(found[check]) == 1
    return found[check][0]


def test_what_is_well_is_told_to_be(well):
    typed = well.asked()

    assert (typed.code, typed.err) == (0, "")
    assert "✓ github-repository: 1 repository to serve: acme/shop." in typed.out
    assert "webhooks arrived, the newest" in typed.out
    assert typed.out.endswith("All is well.\n")


def test_looking_writes_nothing_but_asks_for_a_token_to_look_with(well, github):
    before = len(github.requests)
    well.asked()

    writes = {row.signature for row in list(github.requests)[before:] if row.method != "GET"}
    assert writes == {"POST /app/installations/{installation_id}/access_tokens"}


def test_without_github_in_the_configuration_it_is_wrong_use(bare):
    typed = bare("github", "doctor")

    assert typed.code == 2
    assert "headgate github setup" in typed.err


def test_a_key_of_another_app(well, github):
    well.key(github.register_app("other").private_key)

    found = only(well.told(1), "github-app")
    assert "does not take the private key" in found["what"]
    assert "generate a private key" in found["do"]


def test_a_key_that_is_none(well):
    well.key("-----BEGIN NOTHING-----\n")

    assert "cannot be read" in only(well.told(1), "github-app")["what"]


def test_the_number_of_no_app(well):
    well.lines["app"] = "{id: 999999, privateKey: {file: app.pem}}"

    found = only(well.told(1), "github-app")
    assert found["what"] == "GitHub knows no App 999999."
    assert "`app.id`" in found["do"]


@pytest.mark.parametrize("lines", [{"webhookSecrets": "[{env: NOWHERE}]"}, {"app": "{id: 1, privateKey: {file: no}}"}])
def test_a_secret_that_is_not_there_is_told_on_its_line(well, lines):
    well.lines |= lines
    typed = well.asked()

    assert typed.code == 2
    assert "server.yaml:" in typed.err
    assert "NOWHERE" in typed.err or "cannot be read" in typed.err


@pytest.mark.parametrize(("name", "level"), [("checks", "read"), ("pull_requests", ""), ("issues", "read")])
def test_a_permission_without_which_nothing_goes(place, github, name, level):
    app = place.app(permissions={**PERMISSIONS, name: level} if level else without(PERMISSIONS, name))
    github.install(app)

    found = place.told(1)["github-permission"]
    assert [one["level"] for one in found] == ["problem"]
    assert f"lacks the permission {name}: write (it has {level or 'no access'})" in found[0]["what"]
    assert "/organizations/acme/settings/apps/headgate/permissions" in found[0]["do"]


def without(granted: dict[str, str], name: str) -> dict[str, str]:
    return {other: level for other, level in granted.items() if other != name}


def test_a_permission_that_some_miss_is_a_warning(place, github):
    github.install(place.app(permissions=without(PERMISSIONS, "members")))

    assert [one["level"] for one in place.told(1)["github-permission"]] == ["warning"]


def test_permissions_that_an_account_has_not_accepted_yet(well, github):
    installation = next(iter(github.state.installations.values()))
    installation.permissions = {**PERMISSIONS, "checks": "read"}

    found = only(well.told(1), "github-installation")
    assert "acme has not accepted what the App asks for by now: checks: write." in found["what"]
    assert f"/settings/installations/{installation.id}" in found["do"]


@pytest.mark.parametrize(("event", "code"), [("issue_comment", 1), ("push", 0), ("merge_group", 0)])
def test_an_event_that_is_not_subscribed_to(well, github, event, code):
    app_of(github).events.remove(event)

    assert f"does not hear of the event {event}." in only(well.told(code), "github-event")["what"]


def test_an_event_is_not_told_beside_the_permission_that_it_comes_with(place, github):
    events = [name for name in EVENTS if name != "merge_group"]
    github.install(place.app(permissions=without(PERMISSIONS, "merge_queues"), events=events))
    found = place.told(1)

    assert "merge_queues" in found["github-permission"][0]["what"]
    assert "github-event" not in found


def test_an_enterprise_server_is_asked_at_its_own_address(well, github):
    well.lines["apiUrl"] = github.enterprise_url

    assert well.told(0) == {}


@pytest.mark.parametrize("event", ["check_run", "check_suite"])
def test_events_that_come_unasked_are_not_missed(well, github, event):
    app_of(github).events.remove(event)

    assert well.told(0) == {}


def app_of(github: FakeGitHub) -> App:
    return next(iter(github.state.apps.values()))


def test_an_app_that_is_not_installed(well, github):
    github.uninstall(next(iter(github.state.installations.values())))

    found = well.told(1)
    assert found["github-installation"][0]["do"].endswith("/apps/headgate/installations/new")


def test_a_suspended_installation(well, github):
    github.suspend(next(iter(github.state.installations.values())))
    found = well.told(1)

    assert "on acme is suspended" in found["github-installation"][0]["what"]
    assert "github-repository" not in found


@pytest.mark.parametrize("name", ["acme/shpo", "acme/store", "other/shop"])
def test_a_repository_that_the_app_does_not_see(well, github, name):
    github.repository("acme/store")
    github.select(next(iter(github.state.installations.values())), "acme/shop")
    well.lines["repositories"] = f"[Acme/Shop, {name}]"

    assert well.told(1)["github-repository"][0]["what"] == f"GitHub shows the App no repository {name}."


@pytest.mark.parametrize("seconds", [1200, -1200])
def test_a_clock_that_is_off(well, github, seconds):
    github.clock.advance(seconds)

    found = well.told(0)["github-clock"]
    assert "The clock of this machine is" in found[0]["what"]
    assert ("behind" if seconds > 0 else "ahead of") in found[0]["what"]
    assert "NTP" in found[0]["do"]


def test_no_webhook_secret_is_configured(well):
    del well.lines["webhookSecrets"]

    assert "No webhook secret is configured" in only(well.told(1), "github-webhook-secret")["what"]


def test_an_app_without_a_webhook(place, github):
    github.install(place.app())
    assert "The App sends no webhooks" in only(place.told(1), "github-webhook")["what"]

    del place.lines["webhookSecrets"]
    found = only(place.told(0), "github-webhook")
    assert "only looked at each 1 m." in found["what"]
    assert "a secret: " in found["do"]


def test_a_webhook_address_without_our_path(well, github):
    github.webhooks.hooks[0].address = "http://127.0.0.1:1/hooks"

    assert "the service does not have by itself" in only(well.told(0), "github-webhook")["what"]


def test_no_webhook_has_come_for_days(well, github):
    github.clock.advance(4 * 24 * 3600)

    assert "no webhook for three days" in well.told(0)["github-deliveries"][0]["what"]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, "signed with another secret"),
        (404, "nothing is there that takes them"),
        (500, "answered HTTP 500"),
        (503, "no answer of the service"),
    ],
)
def test_webhooks_that_do_not_arrive_and_why(well, github, status, why):
    with Receiver() as receiver:
        receiver.status = status
        github.webhooks.hooks[0].address = f"{receiver.address}/github"
        github.push({"README.md": "more"})

    found = only(well.told(1), "github-deliveries")
    assert why in found["what"]
    assert "/settings/apps/headgate/advanced" in found["do"]


def test_webhooks_that_were_lost_before_are_a_warning_until_they_are_sent_again(well, github):
    github.webhooks.lose()
    github.push({"README.md": "lost"})
    github.webhooks.normal()
    lost = [row for row in github.webhooks.deliveries if not row.ok]
    with Receiver() as receiver:
        github.webhooks.hooks[0].address = f"{receiver.address}/github"
        github.push({"README.md": "arrives"})
        found = only(well.told(0), "github-deliveries")["what"]
        assert found.startswith(f"{len(lost)} webhooks of the last {len(github.webhooks.deliveries)} did not arrive")

        for delivery in lost:
            github.webhooks.redeliver(delivery)
        github.webhooks.settle()
    assert well.told(0) == {}


def test_a_key_that_others_can_read(well):
    (well.folder / "app.pem").chmod(0o644)

    assert "chmod 600" in only(well.told(0), "github-secret")["do"]


@pytest.mark.parametrize("outage", [503, 0])
def test_github_that_is_away_could_not_be_asked(well, github, outage):
    github.faults.begin_outage(outage)

    found = well.told(3)["github-reach"]
    assert found[0]["level"] == "unknown"
    assert "githubstatus" in found[0]["do"]


def test_an_address_where_no_github_is(well):
    well.lines["apiUrl"] = "http://127.0.0.1:9"

    assert "cannot be reached" in only(well.told(3), "github-reach")["what"]


@pytest.mark.parametrize("document", [b"[]", b"null", b"{}", b'"sesame"', b"<html>"])
def test_an_address_where_another_server_is(well, document):
    with somebody_else(document) as address:
        well.lines["apiUrl"] = address
        typed = well.asked()

    assert typed.code in (1, 3)
    assert "apiUrl" in typed.out
    assert "sesame" not in typed.out


def test_an_hour_whose_requests_are_used_up(well, github):
    github.limits.exhaust(f"app {app_of(github).id}")

    assert "left alone" in well.told(3)["github-limit"][0]["what"]


# --- a token ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def token(place: Place, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Configure a token of a person with these permissions."""
    github.allow("ann", "write", "acme/shop")

    def configure(permissions: dict[str, str] | None = None, *repositories: str) -> str:
        value = github.token("ann", permissions, *repositories)
        monkeypatch.setenv("TOKEN", value)
        place.lines |= {"token": "{env: TOKEN}", "repositories": "[acme/shop]"}
        return value

    return configure


WELL = {"contents": "read", "metadata": "read", "pull_requests": "write", "statuses": "write"}


def test_a_token_that_is_well(place, token, github):
    github.deliver_to("https://headgate.example.org/webhooks/github", secret="sesame", repository="acme/shop")
    value = token({**WELL, "repository_hooks": "read"})

    assert place.told(0) == {}
    assert value not in place.asked().out


@pytest.mark.parametrize("hooks", [(), ("https://ci.example.org/hooks",)])
def test_a_repository_without_a_webhook_of_its_own_recovers_nothing(place, token, github, hooks):
    for address in hooks:
        github.deliver_to(address, secret="sesame", repository="acme/shop")
    token({**WELL, "repository_hooks": "read"})

    found = only(place.told(0), "github-webhook")
    assert (found["level"], found["where"]) == ("warning", "acme/shop")
    assert "comments that one of an organization loses stay lost" in found["what"]


def test_a_token_that_was_revoked(place, token, github):
    github.state.tokens.pop(token())

    found = only(place.told(1), "github-token")
    assert (found["what"], found["where"]) == ("GitHub does not take the token.", "TOKEN")


def test_a_token_that_is_not_for_a_repository(place, token, github):
    github.repository("acme/store", private=True)
    token(None, "acme/store")

    assert "shows the token no repository acme/shop" in only(place.told(1), "github-repository")["what"]


def test_a_token_that_may_not_read_webhooks_recovers_no_lost_comment(place, token):
    token(WELL)
    found = only(place.told(0), "github-permission")
    assert (found["level"], found["where"]) == ("warning", "acme/shop")
    assert "Grant it webhooks: read" in found["do"]

    place.lines.pop("webhookSecrets")
    assert place.told(0) == {}


def test_a_token_that_lacks_a_permission(place, token):
    token({"contents": "read", "metadata": "read", "statuses": "write"})

    found = only(place.told(1), "github-permission")
    assert "The token lacks a permission for acme/shop" in found["what"]
    assert "pull_requests: read" in found["do"]


PUBLIC = "https://headgate.acme.example"


def signing_in(place: Place, **changes: str) -> Found:
    """What is told of an App with which people sign in."""
    app = place.app(callback=f"{PUBLIC}/signed-in").app
    (place.folder / "client").write_text(changes.get("secret", app.client_secret))
    (place.folder / "client").chmod(0o600)
    client = f", clientId: {changes.get('client', app.client_id)}, clientSecret: {{file: client}}"
    place.lines["app"] = place.lines["app"].replace("}}", f"}}{client}}}")
    place.page = f"pageUrl: {changes.get('page', PUBLIC)}\n"
    return place.told(1)


def test_a_missing_client_secret_is_told_where_people_are_to_sign_in(place: Place):
    place.app()
    place.page = f"pageUrl: {PUBLIC}\n"

    [found] = place.told(1)["github-sign-in"]

    assert (found["level"], "No client secret of the App" in found["what"]) == ("warning", True)
    assert "`clientId` and `clientSecret`" in found["do"]


def test_where_people_can_sign_in_nothing_is_to_be_done(place: Place):
    assert "github-sign-in" not in signing_in(place)


@pytest.mark.parametrize(
    ("changes", "level", "told"),
    [
        ({"secret": "canary-of-clients"}, "problem", "does not take the client secret"),
        ({"client": "Iv1.of-another"}, "problem", "is not the App's"),
        ({"page": "http://headgate.acme.example"}, "warning", "does not begin with https://"),
    ],
)
def test_what_keeps_people_from_signing_in_is_told(place: Place, changes: dict[str, str], level: str, told: str):
    [found] = signing_in(place, **changes)["github-sign-in"]

    assert found["level"] == level
    assert told in found["what"]
    assert "canary-of-clients" not in json.dumps(found)
