"""What GitHub tells with the token of a person, by a GitHub of our own."""

from __future__ import annotations

import pytest

from reconciler.adapters.github_http import Secret
from reconciler.adapters.github_people import GitHubPeople
from reconciler.adapters.github_reasons import CLIENT, SIGN_IN
from reconciler.errors import Stalled, Waiting
from tests.github.words.apps import RegisteredApp
from tests.github.world import FakeGitHub

pytestmark = pytest.mark.slow  # each test has a whole GitHub


@pytest.fixture
def app(github: FakeGitHub) -> RegisteredApp:
    return github.register_app()


def seen(github: FakeGitHub, app: RegisteredApp, person: str = "ann", token: str = "") -> set[str]:
    """Names of the repositories that a person sees."""
    people = GitHubPeople(app.app.client_id, lambda: "", github.api_url)
    numbers = people.repositories(Secret(token or github.token_by(app, person)))
    return {row.full_name for row in github.state.repositories.values() if row.id in numbers}


def test_a_person_sees_what_they_were_let_into_where_the_app_is(github, app):
    for name in ("acme/shop", "acme/secret", "other/shop", "away/shop"):
        github.repository(name, private=True)
    github.repository("acme/open")
    github.install(app, "acme")
    github.install(app, "other")
    github.install(github.register_app("another"), "away")
    for name in ("acme/shop", "other/shop", "away/shop"):
        github.allow("ann", "read", name)

    assert seen(github, app) == {"acme/shop", "other/shop"}
    assert seen(github, app, "eve") == set()


def test_what_is_taken_away_is_not_seen(github, app):
    github.repository("acme/shop", private=True)
    github.repository("acme/store", private=True)
    installation = github.install(app, "acme")
    github.allow("ann", "read", "acme/shop")
    github.allow("ann", "read", "acme/store")
    assert seen(github, app) == {"acme/shop", "acme/store"}

    github.forbid("ann", "acme/shop")
    assert seen(github, app) == {"acme/store"}
    github.suspend(installation)
    assert seen(github, app) == set()
    github.unsuspend(installation)
    github.uninstall(installation)
    assert seen(github, app) == set()


def test_more_than_a_page_is_seen(github, app):
    first = github.repository("acme/shop", private=True)
    github.allow("ann", "read", "acme/shop")
    for number in range(120):
        row = github.state.new_repository(f"acme/r{number}")
        row.git, row.collaborators = first.git, {"ann": "read"}
    github.install(app, "acme")

    assert len(seen(github, app)) == 121


def test_a_token_that_is_good_no_more_says_so(github, app):
    with pytest.raises(Stalled) as caught:
        seen(github, app, token="ghu_revoked")

    assert caught.value.reason == SIGN_IN
    assert "ghu_revoked" not in caught.value.message


def test_while_github_is_away_nothing_is_told(github, app):
    token = github.token_by(app, "ann")
    github.faults.begin_outage()
    with pytest.raises(Waiting):
        seen(github, app, token=token)
    github.faults.end_outage()


def test_without_its_secret_nobody_signs_in(github, app, tmp_path):
    people = GitHubPeople(app.app.client_id, (tmp_path / "gone").read_text, github.api_url)

    with pytest.raises(Stalled) as caught:
        people.signed_in("code", "verifier", "http://127.0.0.1:1/signed-in")

    assert caught.value.reason == CLIENT
