"""What holds however GitHub behaves: no check twice, no outage that stops runs, no limit passed, no remark lost."""

from collections import Counter
from random import Random

import pytest

from reconciler.keys import CheckKey, RepositoryKey
from reconciler.records import Wake
from tests.documents import exits
from tests.scenarios.github.world import SHOP, GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

CREATE = "POST /repos/{owner}/{repo}/check-runs"
UPDATE = "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}"
OPS = {"prepare": exits(0), "train": exits(0, dependencies=["prepare"]), "tell": exits(1, dependencies=["train"])}
NAMES = ["headgate", "headgate/churn", *(f"headgate/churn/{op}" for op in OPS)]


@pytest.fixture
def connected(world: GitHubWorld) -> GitHubWorld:
    world.connect()
    return world


def conclusions(world: GitHubWorld, sha: str) -> dict[str, str | None]:
    return {run.name: run.conclusion for run in world.github.check_runs(sha, repository=world.repository)}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(6))
def test_no_check_is_there_twice_whatever_is_lost_on_the_way(connected: GitHubWorld, seed: int):
    """Replies are forgotten, connections reset, errors answered, and the service dies: each at any call."""
    chance, github = Random(seed), connected.github
    sha = github.push({"flows/churn.yaml": flow(OPS)})
    for _ in range(12):
        fault = chance.choice([github.faults.forget, github.faults.reset, github.faults.error, None, None])
        if fault is not None:
            fault(chance.choice([CREATE, UPDATE, ""]), times=chance.randint(1, 3))
        connected.tell()
        if chance.random() < 0.3:
            connected.restart()
        connected.pass_time(chance.choice([5, 20, 90]))
    github.faults.waiting.clear()
    connected.pass_time(900)

    runs = Counter(run.name for run in github.check_runs(sha))
    assert runs == Counter(NAMES), seed
    assert conclusions(connected, sha)["headgate/churn"] == "failure", seed
    assert all(conclusions(connected, sha).values()), seed
    assert github.limits.refused == [], seed


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_runs_go_on_through_six_hours_without_github_and_end_in_one_write_for_each_check(connected: GitHubWorld):
    github = connected.github
    sha = github.push({"flows/churn.yaml": flow(OPS)})
    connected.store.wake([Wake(RepositoryKey(SHOP))])
    while not connected.runs(sha):
        connected.loop.turn()
    github.faults.begin_outage()
    connected.pass_time(6 * 3600)
    (run,) = connected.runs(sha)
    assert run.state.finished_at is not None
    assert run.state.finished_at < connected.clock.now() - 5 * 3600
    before, asked = len(github.requests.writes()), len(github.requests)

    github.faults.end_outage()
    connected.pass_time(600)

    written = [request for request in github.requests.writes()[before:] if request.template != "git"]
    names = [request.body["name"] for request in written]
    assert Counter(names) == Counter(set(names))
    assert names.index("headgate/churn") < min(names.index(f"headgate/churn/{op}") for op in OPS)
    assert conclusions(connected, sha)["headgate/churn"] == "failure"
    assert github.limits.refused == []
    assert asked < 6 * 60 * 4  # about one call a minute, by everybody together


def test_every_mistake_of_a_long_file_is_on_its_line(connected: GitHubWorld):
    ops = "\n".join(
        f"    - name: op-{number}\n      component:\n        run: {{kind: job, container: {{image: any, comand: [x]}}}}"
        for number in range(120)
    )
    text = f"version: 1.1\nkind: component\nrun:\n  kind: dag\n  operations:\n{ops}\n"
    pull = connected.github.open_pull_request({"flows/long.yaml": text})
    connected.tell()

    notes = connected.check(pull.head_sha).annotations
    assert len(notes) > 100
    assert len({note["start_line"] for note in notes}) == len(notes)
    assert connected.check(pull.head_sha).conclusion == "failure"


def test_a_check_that_was_removed_while_its_run_is_under_way_comes_back(connected: GitHubWorld):
    github = connected.github
    sha = github.push({"flows/churn.yaml": flow({"train": {**exits(0), "isApproved": False}})})
    connected.pass_time()
    posted = github.check("headgate/churn", sha)
    assert (posted.status, posted.actions[0]["label"]) == ("in_progress", "Approve")

    github.delete_check(posted)
    connected.pass_time(700)

    assert github.check("headgate/churn", sha).status == "in_progress"


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_push_of_many_commits_stays_within_the_limits(connected: GitHubWorld):
    github = connected.github
    for number in range(9):
        ops = {f"op-{index}": exits(0) for index in range(20)} | {f"new-{number}": exits(0)}
        sha = github.push({"flows/churn.yaml": flow(ops)})
        connected.tell()
    connected.store.wake([Wake(CheckKey(SHOP, sha))])
    connected.pass_time(2 * 3600)

    assert github.limits.refused == []
    assert len(github.check_runs(sha)) == 2 + 21
    assert all(conclusions(connected, sha).values())
