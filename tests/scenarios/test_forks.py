"""Code of forks: it runs when somebody who may write has named the very commit, and then that commit alone."""

import pytest

from reconciler.keys import RepositoryKey
from reconciler.records import Wake
from tests.scenarios.trying import answered, propose, trials
from tests.world import dag, exits, op

GOOD = dag({"train": exits(0)})
OTHER = dag({"train": op("exit", "0", "again")})
THIRD = dag({"train": op("exit", "0", "third")})
SETTINGS = "commands: {allow: [write, bob, owners]}\n"
OWNERS = "approvers: [leads]\nreviewers: [dora]\n"
ALIASES = "aliases: {leads: [Carl]}\n"


@pytest.fixture
def forked(world):
    """A proposal of a fork; ann may write, bob may command, carl approves, dora reviews, and eve has written it."""
    world.connect(churn=GOOD, **{".headgate.yaml": SETTINGS, "OWNERS": OWNERS, "OWNERS_ALIASES": ALIASES})
    world.conversations.permissions = {"ann": "write", "bob": "read"}
    world.conversations.foreign.add("topic")
    propose(world, churn=OTHER, OWNERS="approvers: [eve]\n")
    return world


def test_code_of_a_fork_is_judged_and_not_run(forked):
    assert forked.check("headgate", forked.sha).conclusion == "success"
    assert f"/ok-to-test {forked.sha[:12]}" in answered(forked, "/run churn")
    assert trials(forked) == []


@pytest.mark.parametrize("digits", [7, 12, 40])
def test_it_runs_once_its_commit_was_named(forked, digits):
    said = answered(forked, f"/ok-to-test {forked.sha[:digits]}")
    assert "may run here" in said
    assert trials(forked) == []

    answered(forked, "/run churn")
    assert [run.facts.commit for run in trials(forked)] == [forked.sha]


def test_both_may_be_asked_for_in_one_comment(forked):
    answered(forked, f"/ok-to-test {forked.sha}\n/run churn")

    assert len(trials(forked)) == 1


def test_a_push_needs_it_anew(forked):
    answered(forked, f"/ok-to-test {forked.sha}")
    propose(forked, churn=THIRD)

    assert "/ok-to-test" in answered(forked, "/run churn")
    assert trials(forked) == []


def test_a_push_that_nobody_has_seen_yet_needs_it_anew_too(forked):
    answered(forked, f"/ok-to-test {forked.sha}")
    forked.source.commit("topic", forked.source.trees[forked.sha])

    assert "repeat the command" in answered(forked, "/run churn")
    assert trials(forked) == []


@pytest.mark.parametrize("named", ["0" * 40, "0" * 7])
def test_another_commit_than_the_head_is_not_approved(forked, named):
    said = answered(forked, f"/ok-to-test {named}\n/run churn")

    assert f"`/ok-to-test {forked.sha[:12]}`" in said
    assert trials(forked) == []


@pytest.mark.parametrize("given", ["", "main", "abc", "HEAD", "0" * 41])
def test_what_names_no_commit_is_not_understood(forked, given):
    assert "Name the commit" in answered(forked, f"/ok-to-test {given}")


@pytest.mark.parametrize(("by", "said"), [("carl", "may run here"), ("dora", "Not done"), ("bob", "Not done")])
def test_who_may_write_or_approves_in_owners_may_let_code_run(forked, by, said):
    assert said in answered(forked, f"/ok-to-test {forked.sha}", by)


def test_the_owners_are_those_of_the_base(forked):
    assert "Not done" in answered(forked, f"/ok-to-test {forked.sha}", "eve")


def test_reviewers_may_run_what_was_approved(forked):
    answered(forked, f"/ok-to-test {forked.sha}", "carl")
    answered(forked, "/run churn", "dora")

    assert [run.cause for run in trials(forked)] == ["trial run of topic by dora"]


def test_an_approval_counts_for_no_other_proposal(forked):
    answered(forked, f"/ok-to-test {forked.sha}")
    forked.source.branches["another"] = forked.sha
    forked.conversations.foreign.add("another")
    forked.store.wake([Wake(RepositoryKey("shop"))])
    forked.settle()
    forked.clock.jump(1)
    forked.comment("another", "/run churn")
    forked.settle()

    assert "/ok-to-test" in forked.conversations.ours["another"]
    assert trials(forked) == []


def test_an_approval_lets_no_flows_be_removed(forked):
    """A head without most of its flows waits for an approval of its own kind."""
    answered(forked, f"/ok-to-test {forked.sha}")

    assert not forked.store.approved("shop", forked.sha)


def test_a_whole_sha_says_what_was_looked_at_however_late_it_is_read(forked):
    written = forked.conversations.write(f"/ok-to-test {forked.sha}", "ann")
    row = next(row for row in forked.store.reviews("shop"))
    assert row.head == forked.sha
    early = forked.conversations.comments[written]
    forked.conversations.comments[written] = type(early)(
        early.author, early.body, row.head_since - 1, early.edited, early.by_program
    )
    forked.hear_of("topic", written)
    forked.settle()

    assert "may run here" in forked.conversations.ours["topic"]


def test_where_nothing_runs_flows_code_of_a_fork_is_judged_without_approval(forked):
    forked.runs_here = False

    assert "is fine with these inputs" in answered(forked, "/run churn")


def test_who_let_what_run_is_in_the_history(forked):
    answered(forked, f"/ok-to-test {forked.sha}")

    told = [event.message for event in forked.store.events("shop") if event.reason == "Command"]
    assert told[-1].startswith(f"ann on topic at {forked.sha[:10]}: /ok-to-test")
    assert told[-1].endswith(f"code of {forked.sha} may run")


# --- strangers --------------------------------------------------------------------------------------------------------


def test_a_stranger_is_answered_once_and_costs_nothing_more(forked):
    for number in range(20):
        answered(forked, f"/run churn rate={number}", "eve")

    assert forked.conversations.writes == 1
    assert forked.conversations.read == []
    told = [event.message for event in forked.store.events("shop") if event.reason == "Command"]
    assert len(told) == 20


def test_many_strangers_cost_no_more_than_a_few_answers(forked):
    for number in range(20):
        answered(forked, "/run churn", f"stranger-{number}")

    assert forked.conversations.writes == 3


def test_strangers_hold_up_nobody(forked):
    for number in range(5):
        forked.comment("topic", "/run churn", f"stranger-{number}")

    assert "Show this table" in answered(forked, "/help")


def test_whom_the_forge_says_nothing_of_may_nothing_and_is_told_why(forked):
    forked.conversations.forbidden = True

    assert "cannot be found out whether you may" in answered(forked, "/run churn")
    assert trials(forked) == []
