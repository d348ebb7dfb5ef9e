"""A service that is configured for GitHub: what it serves, what it says there, and whether it runs anything."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.config import Config, load_config
from console.service import Service
from tests.documents import exits
from tests.github.world import FakeGitHub
from tests.scenarios.github.world import flow

CHURN = {"flows/churn.yaml": flow()}
MORE = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}


def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, github: FakeGitHub, *lines: str) -> Config:
    """As an operator writes it, with an App where no token is given."""
    text = ["listen: 127.0.0.1:0", "dataDir: data", "github:", f"  apiUrl: {github.api_url}", *lines]
    if not any("token:" in line for line in lines):
        app = github.register_app()
        github.install(app)
        (tmp_path / "app.pem").write_text(app.private_key)
        text.append(f"  app: {{id: {app.id}, privateKey: {{file: app.pem}}}}")
    (tmp_path / "server.yaml").write_text("\n".join(text) + "\n")
    monkeypatch.setenv("HOOK", "sesame")
    return load_config(tmp_path / "server.yaml")


@contextmanager
def serving(config: Config) -> Iterator[Service]:
    service = Service(config)
    service.start()
    try:
        yield service
    finally:
        service.stop()


def until(what: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def connected(service: Service, *names: str) -> Callable[[], bool]:
    return lambda: {row.name for row in service.store.repositories() if row.head} >= set(names)


@pytest.mark.slow
def test_an_app_serves_all_that_it_is_installed_on_and_hears_of_news(tmp_path, monkeypatch, github):
    for name in ("acme/shop", "acme/store"):
        github.repository(name, CHURN)
    config = configured(tmp_path, monkeypatch, github, "  webhookSecrets: [{env: HOOK}]")
    with serving(config) as service:
        until(connected(service, "acme/shop", "acme/store"))
        github.deliver_to(f"{service.address}/webhooks/github", secret="sesame")
        pull = github.open_pull_request(MORE)
        until(lambda: github.check_runs(pull.head_sha, "headgate"))
        github.repository("acme/third", CHURN)
        until(connected(service, "acme/third"))
        sha = github.merge(pull)
        until(lambda: github.check_runs(sha, "headgate/churn"))

    assert github.check("headgate/churn", sha).title == "Judged and recorded: nothing runs flows here"
    assert github.check("headgate/churn", sha).conclusion == "neutral"


@pytest.mark.slow
def test_what_was_asked_while_no_service_ran_is_answered_when_one_does(tmp_path, monkeypatch, github):
    github.repository("acme/shop", CHURN)
    github.allow("ann")
    config = configured(tmp_path, monkeypatch, github, "  webhookSecrets: [{env: HOOK}]")
    github.deliver_to("http://127.0.0.1:9/webhooks/github", secret="sesame")
    pull = github.open_pull_request(MORE)
    with serving(config) as service:
        until(lambda: github.check_runs(pull.head_sha, "headgate"))
    github.clock.advance(2)
    github.comment(pull, "/help")
    with serving(config) as service:
        until(lambda: len(github.comments(pull)) == 2)
        (row,) = service.store.deliveries()

    assert row.event == "issue_comment"


@pytest.mark.slow
def test_only_what_is_listed_is_served(tmp_path, monkeypatch, github, caplog):
    for name in ("acme/shop", "acme/store"):
        github.repository(name, CHURN)
    config = configured(tmp_path, monkeypatch, github, "  repositories: [Acme/Store, acme/misspelt]")
    with serving(config) as service:
        until(connected(service, "acme/store"))
        served = {row.name for row in service.store.repositories()}

    assert served == {"acme/store"}
    assert "no repository acme/misspelt" in caplog.text


@pytest.mark.slow
def test_a_token_says_it_with_statuses_and_runs_ops_here_where_that_was_said(tmp_path, monkeypatch, github):
    github.repository("acme/shop", CHURN)
    github.allow("ann")
    monkeypatch.setenv("TOKEN", github.token("ann"))
    lines = ["  token: {env: TOKEN}", "  repositories: [acme/shop]", "  runLocally: true", "  pollSeconds: 5"]
    with serving(configured(tmp_path, monkeypatch, github, *lines)) as service:
        until(connected(service, "acme/shop"))
        sha = github.push({"flows/churn.yaml": LOCAL})
        until(lambda: github.statuses(sha).get("headgate/churn") is not None)
        until(lambda: github.statuses(sha)["headgate/churn"].state == "success")


LOCAL = """version: 1.1
kind: component
run:
  kind: job
  container: {image: any, command: [echo, done]}
"""
