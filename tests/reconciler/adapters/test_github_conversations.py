"""Conversations on a GitHub with state: what was written, who may, and our one comment."""

import pytest

from reconciler.adapters.github_conversations import GitHubConversations
from reconciler.checks.replies import MARK
from reconciler.errors import ReconcileError, Waiting
from reconciler.keys import ReviewKey
from reconciler.ports import Opened
from reconciler.records import Lease
from tests.reconciler.adapters.github_world import installed

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

REPOSITORY = "acme/shop"
COMMENT = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments"


@pytest.fixture
def world(tmp_path):
    with installed(tmp_path) as (github, headgate, _):
        headgate.talk = GitHubConversations(headgate.api, lambda _: headgate.source, headgate.clock)
        headgate.pull = github.open_pull_request({"flows/churn.yaml": "kind: operation\n"}, branch="topic", by="ann")
        headgate.lease = Lease(ReviewKey(REPOSITORY, "pull/1"), 1, 1, headgate.clock.monotonic() + 1e6)
        headgate.proposal = f"pull/{headgate.pull.number}"
        yield headgate


def say(world, text="Held.", known=""):
    return world.talk.say(REPOSITORY, world.proposal, known, f"{MARK}\n\n{text}", world.lease)


def ours(world):
    return [one for one in world.github.comments(world.pull) if one.body.startswith(MARK)]


def test_a_comment_is_read_as_its_author_left_it(world):
    made = world.github.comment(world.pull, "/plan", by="ann")
    found = world.talk.comment(REPOSITORY, str(made.id))

    assert (found.author, found.body, found.edited, found.by_program) == ("ann", "/plan", False, False)
    assert found.created_at == pytest.approx(world.clock.now(), abs=2)


def test_an_edited_comment_and_a_deleted_one_are_told_from_others(world):
    made = world.github.comment(world.pull, "/plan", by="ann")
    world.clock.advance(5)
    world.github.edit_comment(made, "/hold")
    assert world.talk.comment(REPOSITORY, str(made.id)).edited

    world.github.delete_comment(made)
    assert world.talk.comment(REPOSITORY, str(made.id)) is None


def test_what_we_have_written_ourselves_is_by_a_program(world):
    assert world.talk.comment(REPOSITORY, say(world)).by_program


def test_permissions_are_those_of_the_repository(world):
    world.github.allow("ann", "write")

    assert world.talk.permission(REPOSITORY, "ann") == "write"
    assert world.talk.permission(REPOSITORY, "mallory") in ("none", "read")


@pytest.mark.parametrize(
    ("role", "writes"), [("admin", True), ("maintain", True), ("write", True), ("triage", False), ("read", False)]
)
def test_who_may_write_is_told_by_what_a_role_comes_to(world, role, writes):
    world.github.allow("ann", role)

    assert (world.talk.permission(REPOSITORY, "ann"), world.talk.may_write(REPOSITORY, "ann")) == (role, writes)


def test_an_open_pull_request_has_a_head_and_says_whether_its_code_is_from_here(world):
    fork = world.github.open_pull_request({"flows/new.yaml": "kind: operation\n"}, by="eve", fork=True)

    assert world.talk.opened(REPOSITORY, world.proposal) == Opened(world.pull.head_sha, False, world.pull.author.login)
    assert world.talk.opened(REPOSITORY, f"pull/{fork.number}") == Opened(fork.head_sha, True, "eve")
    world.github.close_pull_request(fork)
    assert world.talk.opened(REPOSITORY, f"pull/{fork.number}") is None
    assert world.talk.opened(REPOSITORY, "pull/999") is None


def test_a_second_answer_edits_the_first(world):
    first = say(world)
    again = say(world, "Lifted.", first)

    assert again == first
    assert [one.body.endswith("Lifted.") for one in ours(world)] == [True]


def test_a_comment_that_was_made_without_our_hearing_of_it_is_adopted(world):
    world.github.faults.forget(COMMENT)
    with pytest.raises(ReconcileError):
        say(world)
    world.clock.advance(60)
    say(world, "Again.")

    assert [one.body.endswith("Again.") for one in ours(world)] == [True]


def test_a_comment_is_not_made_again_while_it_is_not_known_whether_it_was(world):
    """GitHub's lists lag behind what it did."""
    world.github.state.lag = 14
    world.github.faults.forget(COMMENT)
    with pytest.raises(Waiting):
        say(world)
    world.clock.advance(6)
    with pytest.raises(Waiting) as waiting:
        say(world, "Again.")
    world.clock.advance(waiting.value.retry_after.total_seconds())
    say(world, "Again.")

    assert [one.body.endswith("Again.") for one in ours(world)] == [True]


def test_a_comment_of_somebody_else_that_looks_like_ours_is_left_alone(world):
    world.github.comment(world.pull, f"{MARK}\n\nForged.", by="mallory")
    say(world)

    assert len(ours(world)) == 2
    assert any(one.body.endswith("Forged.") for one in ours(world))


def test_a_comment_of_ours_that_was_deleted_is_written_anew(world):
    first = say(world)
    (made,) = ours(world)
    world.github.delete_comment(made)

    assert say(world, "Anew.", first) != first
    assert len(ours(world)) == 1


def test_a_reaction_that_is_given_twice_is_one(world):
    made = world.github.comment(world.pull, "/plan", by="ann")
    for _ in range(2):
        world.talk.react(REPOSITORY, str(made.id), world.lease)
    world.github.delete_comment(made)
    world.talk.react(REPOSITORY, str(made.id), world.lease)


def test_members_of_a_team_are_told_from_others(tmp_path):
    with installed(tmp_path) as (github, headgate, _):
        github.organization("acme", ml=["carl"])
        talk = GitHubConversations(headgate.api, lambda _: headgate.source, headgate.clock)

        assert talk.is_member(REPOSITORY, "acme/ml", "carl")
        assert not talk.is_member(REPOSITORY, "acme/ml", "ann")
        assert not talk.is_member(REPOSITORY, "acme/no-such-team", "carl")
