"""Commands in comments and buttons: who may, what comes of it, and that it is answered once."""

from dataclasses import replace

import pytest

from reconciler.checks.replies import MARK
from reconciler.keys import CheckKey, RepositoryKey, ReviewKey
from reconciler.records import Wake
from tests.world import REPOSITORY, dag, exits, op

GOOD = dag({"train": exits(0)})
OTHER = dag({"train": op("exit", "0", "again")})


@pytest.fixture
def proposed(world):
    """A repository with an open proposal; ann may write, bob may not."""
    world.connect(churn=GOOD)
    world.conversations.permissions = {"ann": "write", "bob": "read"}
    world.sha = world.propose("topic", churn=OTHER)
    world.settle()
    world.clock.jump(1)
    return world


def answered(world, body, by="ann", **fields):
    """What our comment says after somebody's."""
    world.comment("topic", body, by, **fields)
    world.settle()
    return world.conversations.ours.get("topic", "")


def test_a_plan_is_shown_in_our_one_comment(proposed):
    said = answered(proposed, "What would that do?\n/plan churn")

    assert said.startswith(MARK)
    assert "Merging starts a run of **churn**" in said
    assert proposed.sha[:7] in said
    assert proposed.conversations.read == ["1"]


def test_a_second_answer_edits_the_comment_and_keeps_the_first_below(proposed):
    answered(proposed, "/help")
    said = answered(proposed, "/plan nothing")

    assert said.index("does not touch a flow `nothing`") < said.index("<details>") < said.index("Show this table")
    assert len(proposed.conversations.ours) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [("Looks good.", {}), ("/plan", {"edited": True}), ("/plan", {"by_program": True}), ("> /plan", {}), ("/lgtm", {})],
)
def test_what_is_no_command_of_a_person_is_not_answered(proposed, body, fields):
    assert answered(proposed, body, **fields) == ""
    assert proposed.conversations.read == []


@pytest.mark.parametrize("before", ["Looks good.", "/lgtm", "written last week"])
def test_a_command_that_comes_together_with_other_comments_waits_for_nothing_else(proposed, before):
    """Each comment is looked at in a step of its own; one that needs no answer must not end them."""
    first = proposed.comment("topic", "/help" if before == "written last week" else before)
    if before == "written last week":
        comments = proposed.conversations.comments
        comments["1"] = replace(comments["1"], created_at=proposed.clock.now() - 8 * 86_400)
    second = proposed.comment("topic", "/help")
    proposed.settle()

    assert all(proposed.answer(request) for request in (first, second))
    assert "Show this table" in proposed.conversations.ours["topic"]


@pytest.mark.parametrize("by", ["bob", "a-stranger"])
def test_who_may_not_write_may_not_command(proposed, by):
    said = answered(proposed, "/hold", by)

    assert "Not done" in said
    assert proposed.check("headgate", proposed.sha).conclusion == "success"


def test_a_person_whose_name_is_that_of_a_permission_has_it_not(proposed):
    assert "Not done" in answered(proposed, "/hold", "Write")


def test_a_hold_is_not_lifted_by_another_proposal_of_the_same_commit(proposed):
    answered(proposed, "/hold")
    proposed.source.branches["another"] = proposed.sha
    proposed.store.wake([Wake(RepositoryKey("shop"))])
    proposed.settle()
    for branch in ("topic", "another"):
        proposed.press("rerequested", proposed.sha)
        proposed.store.wake([Wake(ReviewKey("shop", branch))])
        proposed.settle()

    assert proposed.check("headgate", proposed.sha).title == "Held by ann"


def test_a_hold_ends_with_its_proposal_also_for_another_one_of_the_same_commit(proposed):
    proposed.source.branches["another"] = proposed.sha
    proposed.store.wake([Wake(RepositoryKey("shop"))])
    proposed.settle()
    answered(proposed, "/hold")
    assert proposed.check("headgate", proposed.sha).title == "Held by ann"

    proposed.close_proposal("topic")
    proposed.settle()
    assert proposed.check("headgate", proposed.sha).conclusion == "success"


def test_a_secret_of_a_flow_is_not_in_an_answer(proposed):
    secret = "password=hunter2-and-more"
    proposed.propose("topic", churn=dag({"train": op("exit", "0", secret)}))
    proposed.settle()
    proposed.clock.jump(1)

    said = answered(proposed, "/plan churn")
    assert "password=" in said
    assert "hunter2" not in said


def test_an_answer_that_the_forge_does_not_take_holds_up_no_later_command(proposed):
    proposed.conversations.refused = True
    proposed.comment("topic", "/help")
    proposed.settle()
    proposed.conversations.refused = False
    assert "Held" in answered(proposed, "/hold")


def test_the_settings_of_the_base_say_who_may(proposed):
    proposed.push(**{".headgate.yaml": "commands: {allow: ['@Bob', acme/ml]}\n"})
    proposed.propose("topic", **{".headgate.yaml": "commands: {allow: [read]}\n"})
    proposed.settle()
    proposed.conversations.teams = {"acme/ml": {"carl"}}
    proposed.clock.jump(1)

    for by in ("bob", "carl"):
        assert "judged anew" in answered(proposed, "/retest", by)
        proposed.conversations.ours.clear()
    assert "Not done" in answered(proposed, "/retest", "ann")


def test_nobody_may_while_the_forge_does_not_answer(proposed):
    proposed.conversations.away = True
    assert answered(proposed, "/hold") == ""
    assert proposed.check("headgate", proposed.sha).conclusion == "success"

    proposed.conversations.away = False
    proposed.pass_time(60)
    assert proposed.check("headgate", proposed.sha).title == "Held by ann"


def test_a_hold_fails_the_gate_until_it_is_lifted_also_of_later_heads(proposed):
    answered(proposed, "/hold")
    sha = proposed.propose("topic", churn=dag({"train": op("exit", "0", "third")}))
    proposed.settle()
    held = [proposed.check("headgate", one).title for one in (proposed.sha, sha)]
    proposed.clock.jump(1)
    answered(proposed, "/hold cancel")

    assert held == ["Held by ann", "Held by ann"]
    assert proposed.check("headgate", sha).conclusion == "success"


def test_a_command_that_was_written_before_the_head_was_pushed_is_to_be_repeated(proposed):
    written = proposed.conversations.write("/hold", "ann")
    proposed.clock.jump(5)
    sha = proposed.propose("topic", churn=GOOD)
    proposed.settle()
    proposed.hear_of("topic", written)
    proposed.settle()

    assert "repeat the command" in proposed.conversations.ours["topic"]
    assert proposed.check("headgate", sha).conclusion == "success"


def test_a_comment_of_last_week_is_neither_done_nor_answered(proposed):
    written = proposed.conversations.write("/hold", "ann")
    proposed.clock.jump(8 * 86_400)
    request = proposed.hear_of("topic", written)
    proposed.settle()

    assert proposed.answer(request) == "It was written too long ago."
    assert proposed.conversations.writes == 0


def test_a_comment_that_is_told_of_twice_is_answered_once(proposed):
    answered(proposed, "/help")
    writes = proposed.conversations.writes
    again = proposed.store.request("comment:1:1")
    assert not proposed.store.ask(again)
    proposed.settle()

    assert proposed.conversations.writes == writes == 1


@pytest.mark.parametrize("minutes", [2, 300])
def test_a_command_on_a_proposal_that_nobody_could_look_at_yet_waits_for_that(proposed, minutes):
    proposed.source.away = True
    proposed.propose("new", churn=OTHER)
    request = proposed.comment("new", "/plan")
    before = proposed.loop.counts["step", "review"]
    proposed.pass_time(60.0 * minutes)
    assert proposed.answer(request) == ""
    assert proposed.loop.counts["step", "review"] - before <= minutes + 1
    proposed.source.away = False
    proposed.pass_time(60)

    assert "repeat the command" in proposed.conversations.ours["new"]


@pytest.mark.parametrize("seconds", [-3600.0, -120.0, 120.0])
def test_a_command_on_a_new_proposal_is_answered_whatever_the_clock_of_the_replica_that_heard_it(proposed, seconds):
    proposed.clock.jump(-seconds)
    proposed.comment("new", "/plan")
    proposed.clock.jump(seconds)
    proposed.propose("new", churn=OTHER)
    proposed.store.wake([Wake(ReviewKey(REPOSITORY, "new"))])
    proposed.settle()

    assert "/plan" in proposed.conversations.ours["new"]


def test_a_command_on_a_closed_proposal_is_answered_with_that(proposed):
    proposed.close_proposal("topic")
    proposed.settle()
    request = proposed.comment("topic", "/retest")
    proposed.settle()

    assert proposed.answer(request) == "The proposal is closed."


def test_who_asked_for_what_is_in_the_history(proposed):
    answered(proposed, "/hold")

    assert any("ann on topic" in event.message and "/hold" in event.message for event in proposed.store.events("shop"))


# --- buttons


@pytest.fixture
def failed(world):
    """A merged commit whose run has failed; ann may write, bob may not."""
    world.connect(churn=GOOD)
    world.conversations.permissions = {"ann": "write", "bob": "read"}
    world.sha = world.merge(ops={"train": exits(1)})
    world.settle()
    world.before = len(world.runs())
    return world


def test_rerun_failed_starts_the_run_anew(failed):
    request = failed.press("rerun-failed", failed.sha, failed.check("churn", failed.sha))
    failed.settle()

    assert len(failed.runs()) == failed.before + 1
    assert any(run.taken_from for run in failed.runs())
    assert failed.answer(request).startswith("Asked of run")


def test_a_button_pressed_by_who_may_not_write_does_nothing(failed):
    request = failed.press("rerun-failed", failed.sha, failed.check("churn", failed.sha), by="bob")
    failed.settle()

    assert len(failed.runs()) == failed.before
    assert failed.answer(request).startswith("Not done")


def test_a_check_that_is_asked_for_again_runs_what_failed(failed):
    failed.press("rerequested", failed.sha, failed.check("churn", failed.sha))
    failed.settle()

    assert len(failed.runs()) == failed.before + 1


def test_a_button_of_a_run_that_is_over_does_nothing(failed):
    request = failed.press("cancel", failed.sha, failed.check("churn", failed.sha))
    failed.settle()

    assert "cannot be asked to cancel" in failed.answer(request)


def test_a_proposals_check_that_is_asked_for_again_is_judged_and_posted_anew(proposed):
    posts = proposed.checks.posts
    proposed.press("rerequested", proposed.sha, proposed.check("headgate", proposed.sha))
    proposed.settle()

    assert proposed.checks.posts > posts


def test_a_comment_on_a_proposal_that_nobody_has_looked_at_yet_is_answered(proposed):
    proposed.source.commit("new", proposed.source.trees[proposed.source.branches["topic"]])
    proposed.comment("new", "/help")
    proposed.settle(5)

    assert "Show this table" in proposed.conversations.ours["new"]


def test_a_comment_on_a_proposal_that_never_was_is_told_so_after_a_while(proposed):
    request = proposed.comment("nothing", "/help")
    proposed.settle(90)

    assert proposed.answer(request) == "The proposal is closed."


@pytest.fixture
def held(world):
    """A head without most of its flows, which waits for somebody; ann may write, bob may not."""
    world.connect(churn=GOOD, spam=GOOD, fraud=GOOD)
    world.conversations.permissions = {"ann": "write", "bob": "read"}
    world.sha = world.push(churn=None, spam=None)
    world.settle()
    return world


def test_approving_a_head_without_most_of_its_flows_lets_them_go(held):
    request = held.press("approve", held.sha, held.check("headgate", held.sha))
    held.settle()

    assert held.answer(request) == "Approved."
    assert held.flow("churn").retired
    assert held.flow("spam").retired
    assert held.check("headgate", held.sha).title == "Flows: 2 retired"


def test_who_may_not_write_may_not_approve_a_head(held):
    held.press("approve", held.sha, held.check("headgate", held.sha), by="bob")
    held.settle()

    assert not held.flow("churn").retired


def test_a_head_is_approved_only_while_it_waits_for_that(held):
    check = held.check("headgate", held.sha)
    held.push(churn=GOOD)
    held.settle()
    request = held.press("approve", held.sha, check)
    held.settle()

    assert held.answer(request) == "Nothing waits for approval any more."
    assert not held.store.approved("shop", held.sha)


def test_buttons_wait_for_what_is_to_be_said_first(failed):
    failed.conversations.away = True
    failed.press("rerun-failed", failed.sha, failed.check("churn", failed.sha))
    sha = failed.merge(ops={"train": exits(0)})
    failed.settle()
    failed.press("rerequested", sha)
    failed.merge(ops={"train": exits(2)})
    failed.pass_time(60)

    assert failed.check("churn").conclusion == "failure"
    failed.conversations.away = False
    failed.pass_time(600)
    assert failed.store.requests(CheckKey("shop", failed.sha)) == []
