"""Trial runs asked for in comments on pull requests: what GitHub shows of them, and what is not run."""

from typing import Any

import pytest

from reconciler.checks.replies import MARK
from reconciler.engine.model import Status
from reconciler.keys import ReviewKey
from reconciler.records import RequestRow, RunRow
from tests.documents import exits, runs_forever
from tests.github.records import Comment
from tests.scenarios.github.world import SHOP, GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

MORE = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}
SLOW = {"flows/churn.yaml": flow({"train": runs_forever()})}


@pytest.fixture
def connected(world: GitHubWorld) -> GitHubWorld:
    world.connect()
    world.github.allow("ann", "write")
    return world


def answered(world: GitHubWorld, pull: Any, body: str, by: str = "ann") -> str:
    """Our comment after somebody's."""
    world.clock.jump(1)
    return heard(world, pull, world.github.comment(pull, body, by=by), by)


def heard(world: GitHubWorld, pull: Any, made: Comment, by: str = "ann") -> str:
    """Our comment after we have heard of one that was made."""
    key = ReviewKey(SHOP, f"pull/{pull.number}")
    world.store.ask(RequestRow(f"comment:1:{made.id}", key, "comment", by, world.clock.now(), str(made.id)))
    world.settle()
    return next((one.body for one in world.github.comments(pull) if one.body.startswith(MARK)), "")


def trials(world: GitHubWorld) -> list[RunRow]:
    return [run for run in world.store.runs(repository=SHOP) if run.facts.proposal]


def test_a_trial_run_is_a_check_of_the_head_and_its_end_stands_in_the_answer(connected: GitHubWorld):
    pull = connected.github.open_pull_request(MORE)
    connected.pass_time()
    said = answered(connected, pull, "/run churn")

    check = connected.check(pull.head_sha, "headgate/churn (trial)")
    assert (check.status, check.conclusion) == ("completed", "success")
    assert connected.check(pull.head_sha, "headgate/churn").title == "Merging runs 2 ops"
    assert "(succeeded after" in said
    assert connected.github.complaints == []


def test_a_push_ends_a_trial_run_and_so_does_closing(connected: GitHubWorld):
    pull = connected.github.open_pull_request(SLOW)
    connected.pass_time()
    answered(connected, pull, "/run churn")
    connected.github.push_to(pull, {"README.md": "More.\n"})
    connected.pass_time()
    answered(connected, pull, "/run churn")
    connected.github.close_pull_request(pull)
    connected.pass_time()

    assert [run.state.status for run in trials(connected)] == [Status.STOPPED] * 2


def test_code_of_a_fork_runs_only_at_the_commit_that_was_named(connected: GitHubWorld):
    pull = connected.github.open_pull_request(MORE, by="eve", fork=True)
    connected.pass_time()

    assert "code of a fork runs when" in answered(connected, pull, "/run churn")
    assert connected.executor.started == []

    answered(connected, pull, f"/ok-to-test {pull.head_sha}\n/run churn")
    assert [run.facts.commit for run in trials(connected)] == [pull.head_sha]

    connected.github.push_to(pull, SLOW)
    connected.pass_time()
    assert "code of a fork runs when" in answered(connected, pull, "/run churn")
    assert len(trials(connected)) == 1


def test_who_wrote_the_fork_may_not_let_it_run(connected: GitHubWorld):
    pull = connected.github.open_pull_request(MORE, by="eve", fork=True)
    connected.pass_time()

    assert "Not done" in answered(connected, pull, f"/ok-to-test {pull.head_sha}\n/run churn", by="eve")
    assert connected.executor.started == []


def test_a_fork_that_was_deleted_is_one_all_the_same(connected: GitHubWorld):
    pull = connected.github.open_pull_request(MORE, by="eve", fork=True)
    connected.pass_time()
    connected.github.delete_repository("eve/shop")

    assert "code of a fork runs when" in answered(connected, pull, "/run churn")
    assert connected.executor.started == []


@pytest.mark.parametrize("ahead", [-240.0, 240.0])
def test_a_clock_that_is_wrong_makes_no_command_late_and_none_early(world: GitHubWorld, ahead: float):
    """What GitHub dates is compared with what GitHub dates."""
    world.its_clock.ahead = ahead
    world.connect()
    world.github.allow("ann", "write")
    pull = world.github.open_pull_request(MORE)
    world.pass_time()
    before = world.github.comment(pull, "/run churn")
    assert "was asked for" in answered(world, pull, "/run churn")

    world.pass_time(10)
    world.github.push_to(pull, SLOW)
    world.pass_time()
    assert "repeat the command" in heard(world, pull, before)
    assert len(trials(world)) == 1


def test_a_flow_that_starts_with_a_pull_request_is_run_for_those_who_may_and_for_forks_once_approved(
    world: GitHubWorld,
):
    github = world.github
    github.push({".headgate.yaml": "settings: {churn: {startOn: [merge, pull_request]}}\n"})
    world.connect()
    github.allow("ann", "write")
    ours = github.open_pull_request(MORE, by="ann")
    fork = github.open_pull_request(
        {"flows/churn.yaml": flow({"train": exits(0), "third": exits(0)})}, by="eve", fork=True
    )
    world.pass_time()
    assert world.check(ours.head_sha, "headgate/churn (trial)").conclusion == "success"
    assert [run.facts.commit for run in trials(world)] == [ours.head_sha]
    assert github.comments(ours) == []

    answered(world, fork, f"/ok-to-test {fork.head_sha}")
    world.pass_time()
    assert {run.facts.commit for run in trials(world)} == {ours.head_sha, fork.head_sha}
    assert github.complaints == []
