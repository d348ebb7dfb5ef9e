"""What a look costs at GitHub: its limits are shared by all repositories of an owner."""

from itertools import pairwise

import pytest

from tests.documents import exits
from tests.github.requests import Request
from tests.scenarios.github.world import GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

MORE = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}
OTHER = {"flows/churn.yaml": flow({"train": exits(0), "say": exits(0)})}


@pytest.fixture
def warm(world: GitHubWorld) -> GitHubWorld:
    """With tokens at hand, as a service has that is at work."""
    world.connect()
    world.github.open_pull_request({"README.md": "new"})
    world.tell()
    return world


def calls(world: GitHubWorld, since: int) -> list[Request]:
    """What was asked of the API since then."""
    return [one for one in world.github.requests[since:] if one.template != "git"]


def fetches(world: GitHubWorld, since: int) -> list[Request]:
    return [one for one in world.github.requests[since:] if one.template == "git"]


def test_a_new_pull_request_costs_four_calls_and_a_fetch(warm: GitHubWorld):
    since = len(warm.github.requests)
    pull = warm.github.open_pull_request(MORE)
    warm.tell()

    assert warm.check(pull.head_sha).conclusion == "success"
    asked = [one.signature for one in calls(warm, since)]
    assert asked == [
        "GET /repos/{owner}/{repo}/pulls",
        "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
        "POST /repos/{owner}/{repo}/check-runs",  # the umbrella
        "POST /repos/{owner}/{repo}/check-runs",  # the flow
    ]
    assert len(fetches(warm, since)) == 3  # of one git: what it can, which refs, the commits


def test_a_push_to_a_pull_request_costs_as_much(warm: GitHubWorld):
    pull = warm.github.open_pull_request(MORE, by="eve", fork=True)
    warm.tell()
    since = len(warm.github.requests)
    warm.github.push_to(pull, OTHER)
    warm.tell()

    assert warm.check(pull.head_sha).conclusion == "success"
    assert len(calls(warm, since)) == 4


def test_an_event_that_changes_nothing_costs_one_call_that_is_free(warm: GitHubWorld):
    since = len(warm.github.requests)
    warm.tell()

    assert [(one.signature, one.status) for one in calls(warm, since)] == [("GET /repos/{owner}/{repo}/pulls", 304)]
    assert len(fetches(warm, since)) == 2


def test_a_repository_without_open_pull_requests_costs_two_free_calls(world: GitHubWorld):
    world.connect()
    world.tell()
    since = len(world.github.requests)
    world.tell()

    assert [one.status for one in calls(world, since)] == [304, 304]


def test_looks_that_nobody_asked_for_are_spread(world: GitHubWorld):
    world.connect()
    times = []
    for _ in range(6):
        since = len(world.github.requests)
        while not fetches(world, since):
            world.settle(5)
        times.append(world.clock.time)

    apart = [round(later - earlier) for earlier, later in pairwise(times)]
    assert all(45 <= one <= 80 for one in apart)
