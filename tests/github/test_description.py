"""What the fake says is what GitHub describes: every route and every webhook, once around."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.github.client import Client, as_app, as_installation
from tests.github.events import DESCRIBED
from tests.github.receiver import Receiver
from tests.github.service import described_routes
from tests.github.words.apps import EVENTS
from tests.github.world import FakeGitHub

REPO = "/repos/acme/shop"


def test_every_route_answers_as_it_is_described(github: FakeGitHub):
    """The world itself complains at its close about an answer that is not; here each route answers once."""
    github.organization("acme", ml=["ann"])
    github.repository("acme/shop", {"a.yaml": "1\n"})
    app = github.register_app()
    installation = github.install(app)
    github.deliver_to("http://127.0.0.1:1/", secret="s")
    pull = github.open_pull_request({"a.yaml": "2\n", "new name.yaml": "x\n"}, by="ann")
    comment = github.comment(pull, "/help", by="ann")

    with as_app(github, app) as client:
        _tour_of_the_app(client, installation.id)
    with as_installation(github, app, installation) as client:
        _tour_of_reading(client, pull.head_sha, comment.id)
        _tour_of_writing(client, pull.head_sha, comment.id)
        client.delete("/installation/token")
    with Client(github.api_url, github.token("ann", {"repository_hooks": "read"})) as client:
        _tour_of_hooks(github, client)
    github.allow("ann")
    with Client(github.api_url, github.token_by(app, "ann")) as client:
        client.get("/user")
        client.get("/user/installations")
        client.get(f"/user/installations/{installation.id}/repositories")
    _make_another_app(github)

    assert [row.signature for row in github.requests if not 200 <= row.status < 400] == []
    assert {row.signature for row in github.requests} == {*described_routes(), "POST /settings/apps/new"}


def _tour_of_the_app(client: Client, installation: int) -> None:
    client.get("/app")
    client.get("/app/installations")
    client.get(f"/app/installations/{installation}")
    client.get(f"{REPO}/installation")
    client.get("/app/hook/config")
    client.patch("/app/hook/config", json={"secret": "another"})
    delivery = client.get("/app/hook/deliveries", params={"status": "failure", "per_page": 1}).json()[0]["id"]
    client.get(f"/app/hook/deliveries/{delivery}")
    client.post(f"/app/hook/deliveries/{delivery}/attempts")


def _tour_of_hooks(github: FakeGitHub, client: Client) -> None:
    github.deliver_to("http://127.0.0.1:1/", secret="s", repository="acme/shop")
    github.push({"a.yaml": "3\n"})
    (hook,) = client.get(f"{REPO}/hooks").json()
    (delivery,) = client.get(f"{REPO}/hooks/{hook['id']}/deliveries", params={"status": "failure"}).json()
    client.get(f"{REPO}/hooks/{hook['id']}/deliveries/{delivery['id']}")


def _tour_of_reading(client: Client, sha: str, comment: int) -> None:
    client.get("/installation/repositories")
    client.get("/rate_limit")
    client.get("/meta")
    client.get("/orgs/acme/teams/ml/memberships/ann")
    for path in (
        *("", "/branches", "/branches/topic-1", "/commits/topic-1", "/git/ref/heads/main", "/git/matching-refs/heads/"),
        *("/pulls", "/pulls/1", "/pulls/1/files", "/collaborators/ann/permission"),
        *("/issues/comments", "/issues/1/comments", f"/issues/comments/{comment}"),
        *(f"/commits/{sha}/statuses", f"/commits/{sha}/status", f"/commits/{sha}/check-suites"),
        f"/commits/{sha}/check-runs?check_name=headgate&filter=all",
    ):
        client.get(REPO + path)


def _tour_of_writing(client: Client, sha: str, comment: int) -> None:
    annotation = {"path": "a.yaml", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "wrong"}
    output = {"title": "Wrong", "summary": "One finding", "annotations": [annotation]}
    action = {"label": "Re-run", "description": "Run it again", "identifier": "rerun"}
    run = client.post(f"{REPO}/check-runs", json={"name": "headgate", "head_sha": sha, "actions": [action]}).json()
    client.patch(f"{REPO}/check-runs/{run['id']}", json={"conclusion": "failure", "output": output})
    client.get(f"{REPO}/check-runs/{run['id']}")
    client.get(f"{REPO}/check-runs/{run['id']}/annotations")
    client.get(f"{REPO}/check-suites/{run['check_suite']['id']}")
    client.get(f"{REPO}/check-suites/{run['check_suite']['id']}/check-runs")
    client.post(f"{REPO}/statuses/{sha}", json={"state": "success", "context": "headgate"})
    answer = client.post(f"{REPO}/issues/1/comments", json={"body": "Done."}).json()["id"]
    client.patch(f"{REPO}/issues/comments/{answer}", json={"body": "Done again."})
    client.post(f"{REPO}/issues/comments/{comment}/reactions", json={"content": "eyes"})
    client.get(f"{REPO}/issues/comments/{comment}/reactions")
    client.delete(f"{REPO}/issues/comments/{answer}")


def _make_another_app(github: FakeGitHub) -> None:
    github.signed_in = "ann"
    manifest = {"name": "Another", "redirect_url": "http://127.0.0.1:1/done", "hook_attributes": {"url": "http://x/"}}
    with Client(github.url, "") as browser:
        del browser.headers["authorization"]
        back = browser.post("/settings/apps/new?state=s", data={"manifest": json.dumps(manifest)}).headers["location"]
        code = parse_qs(urlsplit(back).query)["code"][0]
        secrets = browser.post(f"/app-manifests/{code}/conversions").json()
    assert secrets["webhook_secret"] == github.webhooks.hooks[-1].secret


def test_every_webhook_is_as_it_is_described(github: FakeGitHub):
    """Everything that people do here, once; the world complains at its close about a payload that is not."""
    app = github.register_app(events=[*EVENTS, "create", "delete"])
    with Receiver() as receiver:
        github.deliver_to(receiver.address, secret="s")
        installation = github.install(app)
        github.repository("acme/shop", {"a.yaml": "1\n"})
        _tour_of_pull_requests(github)
        with as_installation(github, app, installation) as client:
            action = {"label": "Re-run", "description": "Run it again", "identifier": "rerun"}
            run = {"name": "headgate", "head_sha": github.head(), "actions": [action]}
            number = client.post(f"{REPO}/check-runs", json=run).json()["id"]
            client.patch(f"{REPO}/check-runs/{number}", json={"conclusion": "failure"})
        check = github.check("headgate", github.head())
        github.press(check, "Re-run")
        github.rerequest(check)
        github.rerequest_suite(check.head_sha)
        _tour_of_settings(github, app, installation)

    seen = {
        "-".join([row.event, *([row.action] if row.action else [])]).replace("_", "-")
        for row in github.webhooks.deliveries
    }
    assert seen == set(DESCRIBED)
    assert len(receiver.received) == len(github.webhooks.deliveries)


def _tour_of_pull_requests(github: FakeGitHub) -> None:
    pull = github.open_pull_request({"a.yaml": "2\n"}, draft=True)
    github.ready(pull)
    github.convert_to_draft(pull)
    github.push_to(pull, {"b.yaml": "2\n"})
    github.edit_title(pull, "Another")
    github.edit_comment(comment := github.comment(pull, "/help"), "/plan")
    github.delete_comment(comment)
    github.close_pull_request(pull)
    github.reopen(pull)
    github.push({"c.yaml": ""}, "release")
    github.change_base(pull, "release")
    github.change_base(pull, "main")
    github.queue(pull, github.open_pull_request({"d.yaml": "2\n"}))
    github.leave_queue(pull)
    github.merge_queue()
    github.delete_branch("release")


def _tour_of_settings(github: FakeGitHub, app, installation) -> None:
    github.webhooks.ping(github.webhooks.hooks[0])
    github.rename("store")
    github.archive()
    github.unarchive()
    github.repository("acme/other")
    github.select(installation, "acme/other")
    github.select(installation, "acme/other", "acme/store")
    github.suspend(installation)
    github.unsuspend(installation)
    elsewhere = github.install(app, "beta")
    github.transfer("beta", repository="acme/store")
    github.uninstall(elsewhere)
    github.delete_repository("acme/other")


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/check-runs", {"name": "headgate"}, "'head_sha' is a required property"),
        ("/check-runs", {"name": "headgate", "head_sha": "x", "colour": "red"}, "no field colour"),
        ("/statuses/main", {"state": "green"}, "'green' is not one of"),
        ("/check-runs?page=1", {"name": "headgate", "head_sha": "x"}, "no parameter page"),
    ],
)
def test_a_request_that_is_not_described_fails_the_test(github: FakeGitHub, path, body, words):
    github.repository("acme/shop")
    app = github.register_app()
    with as_installation(github, app, github.install(app)) as client:
        assert client.post(REPO + path, json=body).status_code == 422

    with pytest.raises(AssertionError, match=words):
        github.close()
    github.complaints.clear()
