"""The step of a commit's checks: when it posts, when it looks again, and what it never says."""

import pytest

from reconciler.keys import CheckKey
from reconciler.ports import CheckTerms, World
from reconciler.records import Lease
from reconciler.steps.report import LOOK_AGAIN, SETTLED, report
from tests.fakes import FakeChecks, FakeLogs
from tests.world import REPOSITORY, TestWorld, exits, runs_forever


class ElsewhereChecks(FakeChecks):
    """Where others can change what was posted."""

    def terms(self, repository):
        return CheckTerms(op_budget=2, lasting=False, read_afar=True)


class Printed(FakeLogs):
    def tail(self, attempt, lines):
        return "loading\nERROR: login with canary-value failed\n"


@pytest.fixture
def settled(tmp_path):
    made = TestWorld(tmp_path)
    yield made
    made.store.close()


def step(world, sha, checks, attempts=0, **fields):
    """One step of the commit, after so many that failed, whose changes are stored."""
    ports = World(world.store, world.source, world.executor, checks, world.clock, **fields)
    changes = report(ports, CheckKey(REPOSITORY, sha), Lease(CheckKey(REPOSITORY, sha), 1, 1, 1e12, attempts=attempts))
    for row in changes.posted:
        assert row.posted
    return changes


def test_what_lasts_is_not_posted_again(settled):
    sha = settled.merge(ops={"train": exits(0)})
    settled.settle()
    posts = settled.checks.posts

    changes = step(settled, sha, settled.checks)

    assert settled.checks.posts == posts
    assert (changes.posted, changes.again_at) == ((), None)


def test_after_a_try_of_which_nobody_knows_what_it_posted_all_is_posted_once_more(settled):
    sha = settled.merge(ops={"train": runs_forever()})
    settled.settle()
    posts = settled.checks.posts
    step(settled, sha, settled.checks)
    assert settled.checks.posts == posts

    step(settled, sha, settled.checks, attempts=1)

    assert settled.checks.posts == posts + 1


def test_what_others_can_change_is_looked_at_whenever_somebody_asks(settled):
    sha, checks = settled.merge(ops={"train": exits(0)}), ElsewhereChecks()
    settled.settle()

    for _ in range(2):
        changes = step(settled, sha, checks)

    assert checks.posts == 2
    assert changes.again_at is None


def test_what_was_said_elsewhere_is_looked_at_once_more_when_it_is_surely_listed(settled):
    settled.checks.away = True
    sha, checks = settled.merge(ops={"train": exits(0)}), ElsewhereChecks()
    settled.settle()

    changes = step(settled, sha, checks)

    assert [row.final for row in changes.posted] == [True, True]
    assert changes.again_at == settled.clock.now() + SETTLED


def test_unfinished_checks_are_looked_at_again_before_they_go_stale(settled):
    sha = settled.merge(ops={"train": runs_forever()})
    settled.settle()

    changes = step(settled, sha, ElsewhereChecks())

    assert changes.again_at == settled.clock.now() + LOOK_AGAIN


def test_as_many_ops_have_a_check_as_their_place_takes(settled):
    settled.checks.away = True  # nothing was said before
    sha, checks = settled.merge(ops={f"op-{number}": exits(0) for number in range(5)}), ElsewhereChecks()
    settled.settle()

    step(settled, sha, checks)

    assert len([name for name in checks.posted[sha] if name.count("/") == 2]) == 2


@pytest.mark.parametrize(
    ("page", "shown"),
    [("http://127.0.0.1:8080", False), ("http://localhost:8080", False), ("https://gate.acme.example", True)],
)
def test_people_elsewhere_are_sent_to_no_page_of_this_machine(settled, page, shown):
    sha, checks = settled.merge(ops={"train": runs_forever()}), ElsewhereChecks()
    settled.settle()

    step(settled, sha, checks, page_url="http://127.0.0.1:8470", public_url=page)
    step(settled, sha, settled.checks, page_url="http://127.0.0.1:8470", public_url=page)

    assert bool(checks.posted[sha]["headgate/churn"].details_url) is shown
    assert settled.checks.posted[sha]["headgate/churn"].details_url.startswith("http://127.0.0.1:8470/runs/")


def test_no_known_secret_and_nothing_that_looks_like_one_is_said(settled):
    settled.checks.away = True  # nothing was said before
    sha, checks = settled.merge(ops={"train": exits(1)}), ElsewhereChecks()
    settled.settle()

    step(settled, sha, checks, logs=Printed(), known_secrets=lambda: ["canary-value"])

    said = str(checks.posted[sha])
    assert "login with •••" in said
    assert "canary" not in said
