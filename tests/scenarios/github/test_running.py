"""Where nothing may run flows of a repository they are judged and recorded, and everybody is told so."""

import pytest
import yaml

from reconciler.keys import FlowKey
from reconciler.records import RequestRow
from tests.documents import dag, exits
from tests.scenarios.github.world import GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

MORE = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}


@pytest.fixture
def judging(world: GitHubWorld) -> GitHubWorld:
    world.runs_here = False
    world.connect()
    return world


def test_a_merge_is_recorded_and_starts_nothing(judging: GitHubWorld):
    sha = judging.github.push(MORE)
    judging.pass_time()

    check = judging.check(sha, "headgate/churn")
    assert (check.status, check.conclusion) == ("completed", "neutral")
    assert check.title == "Judged and recorded: nothing runs flows here"
    assert judging.runs(sha) == []
    assert judging.executor.started == []


def test_a_pull_request_says_before_that_merging_runs_nothing(judging: GitHubWorld):
    pull = judging.github.open_pull_request(MORE)
    judging.pass_time()

    assert judging.check(pull.head_sha).conclusion == "success"
    assert judging.check(pull.head_sha, "headgate/churn").title.startswith(
        "Merging runs nothing: nothing is configured"
    )


def test_a_person_who_asks_for_a_run_is_told_so(judging: GitHubWorld):
    row = judging.flows()["churn"]
    asked = RequestRow("r1", FlowKey(row.id), "run", "ann", judging.clock.now(), row.id)
    judging.store.ask(asked)
    judging.settle()

    answered = judging.store.request("r1")
    assert answered is not None
    assert answered.answer == "It was not started: nothing is configured to run flows of this repository."


def test_a_schedule_starts_nothing(judging: GitHubWorld):
    text = {**dag({"a": exits(0)})}
    operation = {
        "version": 1.1,
        "kind": "operation",
        "schedule": {"kind": "interval", "frequency": 60},
        "component": text,
    }
    judging.github.push({"flows/often.yaml": yaml.safe_dump(operation)})
    judging.pass_time(400)

    assert "often" in judging.flows()
    assert judging.store.runs(repository="acme/shop") == []


def test_what_is_merged_after_it_was_allowed_runs(judging: GitHubWorld):
    judging.github.push(MORE)
    judging.pass_time()
    judging.runs_here = True
    sha = judging.github.push({"flows/churn.yaml": flow({"only": exits(0)})})
    judging.pass_time()

    assert len(judging.runs(sha)) == 1
