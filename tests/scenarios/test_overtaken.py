"""What is written while a step speaks to the world is not taken back by what the step had read before."""

import pytest

from reconciler.keys import FlowKey, RepositoryKey, ReviewKey
from reconciler.records import RequestRow, Wake
from tests.fakes import Ending, FakeChecks
from tests.world import REPOSITORY, TestWorld, dag, exits, op, runs_forever

GOOD = dag({"train": exits(0)})
OTHER = dag({"train": op("exit", "0", "again")})
THIRD = dag({"train": op("exit", "0", "third")})


class Interrupted:
    """Lets others do something once, in the middle of a call to the world."""

    def __init__(self):
        self.meanwhile = None

    def _others(self):
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()


class SlowChecks(Interrupted, FakeChecks):
    def __init__(self):
        Interrupted.__init__(self)
        FakeChecks.__init__(self)

    def post(self, repository, sha, checks, lease, posted=()):
        super().post(repository, sha, checks, lease)
        self._others()


class OvertakenWorld(TestWorld):
    __test__ = False

    def new_checks(self):
        return SlowChecks()

    def let_another_work(self):
        """Another process does all that it may."""
        loop = self.another_loop()
        while loop.turn():
            pass


@pytest.fixture
def world(tmp_path):
    made = OvertakenWorld(tmp_path)
    yield made
    assert made.faults() == 0
    made.store.close()


def test_a_verdict_that_came_while_an_older_one_was_posted_is_posted_next(world):
    world.connect(churn=GOOD)
    world.conversations.permissions = {"ann": "write"}
    sha = world.propose("topic", churn=OTHER)
    world.settle()
    world.clock.jump(1)
    world.press("rerequested", sha)  # everything is posted once more

    def hold():
        world.comment("topic", "/hold")
        loop = world.another_loop()
        for _ in range(20):
            loop.turn()

    world.checks.meanwhile = hold
    world.settle()

    assert world.checks.meanwhile is None
    assert world.check("headgate", sha).title == "Held by ann"


def test_a_verdict_that_came_back_while_another_one_was_posted_is_posted_once_more(world):
    world.connect(churn=GOOD)
    world.conversations.permissions = {"ann": "write"}
    sha = world.propose("topic", churn=OTHER)
    world.settle()
    title = world.check("headgate", sha).title

    def let_go():
        world.comment("topic", "/hold cancel")
        world.let_another_work()

    world.checks.meanwhile = let_go
    world.comment("topic", "/hold")
    world.settle()

    assert world.checks.meanwhile is None
    assert world.check("headgate", sha).title == title


def test_a_commit_that_was_held_while_another_proposal_of_it_was_judged_is_held(world):
    world.connect(churn=GOOD)
    world.conversations.permissions = {"ann": "write"}
    sha = world.propose("topic", churn=OTHER)
    world.settle()
    world.source.branches["another"] = sha
    world.push(churn=THIRD)  # conflicts
    world.settle()
    commit, held = world.store.commit, []

    def commit_after_others(lease, changes, keep=False):
        if lease.key == ReviewKey(REPOSITORY, "another") and changes.judged and not held:
            held.append(world.comment("topic", "/hold"))
            world.let_another_work()
        commit(lease, changes, keep)

    world.store.commit = commit_after_others
    world.push(churn=GOOD)
    world.settle()

    assert held
    assert world.check("headgate", sha).title == "Held by ann"


def test_a_head_that_was_pushed_while_the_last_one_was_judged_is_judged_next(world):
    world.connect(churn=GOOD)
    world.propose("topic", churn=OTHER)
    merge, pushed = world.source.merge, []

    def merge_and_push(repository, head, base):
        if not pushed:
            pushed.append(world.propose("topic", churn=THIRD))
            world.store.wake([Wake(RepositoryKey(REPOSITORY))])
            loop = world.another_loop()
            for _ in range(3):
                loop.turn()
        return merge(repository, head, base)

    world.source.merge = merge_and_push
    world.settle()

    (row,) = world.store.reviews(REPOSITORY)
    assert row.head == pushed[0]
    assert row.judged.startswith(pushed[0])
    assert world.check("headgate", pushed[0]).conclusion == "success"


def test_a_base_that_came_back_while_another_one_was_judged_is_judged_once_more(world):
    before = world.connect(churn=GOOD)
    sha = world.propose("topic", churn=OTHER)
    world.settle()
    merge = world.source.merge

    def merge_while_it_comes_back(repository, head, base):
        if base == after and world.source.branches["main"] != before:
            world.source.branches["main"] = before
            world.tell([Wake(RepositoryKey(REPOSITORY))])
            world.let_another_work()
        return merge(repository, head, base)

    world.source.merge = merge_while_it_comes_back
    after = world.push(churn=THIRD)  # conflicts
    world.settle()

    assert world.source.branches["main"] == before
    assert world.check("headgate", sha).conclusion == "success"


def test_a_verdict_of_a_proposal_that_was_merged_meanwhile_is_not_said(world):
    world.connect(churn=GOOD)
    merge, seen = world.source.merge, []

    def merge_once_it_was_merged(repository, head, base):
        if not seen:
            seen.append(head)
            world.source.branches["main"] = head
            world.tell([Wake(RepositoryKey(REPOSITORY))])
            world.let_another_work()
            seen.append(world.check("headgate", head).title)
        return merge(repository, head, base)

    world.source.merge = merge_once_it_was_merged
    sha = world.propose("topic", churn=OTHER)
    world.settle()

    assert seen == [sha, world.check("headgate", sha).title]
    assert {row.name: bool(row.run) for row in world.store.checks(REPOSITORY, sha)} == {
        "headgate": False,
        "headgate/churn": True,
    }


def test_ops_of_two_runs_that_begin_at_once_share_the_limit_of_their_queue(world):
    world.queues["gpu"] = 1
    world.connect()
    load, seen = world.store.queue_load, []

    def load_while_another_begins(queue):
        found = load(queue)
        if not seen:
            seen.append(queue)
            world.let_another_work()
        return found

    world.store.queue_load = load_while_another_begins
    world.push(**{name: dag({"train": runs_forever(queue="gpu")}) for name in ("one", "two")})
    world.settle()
    assert seen
    assert world.starts("train") == 1

    world.executor.end("train", Ending())
    world.pass_time(120)
    assert world.starts("train") == 2


def test_what_is_asked_of_a_flow_that_is_gone_is_answered(world):
    world.merge(ops={"train": exits(0)})
    world.settle()
    row = RequestRow("r", FlowKey("gone"), "pause", "ada", world.clock.now(), "gone")
    world.store.ask(row)
    world.settle()

    assert world.store.request("r").done_at is not None
    assert world.answer("r") == "There is no such flow any more: what is past its time is pruned."
