"""What becomes of pull requests: judged against what they want into, on their own commit, whatever happens to them."""

from random import Random

import pytest

from tests.documents import exits
from tests.scenarios.github.world import GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

MORE = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}
BROKEN = {"flows/churn.yaml": "kind: component\nrun: {kind: nothing}\n"}


@pytest.fixture
def connected(world: GitHubWorld) -> GitHubWorld:
    world.connect()
    return world


def test_a_pull_request_that_touches_no_flow_is_told_so(connected: GitHubWorld):
    pull = connected.github.open_pull_request({"README.md": "# Shop\n"})
    connected.pass_time()

    assert connected.check(pull.head_sha).title == "No flow is touched"
    assert connected.check(pull.head_sha).conclusion == "success"


def test_a_pull_request_into_another_branch_is_judged_against_that_branch(connected: GitHubWorld):
    github = connected.github
    github.push({"flows/old.yaml": flow()}, "release")
    github.push(MORE)
    github.git().set_ref("refs/heads/mend", github.head("release"))
    pull = github.open_pull_request({"flows/old.yaml": MORE["flows/churn.yaml"]}, base="release", branch="mend")
    connected.pass_time()

    assert connected.reviews()[f"pull/{pull.number}"].base == github.head("release")
    assert connected.reviews()[f"pull/{pull.number}"].target == "release"
    gate = connected.check(pull.head_sha)
    assert (gate.conclusion, gate.title) == ("success", "No effective change: 0 ops will run")
    assert "merged into `release`" in gate.text
    assert "only what is merged into main runs" in connected.check(pull.head_sha, "headgate/old").title


def test_a_change_of_base_is_judged_anew(connected: GitHubWorld):
    github = connected.github
    github.push({"flows/churn.yaml": "kind: [\n"}, "broken")
    pull = github.open_pull_request(MORE)
    connected.pass_time()
    assert connected.check(pull.head_sha).conclusion == "success"

    github.change_base(pull, "broken")
    connected.pass_time()
    assert connected.check(pull.head_sha).conclusion == "failure"

    github.change_base(pull, "main")
    connected.pass_time()
    assert connected.check(pull.head_sha).conclusion == "success"


def test_a_draft_is_judged_as_any_other(connected: GitHubWorld):
    pull = connected.github.open_pull_request(BROKEN, draft=True)
    connected.pass_time()
    assert connected.check(pull.head_sha).conclusion == "failure"

    connected.github.ready(pull)
    connected.pass_time()
    assert connected.check(pull.head_sha).conclusion == "failure"


def test_a_force_push_and_back_ends_with_the_verdict_on_the_first_commit(connected: GitHubWorld):
    github = connected.github
    pull = github.open_pull_request(MORE, branch="topic")
    first = pull.head_sha
    connected.pass_time()
    said = connected.check(first).title

    second = github.push_to(pull, BROKEN, force=True)
    connected.pass_time()
    assert connected.check(second).conclusion == "failure"

    github.reset("topic", first)
    connected.pass_time()
    assert connected.reviews()["pull/1"].head == first
    assert connected.check(first).title == said


def test_a_force_push_back_between_two_looks_changes_nothing(connected: GitHubWorld):
    github = connected.github
    pull = github.open_pull_request(MORE, branch="topic")
    connected.pass_time()
    writes = len(github.requests.writes())

    first = pull.head_sha
    github.push_to(pull, BROKEN, force=True)
    github.reset("topic", first)
    connected.pass_time()
    assert len(github.requests.writes()) == writes


def test_closed_and_opened_again(connected: GitHubWorld):
    github = connected.github
    pull = github.open_pull_request(MORE)
    connected.pass_time()
    github.close_pull_request(pull)
    connected.pass_time()
    assert connected.reviews() == {}

    github.reopen(pull)
    connected.pass_time()
    assert connected.reviews()["pull/1"].head == pull.head_sha


def test_a_deleted_branch_ends_its_proposal(connected: GitHubWorld):
    github = connected.github
    pull = github.open_pull_request(MORE, branch="topic")
    connected.pass_time()
    github.delete_branch("topic")
    connected.pass_time()

    assert pull.state == "closed"
    assert connected.reviews() == {}


def test_a_deleted_base_branch_stops_nothing_else(connected: GitHubWorld):
    github = connected.github
    github.push({"flows/old.yaml": flow()}, "release")
    github.open_pull_request(MORE, base="release")
    other = github.open_pull_request(BROKEN)
    connected.pass_time()
    github.delete_branch("release")
    sha = github.push({"flows/churn.yaml": flow({"only": exits(0)})})
    connected.pass_time()

    assert set(connected.reviews()) == {f"pull/{other.number}"}
    assert connected.row().head == sha


def test_a_base_branch_that_vanishes_while_it_is_looked_at_stops_nothing_else(connected: GitHubWorld):
    github = connected.github
    github.push({"flows/old.yaml": flow()}, "release")
    gone = github.open_pull_request(MORE, base="release")
    github.git().set_ref("refs/heads/release", None)  # the list of pull requests is behind
    other = github.open_pull_request(BROKEN)
    connected.pass_time()

    assert gone.state == "open"
    assert set(connected.reviews()) == {f"pull/{other.number}"}
    assert connected.check(other.head_sha).conclusion == "failure"


def test_a_head_that_git_does_not_have_holds_up_no_other(connected: GitHubWorld):
    github = connected.github
    lost = github.open_pull_request(MORE)
    lost.head_sha = "1" * 40
    other = github.open_pull_request(BROKEN)
    sha = github.push({"flows/churn.yaml": flow({"only": exits(0)})})
    connected.pass_time()

    assert connected.check(other.head_sha).conclusion == "failure"
    assert connected.row().head == sha


def test_an_entry_of_the_merge_queue_is_judged_on_its_own_commit(connected: GitHubWorld):
    github = connected.github
    first = github.open_pull_request({"flows/a.yaml": flow()})
    second = github.open_pull_request(BROKEN)
    connected.pass_time()
    good, bad = github.queue(first, second)
    connected.pass_time()

    assert connected.check(good.sha).title == "Ready: merging starts a (1 op)"
    assert connected.check(bad.sha).conclusion == "failure"

    github.leave_queue(second)
    merged = github.merge_queue()
    connected.pass_time()
    assert merged == good.sha
    assert connected.check(merged, "headgate/a").conclusion == "success"
    assert set(connected.reviews()) == {f"pull/{second.number}"}


@pytest.mark.slow
def test_more_than_a_page_of_pull_requests_is_judged(connected: GitHubWorld):
    github = connected.github
    tip = github.push(MORE, "topic")
    for number in range(103):
        github.git().set_ref(f"refs/heads/topic-{number}", tip)
        github.open_pull_request(branch=f"topic-{number}")
    connected.pass_time()

    assert len(connected.reviews()) == 103


def test_any_order_of_what_people_do_and_when_it_is_looked_at_converges(connected: GitHubWorld):
    """R3: a look comes between any two moves, or does not; the world at rest is judged as it is."""
    seed = Random().randrange(10**6)
    print("seed", seed)
    random, github = Random(seed), connected.github
    pulls = [github.open_pull_request({"flows/f0.yaml": flow()}, branch=f"topic-{n}") for n in range(3)]
    for _ in range(12):
        _move(github, random, random.choice(pulls))
        if random.random() < 0.4:
            connected.tell()
    connected.pass_time()

    open_now = {f"pull/{pull.number}": pull.head_sha for pull in pulls if pull.state == "open"}
    assert {name: row.head for name, row in connected.reviews().items()} == open_now
    assert connected.row().head == github.head()
    for pull in pulls:
        if pull.state == "open":
            wanted = "failure" if "nothing" in github.git().git("show", f"{pull.head_sha}:flows/f0.yaml") else "success"
            assert connected.check(pull.head_sha).conclusion == wanted


def _move(github, random: Random, pull) -> None:
    """One of the things that people do."""
    if pull.state == "closed":
        if pull.merged_at is None and random.random() < 0.7:
            github.reopen(pull)
        return
    text = random.choice([flow({"a": exits(0)}), flow({"b": exits(0)}), BROKEN["flows/churn.yaml"]])
    match random.choice(["push", "force", "close", "edit", "main"]):
        case "push" | "force" as how:
            github.push_to(pull, {"flows/f0.yaml": text}, force=how == "force")
        case "close":
            github.close_pull_request(pull)
        case "edit":
            github.edit_title(pull, "Another title")
        case "main":
            github.push({"README.md": str(random.random())})


def test_a_commit_that_wants_into_two_branches_is_red_while_one_of_them_must_not_take_it(connected: GitHubWorld):
    github = connected.github
    github.push({"flows/churn.yaml": "kind: [\n"}, "broken")
    good = github.open_pull_request(MORE, branch="topic")
    connected.pass_time()
    assert connected.check(good.head_sha).conclusion == "success"

    bad = github.open_pull_request(branch="topic", base="broken")
    connected.pass_time()
    assert connected.check(good.head_sha).conclusion == "failure"
    assert "merged into `broken`" in (connected.check(good.head_sha).text or "")

    github.close_pull_request(bad)
    connected.pass_time()
    assert connected.check(good.head_sha).conclusion == "success"
