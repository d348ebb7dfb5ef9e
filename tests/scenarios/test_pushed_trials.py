"""Flows that start with a pull request: tried at each head of it, by those alone who may let things run."""

import pytest

from reconciler.keys import RepositoryKey, ReviewKey
from reconciler.records import Wake
from tests.scenarios.trying import answered, propose, trials
from tests.world import dag, exits, op, runs_forever

GOOD = dag({"train": exits(0)})
OTHER = dag({"train": op("exit", "0", "again")})
THIRD = dag({"train": op("exit", "0", "third")})
SLOW = dag({"train": runs_forever()})
STARTS = "settings: {'churn': {startOn: [merge, pull_request]}, 'spam': {startOn: manual}}\n"


@pytest.fixture
def repository(world):
    """The flow churn is tried on proposals, spam is not; ann may write and has opened `topic`, bob may not write."""
    world.connect(churn=GOOD, spam=GOOD, **{".headgate.yaml": STARTS})
    world.conversations.permissions = {"ann": "write", "bob": "read"}
    world.conversations.authors = {"topic": "ann"}
    return world


def told(world):
    return [event.message for event in world.store.events("shop") if event.reason == "Trial"]


def test_what_a_proposal_changes_is_run_once_when_it_opens(repository):
    propose(repository, churn=OTHER, spam=OTHER)

    (run,) = trials(repository)
    assert (run.facts.flow, run.facts.commit, run.facts.proposal) == ("churn", repository.sha, "topic")
    assert run.cause == "trial run of topic by ann"
    assert run.state.status == "succeeded"
    assert repository.check("churn (trial)", repository.sha).conclusion == "success"
    assert repository.conversations.ours == {}, "nobody has asked, so nobody is answered"
    assert repository.runs("churn") == []


def test_it_is_run_again_when_the_proposal_moves_and_not_when_it_is_looked_at_again(repository):
    propose(repository, churn=OTHER)
    first = repository.sha
    for _ in range(2):
        repository.wake_everything()
        answered(repository, "/retest")
        repository.push(**{"README.md": "x"})
        repository.pass_time(60)
    assert len(trials(repository)) == 1

    propose(repository, churn=THIRD)
    assert [run.facts.commit for run in trials(repository)] == [repository.sha, first]


def test_a_push_by_force_ends_what_runs_and_takes_its_place(repository):
    propose(repository, churn=SLOW)
    repository.source.commit("topic", repository.source.trees[propose_tree(repository, OTHER)])
    repository.store.wake([Wake(RepositoryKey("shop"))])
    repository.settle(5)

    assert [run.state.status for run in trials(repository)] == ["succeeded", "stopped"]


def propose_tree(world, flow):
    """A commit beside the proposal with this flow."""
    sha = world.source.branches["topic"]
    world.propose("beside", churn=flow)
    made, world.source.branches["topic"] = world.source.branches.pop("beside"), sha
    return made


def test_closing_it_ends_what_runs(repository):
    propose(repository, churn=SLOW)
    repository.close_proposal("topic")
    repository.settle(5)

    assert [run.state.status for run in trials(repository)] == ["stopped"]


@pytest.mark.parametrize("author", ["bob", "a-stranger", ""])
def test_nothing_runs_for_an_author_who_may_not_ask_for_it(repository, author):
    repository.conversations.authors = {"topic": author}
    propose(repository, churn=OTHER)

    assert trials(repository) == []
    assert "not run: its author may not ask for that" in told(repository)[0]
    answered(repository, "/run churn")
    assert len(trials(repository)) == 1


def test_whom_the_forge_tells_nothing_of_may_not(repository):
    repository.conversations.forbidden = True
    propose(repository, churn=OTHER)

    assert trials(repository) == []
    assert "cannot be found out" in told(repository)[0]


def test_code_of_a_fork_waits_for_the_approval_of_its_very_commit(repository):
    repository.conversations.foreign.add("topic")
    repository.conversations.authors = {"topic": "eve"}
    propose(repository, churn=OTHER)
    assert trials(repository) == []

    answered(repository, f"/ok-to-test {repository.sha}", by="bob")
    assert trials(repository) == []
    answered(repository, f"/ok-to-test {repository.sha}")
    assert [run.facts.commit for run in trials(repository)] == [repository.sha]

    propose(repository, churn=THIRD)
    assert len(trials(repository)) == 1


def test_a_fork_of_somebody_who_may_write_waits_too(repository):
    repository.conversations.foreign.add("topic")
    propose(repository, churn=OTHER)

    assert trials(repository) == []


def test_a_proposal_cannot_say_itself_what_starts_with_it(repository):
    starts = STARTS.replace("manual", "pull_request").replace("[merge, pull_request]", "merge")
    propose(repository, churn=OTHER, spam=OTHER, **{".headgate.yaml": starts})

    assert [run.facts.flow for run in trials(repository)] == ["churn"]


def test_what_changes_nothing_cannot_be_planned_or_is_paused_is_not_run(repository):
    propose(repository, **{"README.md": "x"})
    propose(repository, churn="# said otherwise\n" + "version: 1.1\nkind: component\nrun: {kind: dag, operations: 3}\n")
    repository.ask_flow("pause", "churn")
    repository.settle()
    propose(repository, churn=THIRD)

    assert trials(repository) == []


def test_while_the_forge_is_away_the_proposal_is_judged_and_the_trial_waits(repository):
    repository.conversations.away = True
    propose(repository, churn=OTHER)
    assert repository.check("headgate", repository.sha).conclusion == "success"
    assert trials(repository) == []

    repository.conversations.away = False
    repository.pass_time(60)
    assert len(trials(repository)) == 1


def test_a_head_that_the_forge_has_left_behind_is_not_run(repository):
    repository.conversations.heads = {"topic": "0" * 40}
    propose(repository, churn=OTHER)
    repository.pass_time(90)

    assert trials(repository) == []
    assert "moved on" in told(repository)[0]


def test_a_head_that_the_forge_tells_of_late_is_run_then(repository):
    repository.conversations.heads = {"topic": "0" * 40}
    propose(repository, churn=OTHER)
    assert trials(repository) == []

    repository.conversations.heads = repository.source.branches
    repository.pass_time(15)
    assert [run.facts.commit for run in trials(repository)] == [repository.sha]


def test_what_was_run_by_a_comment_is_not_run_by_itself_too(repository):
    repository.conversations.foreign.add("topic")
    propose(repository, churn=OTHER)
    answered(repository, f"/ok-to-test {repository.sha}\n/run churn")

    assert len(trials(repository)) == 1
    assert "It was run at this head." in told(repository)[-1]


def test_where_nothing_runs_here_nothing_is_tried(repository):
    repository.runs_here = False
    propose(repository, churn=OTHER)

    assert trials(repository) == []
    assert told(repository) == []


def test_a_merge_of_it_runs_as_ever(repository):
    propose(repository, churn=OTHER)
    repository.accept("topic")
    repository.settle()
    repository.store.wake([Wake(ReviewKey("shop", "topic"))])
    repository.settle()

    assert [run.state.status for run in repository.runs("churn")] == ["succeeded"]
    assert len(trials(repository)) == 1


def test_what_was_left_to_be_tried_where_no_forge_is_served_any_more_is_answered(repository):
    repository.conversations.away = True
    propose(repository, churn=OTHER)
    (request,) = repository.store.requests(ReviewKey("shop", "topic"))
    repository.conversations = None
    repository.restart()
    repository.pass_time(60)

    assert repository.answer(request.id) == "A proposal cannot be asked to try."
