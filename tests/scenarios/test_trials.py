"""Trial runs: a flow of a proposal's head is run because somebody asks for it, and leaves the default branch alone."""

import pytest

from reconciler.checks.run import NOTHING_RUNS
from reconciler.engine.decisions import JoinQuery
from reconciler.engine.model import Status
from reconciler.keys import RepositoryKey, ReviewKey
from reconciler.records import Wake
from tests.scenarios.trying import answered, propose, trials
from tests.world import dag, exits, op, runs_forever

GOOD = dag({"train": exits(0)})
OTHER = dag({"train": exits(0), "tell": op("exit", "0", "again")})
SLOW = dag({"train": runs_forever()})
TUNED = """
version: 1.1
kind: component
inputs:
- {name: rate, type: float}
- {name: epochs, type: int, value: 3, isOptional: true}
run: {kind: job, container: {image: sh, command: [exit, "0", "{{ rate }}", "{{ epochs }}"]}}
"""
TRIAL = "headgate/churn (trial)"


@pytest.fixture
def proposed(world):
    """A repository with an open proposal; ann may write, bob may not."""
    world.connect(churn=GOOD, spam=GOOD)
    world.conversations.permissions = {"ann": "write", "bob": "read"}
    propose(world, churn=OTHER)
    return world


def test_the_flow_is_run_as_the_proposal_has_it(proposed):
    said = answered(proposed, "/run churn")

    (run,) = trials(proposed)
    assert proposed.statuses(run) == {"train": "succeeded", "tell": "succeeded"}
    assert (run.facts.commit, run.facts.proposal, run.cause) == (proposed.sha, "topic", "trial run of topic by ann")
    assert f"Trial run `{run.id}` (succeeded after" in said
    assert "`headgate/churn (trial)`" in said


def test_its_check_stands_beside_that_of_the_review(proposed):
    before = proposed.check("churn", proposed.sha)
    answered(proposed, "/run churn")

    assert proposed.check("churn (trial)", proposed.sha).conclusion == "success"
    assert proposed.check("churn", proposed.sha) == before


def test_the_default_branch_knows_nothing_of_it(proposed):
    flows = proposed.store.flows("shop", scope="")
    answered(proposed, "/run churn")

    assert proposed.store.flows("shop", scope="") == flows
    assert proposed.runs("churn") == []
    assert proposed.rows()["cache"] == proposed.rows()["schedules"] == []


def test_what_the_default_branch_has_computed_is_reused(proposed):
    proposed.push(churn=OTHER)
    proposed.settle()
    propose(
        proposed, churn=dag({"train": exits(0), "tell": op("exit", "0", "again"), "more": op("exit", "0", "third")})
    )
    started = len(proposed.executor.started)
    answered(proposed, "/run churn")

    assert len(proposed.executor.started) == started + 1
    assert trials(proposed)[0].state.status is Status.SUCCEEDED


def test_a_schedule_is_not_served_by_a_trial(proposed):
    text = """
version: 1.1
kind: operation
schedule: {kind: interval, frequency: 60}
component: {run: {kind: job, container: {image: sh, command: [exit, "0"]}}}
"""
    propose(proposed, often=text)
    answered(proposed, "/run often")
    proposed.pass_time(200)

    assert len(trials(proposed)) == 1


def test_inputs_are_given_by_name(proposed):
    propose(proposed, tuned=TUNED)
    answered(proposed, "/run tuned rate=0.1 epochs=5")

    (run,) = trials(proposed)
    (state,) = proposed.ops(run).values()
    assert state.params == {"rate": 0.1, "epochs": 5}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "rate"),
        ("rate=fast", "`rate=fast`"),
        ("rate=0.1 epoch=5", "`epoch=5`"),
        ("rate=[", "not YAML"),
    ],
)
def test_inputs_that_do_not_fit_are_named_and_nothing_runs(proposed, given, sentence):
    propose(proposed, tuned=TUNED)
    said = answered(proposed, f"/run tuned {given}")

    assert "Not run" in said
    assert sentence in said
    assert trials(proposed) == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/run chrun", "Did you mean `churn`"),
        ("/run", "Name a flow first"),
        ("/run churn rate", "`name=value`"),
        ("/run churn 'a=1", "quotation mark"),
        ("/run churn a=1 a=2", "given twice"),
    ],
)
def test_a_flow_that_is_not_understood_is_said_and_nothing_runs(proposed, line, sentence):
    assert sentence in answered(proposed, line)
    assert trials(proposed) == []


def test_a_flow_that_is_broken_at_the_head_is_not_run(proposed):
    propose(proposed, churn=dag({"train": exits(0), "tell": exits(0, dependencies=["trian"])}))

    assert "flows/churn.yaml:" in answered(proposed, "/run churn")
    assert trials(proposed) == []


def test_a_flow_that_the_proposal_does_not_touch_can_be_run_too(proposed):
    answered(proposed, "/run spam")

    assert [run.facts.flow for run in trials(proposed)] == ["spam"]


def test_who_may_not_write_may_not_run(proposed):
    assert "Not done" in answered(proposed, "/run churn", "bob")
    assert trials(proposed) == []


def test_a_head_that_was_pushed_a_moment_ago_is_not_run(proposed):
    proposed.source.branches["topic"] = proposed.source.commit("topic", {})

    assert "repeat the command" in answered(proposed, "/run churn")
    assert trials(proposed) == []


def test_where_nothing_runs_flows_the_inputs_are_judged_and_that_is_said(proposed):
    proposed.runs_here = False

    assert NOTHING_RUNS in answered(proposed, "/run churn")
    assert trials(proposed) == []


def test_cancel_stops_what_runs_on_trial(proposed):
    propose(proposed, churn=SLOW)
    answered(proposed, "/run churn")
    said = answered(proposed, "/cancel")

    (run,) = trials(proposed)
    assert run.state.status is Status.STOPPED
    assert run.state.stop_asked_by == "ann"
    assert "Stopping what runs on trial of **churn**" in said
    assert "(stopped after" in said


def test_cancel_in_the_same_breath_stops_what_was_asked_for(proposed):
    propose(proposed, churn=SLOW)
    answered(proposed, "/run churn\n/cancel")

    assert [run.state.status for run in trials(proposed)] == [Status.STOPPED]


def test_cancel_leaves_runs_of_the_default_branch_alone(proposed):
    proposed.push(churn=SLOW)
    proposed.settle()

    assert "No trial run" in answered(proposed, "/cancel")
    assert proposed.run().state.status is Status.RUNNING


def test_one_flow_runs_once_at_a_time(proposed):
    propose(proposed, churn=SLOW)
    answered(proposed, "/run churn")

    assert "under way" in answered(proposed, "/run churn")
    assert "under way" in answered(proposed, "/run spam\n/run spam")
    assert sorted(run.facts.flow for run in trials(proposed)) == ["churn", "spam"]


@pytest.mark.parametrize("how", ["closed", "pushed"])
def test_trial_runs_end_with_the_head_that_they_are_of(proposed, how):
    propose(proposed, churn=SLOW)
    answered(proposed, "/run churn")
    if how == "closed":
        proposed.close_proposal("topic")
    else:
        proposed.propose("topic", churn=GOOD)
    proposed.settle()

    (run,) = trials(proposed)
    assert run.state.status is Status.STOPPED
    assert "closed or has a newer head" in run.state.stop_asked_by
    assert "(stopped after" in proposed.conversations.ours["topic"]
    assert [row.retired for row in proposed.store.flows("shop", scope="topic")] == [True]


def test_a_proposal_that_is_opened_again_can_be_tried_again(proposed):
    answered(proposed, "/run churn")
    head = proposed.source.branches["topic"]
    proposed.close_proposal("topic")
    proposed.settle()
    proposed.source.branches["topic"] = head
    proposed.wake_everything()
    proposed.settle()
    proposed.clock.jump(1)
    answered(proposed, "/run churn")

    assert [run.state.status for run in trials(proposed)] == [Status.SUCCEEDED] * 2


@pytest.mark.parametrize("verb", ["restart", "resume"])
def test_a_trial_run_of_an_earlier_head_is_not_begun_again(proposed, verb):
    propose(proposed, churn=dag({"train": exits(1)}))
    answered(proposed, "/run churn")
    (run,) = trials(proposed)
    proposed.propose("topic", churn=GOOD)
    proposed.settle()
    request = proposed.ask(verb, run.id)
    proposed.settle()

    assert "closed or has a newer head" in proposed.answer(request)
    assert len(trials(proposed)) == 1


def test_a_failed_trial_is_run_again_by_its_button_and_stays_one(proposed):
    propose(proposed, churn=dag({"train": exits(1)}))
    answered(proposed, "/run churn")
    proposed.press("rerun-failed", proposed.sha, proposed.check("churn (trial)", proposed.sha))
    proposed.settle()

    assert [run.facts.proposal for run in trials(proposed)] == ["topic", "topic"]


def test_a_join_of_the_default_branch_does_not_see_it(proposed):
    answered(proposed, "/run spam")
    (run,) = trials(proposed)

    query = JoinQuery("name:train", None, 10, 0, ("globals.uuid",))
    assert proposed.store.join("shop", "", query) == []
    assert proposed.store.join("shop", run.id, query) != []


def test_the_end_is_told_once(proposed):
    propose(proposed, churn=SLOW)
    answered(proposed, "/run churn")
    proposed.ask("stop", trials(proposed)[0].id)
    proposed.settle()
    proposed.restart()
    writes = proposed.conversations.writes
    proposed.store.wake([Wake(ReviewKey("shop", "topic"))])
    proposed.settle()

    assert "(stopped after" in proposed.conversations.ours["topic"]
    assert proposed.conversations.writes == writes


def test_what_came_of_a_command_is_in_the_history(proposed):
    answered(proposed, "/run churn\n/cancel")
    answered(proposed, "/hold", "bob")

    told = [event.message for event in proposed.store.events("shop") if event.reason == "Command"]
    assert f"/run churn: run {trials(proposed)[0].id}; /cancel: 1 stopped" in told[0]
    assert told[1].endswith("/hold: refused")


def test_how_long_it_took_is_no_estimate_of_a_merge(proposed):
    answered(proposed, "/run churn")
    proposed.press("rerequested", proposed.sha, proposed.check("headgate", proposed.sha))
    proposed.settle()

    assert "took" not in proposed.check("churn", proposed.sha).summary


def test_a_proposal_may_be_closed_before_its_answer_was_said(proposed):
    propose(proposed, churn=SLOW)
    proposed.conversations.busy = True
    request = proposed.comment("topic", "/run churn")
    proposed.settle()
    proposed.close_proposal("topic")
    proposed.settle()
    proposed.conversations.busy = False
    proposed.pass_time(60)

    assert [run.state.status for run in trials(proposed)] == [Status.STOPPED]
    assert "was asked for" in proposed.answer(request)


def test_the_end_is_told_though_the_base_moves_at_that_moment(proposed):
    propose(proposed, churn=SLOW)
    answered(proposed, "/run churn")
    proposed.push(spam=OTHER)
    proposed.store.wake([Wake(RepositoryKey("shop"))])
    proposed.ask("stop", trials(proposed)[0].id)
    proposed.settle()

    assert "(stopped after" in proposed.conversations.ours["topic"]
