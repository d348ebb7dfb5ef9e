"""Which repositories are served: what the App is installed on, what is listed, what a token can read."""

from collections.abc import Iterable

import pytest

from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_credentials import OneToken
from reconciler.adapters.github_forge import GitHubForge
from reconciler.adapters.github_governor import Governor
from reconciler.adapters.github_http import Http
from reconciler.adapters.github_source import NoOrigin
from reconciler.errors import Waiting
from reconciler.keys import ForgeKey
from reconciler.records import RepositoryRow, Wake
from tests.scenarios.github.world import SHOP, GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP


def names(rows: Iterable[RepositoryRow]) -> list[str]:
    return sorted(row.name for row in rows)


def served(world: GitHubWorld) -> list[str]:
    return names(world.store.repositories())


def test_an_app_serves_what_it_is_installed_on_as_it_is_given_and_keeps_what_it_knows(world: GitHubWorld):
    github = world.github
    github.repository("acme/store", {"flows/a.yaml": flow()})
    github.select(world.installation, SHOP)
    world.store.wake([Wake(ForgeKey("github"))])
    world.settle()
    assert served(world) == [SHOP]

    github.select(world.installation, "acme/store")
    world.store.wake([Wake(ForgeKey("github"))])
    world.pass_time(40)
    assert served(world) == [SHOP, "acme/store"]
    assert world.row("acme/store").head == github.head(repository="acme/store")


def test_new_repositories_are_found_without_being_told(world: GitHubWorld):
    world.store.wake([Wake(ForgeKey("github"))])
    world.settle()
    world.github.repository("acme/later", {"flows/a.yaml": flow()})
    world.pass_time(1000)

    assert served(world) == ["acme/later", SHOP]


def test_news_of_repositories_that_are_not_served_do_not_hurry_us(world: GitHubWorld):
    for _ in range(20):
        world.store.wake([Wake(ForgeKey("github"))])
        world.settle(1)

    assert len(world.github.requests.of("GET /app/installations")) == 1


def test_a_suspended_installation_keeps_no_other_from_being_served(world: GitHubWorld):
    github = world.github
    github.repository("other/shop", {"flows/a.yaml": flow()})
    github.install(world.app, "other")
    github.suspend(world.installation)

    assert names(GitHubForge(world.api, ()).unknown(())) == ["other/shop"]


def test_more_repositories_than_a_page_are_served(world: GitHubWorld):
    git = world.repository.git
    for number in range(104):
        row = world.github.state.new_repository(f"acme/r{number}")
        row.git = git

    assert len(GitHubForge(world.api, ()).unknown(())) == 105


def test_what_is_served_is_found_out_when_github_is_back(world: GitHubWorld):
    world.github.faults.begin_outage()
    world.store.wake([Wake(ForgeKey("github"))])
    world.settle()
    world.github.faults.end_outage()
    world.pass_time(200)

    assert served(world) == [SHOP]


def test_a_token_serves_what_is_listed_and_says_what_it_cannot_see(world: GitHubWorld, caplog):
    github = world.github
    github.repository("acme/secret", private=True)
    github.allow("ann", repository=SHOP)
    token = github.token("ann")
    api = GitHubApi(Http(github.api_url), OneToken(lambda: token), Governor(world.store, world.clock), world.clock)

    assert names(GitHubForge(api, ["Acme/Shop", "acme/secret"]).unknown(())) == [SHOP]
    assert "no repository acme/secret" in caplog.text


def test_a_repository_of_a_github_that_is_configured_no_more_is_left_alone(world: GitHubWorld):
    with pytest.raises(Waiting, match="has no `github` any more"):
        NoOrigin().refs(SHOP, None)  # type: ignore[arg-type]
