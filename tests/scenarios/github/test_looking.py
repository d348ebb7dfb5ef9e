"""Everything that is state at GitHub is found by looking: no webhook is needed for it."""

import pytest

from tests.documents import exits
from tests.scenarios.github.world import GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

CHANGED = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}
BROKEN = {"flows/churn.yaml": "kind: component\nrun: {kind: nothing}\n"}


def test_a_repository_is_connected_with_its_flows(world: GitHubWorld):
    world.connect()

    assert world.row().head == world.github.head()
    assert list(world.flows()) == ["churn"]
    assert world.runs(world.github.head()) == []


def test_a_pull_request_is_judged_within_one_poll(world: GitHubWorld):
    world.connect()
    good = world.github.open_pull_request(CHANGED)
    bad = world.github.open_pull_request(BROKEN)
    world.pass_time()

    assert world.check(good.head_sha).title == "Ready: merging starts churn (2 ops)"
    assert world.check(bad.head_sha).conclusion == "failure"


def test_a_merge_starts_its_flows_within_one_poll(world: GitHubWorld):
    world.connect()
    pull = world.github.open_pull_request(CHANGED)
    world.pass_time()
    sha = world.github.merge(pull)
    world.pass_time()

    assert [run.cause for run in world.runs(sha)] == [f"merged at {sha[:10]}"]
    assert world.check(sha, "headgate/churn").conclusion == "success"
    assert world.reviews() == {}


def test_a_default_branch_that_is_pushed_by_force_is_followed(world: GitHubWorld):
    world.connect()
    pull = world.github.open_pull_request(CHANGED)
    world.pass_time()
    first = world.github.head()
    world.github.reset(
        "main",
        world.github.git().commit(
            "refs/heads/other",
            {"flows/new.yaml": flow()},
            parent=None,
            message="Anew",
            author="ann",
            moment=world.clock.now(),
        ),
    )
    world.pass_time()

    assert world.row().head == world.github.head() != first
    assert list(world.flows()) == ["new"]
    assert world.check(pull.head_sha).conclusion == "failure"  # the two have no history in common
