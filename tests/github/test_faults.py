"""What goes wrong on request goes wrong as it does at GitHub."""

from __future__ import annotations

import httpx
import pytest

from tests.github.client import as_installation
from tests.github.world import FakeGitHub

CREATE = "POST /repos/{owner}/{repo}/check-runs"


@pytest.fixture
def create(github: FakeGitHub):
    """Creates a check run."""
    github.repository("acme/shop")
    app = github.register_app()
    with as_installation(github, app, github.install(app)) as client:
        client.timeout = httpx.Timeout(0.5)
        yield lambda: client.post("/repos/acme/shop/check-runs", json={"name": "headgate", "head_sha": github.head()})


def test_a_forgotten_reply_did_what_was_asked(github, create):
    github.faults.forget(CREATE)
    github.faults.forget(CREATE, status=502)
    with pytest.raises(httpx.NetworkError):
        create()
    assert create().status_code == 502

    assert len(github.check_runs(github.head())) == 2
    assert [row.status for row in github.requests.of(CREATE)] == [0, 502]


def test_silence_before_or_after(github, create):
    github.faults.hang(CREATE)
    with pytest.raises(httpx.ReadTimeout):
        create()
    assert github.check_runs(github.head()) == []

    github.faults.hang(CREATE, done=True)
    with pytest.raises(httpx.ReadTimeout):
        create()
    assert len(github.check_runs(github.head())) == 1


def test_an_outage_lasts_until_it_ends(github, create):
    github.faults.begin_outage()
    assert [create().status_code for _ in range(3)] == [503] * 3
    github.faults.begin_outage(0)
    with pytest.raises(httpx.NetworkError):
        create()
    github.faults.end_outage()

    assert create().status_code == 201
    assert len(github.check_runs(github.head())) == 1
