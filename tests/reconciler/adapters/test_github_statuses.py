"""With a token checks are commit statuses: the same words, shortened to what fits."""

from dataclasses import replace

import pytest

from reconciler.adapters.github_statuses import status_of
from reconciler.checks.model import Conclusion
from reconciler.errors import Waiting
from tests.github.world import FakeGitHub
from tests.reconciler.adapters.github_world import FLOW, GATE, OP, STATUS, Headgate
from tests.reconciler.adapters.sql_world import GivenClock

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

FAILED = replace(
    FLOW,
    status="completed",
    conclusion=Conclusion.FAILURE,
    title="Failed: train ran out of memory",
    summary="**train\\_it** was killed after 12 m 3 s: it used more memory than its limit of 8 Gi (container `main`, "
    "attempt 2 of 2). `flows/churn.yaml:41`\nRaise.",
)


@pytest.fixture
def clock():
    return GivenClock()


@pytest.fixture
def world(tmp_path, clock):
    github = FakeGitHub(tmp_path / "github", clock)
    github.repository("acme/shop", {"flows/churn.yaml": "kind: component\n"})
    github.allow("ann", "write")
    headgate = Headgate(github, tmp_path, clock, token=github.token("ann"))
    yield github, headgate, github.head()
    headgate.close()
    github.close()


def test_each_check_is_a_status_the_umbrella_first(world):
    github, headgate, sha = world

    headgate.post(sha, OP, FLOW, replace(GATE, details_url="https://gate.example/1"))

    found = github.statuses(sha)
    assert {name: status.state for name, status in found.items()} == {
        "headgate": "success",
        "headgate/churn": "pending",
        "headgate/churn/train": "pending",
    }
    assert found["headgate"].description == "No flow is touched"
    assert github.requests.of(STATUS)[0].body["context"] == "headgate"


def test_nothing_is_written_when_nothing_differs(world):
    github, headgate, sha = world
    headgate.post(sha, GATE, FLOW)
    headgate.restart()

    headgate.post(sha, GATE, FLOW)

    assert len(github.requests.of(STATUS)) == 2


def test_a_status_that_others_wrote_over_is_repaired(world):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    headgate.api.send(headgate.repository, "POST", f"/statuses/{sha}", {"context": "headgate", "state": "failure"})

    headgate.post(sha, GATE)

    assert github.statuses(sha)["headgate"].state == "success"


def test_a_status_whose_answer_was_lost_is_not_written_again(world, clock):
    github, headgate, sha = world
    github.faults.forget(STATUS)
    with pytest.raises(Waiting):
        headgate.post(sha, GATE)
    clock.advance(15)

    headgate.post(sha, GATE)

    assert len(github.requests.of(STATUS)) == 1


def test_a_token_that_was_replaced_is_taken_without_a_restart(world):
    github, headgate, sha = world
    good, headgate.access = headgate.access, "github_pat_gone"
    with pytest.raises(Waiting) as waiting:
        headgate.post(sha, GATE)
    assert waiting.value.reason == "GitHubSignIn"

    headgate.access = good
    headgate.post(sha, GATE)
    assert github.statuses(sha)["headgate"].state == "success"


def test_a_failure_says_in_plain_words_what_happened():
    status = status_of(FAILED)

    assert status.state == "failure"
    assert status.description.startswith("Failed: train ran out of memory. train_it was killed after 12 m 3 s: it used")
    assert len(status.description) <= 140
    assert status.description.endswith("…")


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [
        (Conclusion.SUCCESS, "success"),
        (Conclusion.NEUTRAL, "success"),
        (Conclusion.SKIPPED, "success"),
        (Conclusion.FAILURE, "failure"),
        (Conclusion.TIMED_OUT, "failure"),
        (Conclusion.ACTION_REQUIRED, "failure"),
        (Conclusion.CANCELLED, "error"),
    ],
)
def test_every_verdict_has_a_state(conclusion, state):
    assert status_of(replace(GATE, conclusion=conclusion)).state == state


def test_long_names_are_cut_and_stay_apart():
    contexts = {status_of(replace(OP, name=f"headgate/churn/{'x' * 300}{number}")).context for number in range(2)}

    assert len(contexts) == 2
    assert all(len(context) <= 255 for context in contexts)
