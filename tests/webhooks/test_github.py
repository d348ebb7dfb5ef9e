"""Where GitHub sends its webhooks: proven before they are read, stored before they are answered, once."""

from hashlib import sha256

import pytest

from reconciler.keys import CheckKey, RepositoryKey
from tests.webhooks.edge import APP, SECRET, Edge
from webhooks import github
from webhooks.github import GitHubHook, github_routes
from webhooks.mailbox import Mailbox
from webhooks.signatures import signature

SHA = "c0ffee" + "0" * 34
PUSH = {"ref": "refs/heads/main", "after": SHA, "repository": {"id": 7}}


@pytest.fixture
def edge(tmp_path):
    with Edge(tmp_path) as edge:
        yield edge


def test_a_push_is_stored_and_wakes_its_repository(edge):
    answer = edge.send(PUSH)

    assert answer.status_code == 202
    assert answer.json() == {"version": 1, "delivery": "g-1", "known": False}
    (row,) = edge.store.deliveries()
    assert (row.event, row.repository, row.said) == ("push", "acme/shop", "repository/acme%2Fshop")
    assert edge.store.queued(RepositoryKey("acme/shop")) is not None


def test_what_is_githubs_is_told_and_what_is_not_is_not(edge):
    edge.send(PUSH, secret=b"guessed")
    edge.send(PUSH, x_hub_signature_256="")
    assert edge.proven == []

    edge.send(PUSH)
    edge.send({}, "star")
    assert edge.proven == ["/webhooks/github"] * 2


def test_a_delivery_that_is_sent_again_or_replayed_with_other_headers_has_no_effect(edge):
    edge.send(PUSH)
    again = edge.send(PUSH)
    replayed = edge.send(PUSH, guid="g-2")

    assert [again.status_code, replayed.status_code] == [202, 202]
    assert again.json()["known"]
    assert replayed.json()["known"]
    assert len(edge.store.deliveries()) == 1


def test_a_body_whose_signature_is_wrong_is_not_read(edge):
    answer = edge.send(b"{" * 1000, secret=b"guessed")

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "WrongSignature"
    assert edge.asked == []
    assert edge.store.deliveries() == []
    assert edge.send(PUSH, x_hub_signature_256="").status_code == 401


@pytest.mark.parametrize(
    ("body", "event", "signed"),
    [(b"{", "push", 400), (b'{"a":' * 900_000, "push", 400), (b"\xff\0", "check_run", 400), (b"{}", "star", 204)],
)
def test_what_a_body_is_makes_no_difference_before_its_signature_is_proven(edge, body, event, signed):
    assert edge.send(body, event).status_code == signed
    for given in ("", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, signature(SECRET, body)[7:], "é"):
        answer = edge.send(body, event, x_hub_signature_256=given.encode())
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "WrongSignature")
    assert edge.send(body, event, secret=b"guessed").status_code == 401
    assert edge.asked == []


def test_a_button_that_is_replayed_under_other_headers_is_pressed_once(edge):
    run = {"id": 31, "head_sha": SHA, "external_id": "headgate:acme/shop:headgate/churn:r1:", "app": {"id": APP}}
    press = {"action": "rerequested", "check_run": run, "repository": {"id": 7}, "sender": {"login": "ann"}}
    edge.send(press, "check_run")
    for number, event in enumerate(("check_run", "push", "check_suite", "repository", "ping", "star")):
        headers = {"x_github_hook_id": f"{number}", "x_github_hook_installation_target_id": "1", "user_agent": "curl"}
        edge.send(press, event, f"again-{number}", **headers)

    assert len(edge.store.requests(CheckKey("acme/shop", SHA))) == 1
    assert {row.event for row in edge.store.deliveries()} == {"check_run"}


def test_two_secrets_may_be_active_while_one_replaces_the_other(tmp_path):
    with Edge(tmp_path, (b"new", b"old")) as edge:
        assert edge.send(PUSH, secret=b"old").status_code == 202
        assert edge.send({**PUSH, "after": "d" * 40}, guid="g-2", secret=b"new").status_code == 202
        assert edge.send(PUSH, guid="g-3", secret=SECRET).status_code == 401


@pytest.mark.parametrize("secrets", [(), (b"",), (b"good", b"")])
def test_without_a_secret_there_is_no_address(edge, secrets):
    with pytest.raises(ValueError, match="Without a secret"):
        github_routes(GitHubHook(secrets, edge.hook.named), Mailbox(edge.store))


def test_a_body_that_is_larger_than_github_sends_is_refused_while_it_is_read(edge, monkeypatch):
    monkeypatch.setattr(github, "BODY_LIMIT", 1000)

    assert edge.send(b"x" * 1001).status_code == 413
    parts = (b"x" * 500 for _ in range(3))
    headers = {"x-github-event": "push", "x-github-delivery": "g"}
    assert edge.post(parts, headers).status_code == 413


def test_a_large_body_is_read_as_a_small_one_is(edge):
    commits = [{"id": sha256(str(number).encode()).hexdigest()} for number in range(2000)]
    assert edge.send({**PUSH, "commits": commits}).status_code == 202


@pytest.mark.parametrize("event", ["sponsorship", "ping", "watch"])
def test_what_does_not_concern_us_is_answered_and_not_kept(edge, event):
    assert edge.send({"hook_id": 3, "zen": "Half measures."}, event).status_code == 204
    assert edge.store.deliveries() == []


def test_a_header_that_does_not_agree_with_the_body_is_refused(edge):
    answer = edge.send(PUSH, event="issue_comment")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "NotAgreeing"


@pytest.mark.parametrize(
    "headers", [{"x_github_event": ""}, {"x_github_delivery": ""}, {"x_github_delivery": "g" * 101}]
)
def test_a_request_without_githubs_headers_is_refused(edge, headers):
    assert edge.send(PUSH, **headers).json()["error"]["code"] == "NotGitHub"
