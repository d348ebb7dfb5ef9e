"""Repositories that are renamed, transferred, archived, deleted; Apps that are taken away: followed, or said so."""

import pytest

from reconciler.adapters.github_forge import GitHubForge
from tests.documents import exits
from tests.scenarios.github.world import POLL, SHOP, GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

MORE = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}
LONG = 3 * 600.0


@pytest.fixture
def connected(world: GitHubWorld) -> GitHubWorld:
    world.connect()
    return world


def test_a_renamed_repository_is_followed_and_its_flows_stay_the_same(connected: GitHubWorld):
    before = connected.flows()
    connected.github.rename("store")
    sha = connected.github.push(MORE)
    connected.pass_time()

    assert connected.row().source == f"github:{connected.repository.id}:acme/store"
    assert connected.flows()["churn"].id == before["churn"].id
    assert len(connected.runs(sha)) == 1


def test_a_renamed_repository_is_followed_after_a_restart(connected: GitHubWorld):
    connected.github.rename("store")
    sha = connected.github.push(MORE)
    connected.restart()
    connected.pass_time()

    assert len(connected.runs(sha)) == 1


def test_another_repository_with_the_former_name_is_never_taken_for_it(connected: GitHubWorld):
    github = connected.github
    github.rename("store")
    github.repository(SHOP, {"flows/evil.yaml": flow()})
    pull = github.open_pull_request({"flows/worse.yaml": flow()}, repository=SHOP)
    sha = github.push(MORE, repository="acme/store")
    connected.restart()
    connected.pass_time()

    assert connected.row().head == sha
    assert connected.row().source.endswith(":acme/store")
    assert list(connected.flows()) == ["churn"]
    assert github.check_runs(pull.head_sha, repository=SHOP) == []


def test_a_transferred_repository_is_followed_where_the_app_is_installed(connected: GitHubWorld):
    github = connected.github
    github.organization("other")
    github.install(connected.app, "other")
    github.transfer("other")
    sha = github.push(MORE)
    connected.pass_time(LONG)

    assert connected.row().source.endswith(":other/shop")
    assert len(connected.runs(sha)) == 1


def test_a_transferred_repository_without_the_app_is_said_to_lack_it_and_goes_on_when_it_has(connected: GitHubWorld):
    github = connected.github
    github.organization("other")
    github.transfer("other")
    sha = github.push(MORE)
    connected.pass_time(LONG)
    assert {"GitHubNotInstalled", "GitHubSignIn"} & set(connected.said())
    assert list(connected.flows()) == ["churn"]

    github.install(connected.app, "other")
    connected.pass_time(LONG)
    assert len(connected.runs(sha)) == 1


def test_a_deleted_repository_is_said_to_be_gone_and_nothing_of_it_is_removed(connected: GitHubWorld):
    sha = connected.github.push(MORE)
    connected.pass_time()
    connected.github.delete_repository()
    connected.pass_time(LONG)

    assert {"GitHubRepositoryGone", "GitHubNotInstalled"} & set(connected.said())
    assert list(connected.flows()) == ["churn"]
    assert len(connected.runs(sha)) == 1


def test_a_deleted_repository_is_asked_for_seldom(connected: GitHubWorld):
    connected.github.delete_repository()
    connected.pass_time(LONG)
    asked = len(connected.github.requests)
    connected.pass_time(3600)

    assert len(connected.github.requests) - asked < 60


def test_an_archived_repository_has_no_proposals_until_it_is_none_any_more(connected: GitHubWorld):
    pull = connected.github.open_pull_request(MORE)
    connected.pass_time()
    connected.github.archive()
    connected.pass_time()
    assert connected.reviews() == {}
    assert list(connected.flows()) == ["churn"]

    connected.github.unarchive()
    connected.pass_time()
    assert connected.reviews()["pull/1"].head == pull.head_sha


def test_an_app_that_is_installed_again_goes_on(connected: GitHubWorld):
    connected.installation = connected.github.re_install(connected.app, connected.installation)
    sha = connected.github.push(MORE)
    connected.pass_time(LONG)

    assert len(connected.runs(sha)) == 1


def test_revoked_tokens_are_replaced(connected: GitHubWorld):
    connected.github.revoke_tokens()
    sha = connected.github.push(MORE)
    connected.pass_time()

    assert len(connected.runs(sha)) == 1


def test_an_outage_ends_with_everything_judged_and_started(connected: GitHubWorld):
    github = connected.github
    github.faults.begin_outage()
    pull = github.open_pull_request({"flows/new.yaml": flow()})
    sha = github.push(MORE)
    connected.pass_time(1200)
    assert connected.row().head != sha

    github.faults.end_outage()
    connected.pass_time(3 * POLL)
    assert len(connected.runs(sha)) == 1
    assert connected.check(pull.head_sha).conclusion == "success"


def test_an_empty_repository_is_connected_when_it_has_a_commit(world: GitHubWorld):
    empty = world.github.repository("acme/empty", {"README.md": ""})
    empty.git.set_ref("refs/heads/main", None)
    world.connect(empty)
    assert world.row("acme/empty").head == ""

    sha = world.github.push({"flows/a.yaml": flow()}, repository=empty)
    world.pass_time()
    assert world.row("acme/empty").head == sha


def test_a_new_default_branch_is_followed(connected: GitHubWorld):
    github = connected.github
    sha = github.push(MORE, "trunk")
    connected.repository.default_branch = "trunk"
    github.delete_branch("main")
    connected.pass_time()

    assert connected.row().default_branch == "trunk"
    assert len(connected.runs(sha)) == 1


LIST = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs"


def test_a_check_that_could_not_be_posted_is_posted_when_the_repository_is_found_elsewhere(connected: GitHubWorld):
    connected.github.faults.error(LIST, status=404)
    pull = connected.github.open_pull_request(MORE)
    connected.tell()
    assert connected.github.check_runs(pull.head_sha) == []

    connected.github.rename("store")
    connected.pass_time()
    assert connected.check(pull.head_sha).conclusion == "success"


def test_a_check_that_could_not_be_posted_is_posted_when_the_repository_is_reached_again(connected: GitHubWorld):
    connected.github.faults.error(LIST, status=404)
    pull = connected.github.open_pull_request(MORE)
    connected.tell()
    assert connected.github.check_runs(pull.head_sha) == []

    connected.github.faults.error("GET /repos/{owner}/{repo}/pulls", status=502)
    connected.pass_time(3 * POLL)
    assert connected.check(pull.head_sha).conclusion == "success"


def test_a_new_repository_with_a_former_name_of_another_gets_a_name_of_its_own(connected: GitHubWorld):
    github = connected.github
    github.rename("store")
    new = github.repository(SHOP, {"flows/a.yaml": flow()})

    (row,) = GitHubForge(connected.api, ()).unknown(connected.store.repositories())
    assert (row.name, row.source) == (f"{SHOP}.{new.id}", f"github:{new.id}:{SHOP}")
