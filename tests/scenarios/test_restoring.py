"""An older database comes back while the world has gone on: what was done since is not known to it any more."""

import sqlite3
from contextlib import closing

import pytest

from reconciler.keys import RepositoryKey
from reconciler.records import Wake
from tests.fakes import Ending
from tests.scenarios.test_retention import KeepingWorld
from tests.world import dag, exits, runs_forever, writes


class RestoredWorld(KeepingWorld):
    """A world whose database may be put back; processes, files, commits and checks are as they are."""

    def backup(self):
        with closing(sqlite3.connect(self.path)) as database, closing(sqlite3.connect(":memory:")) as copy:
            database.backup(copy)
            return copy.serialize()

    def restore(self, backup):
        self.store.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(f"{self.path.name}{suffix}").unlink(missing_ok=True)
        self.path.write_bytes(backup)
        self.store = self.new_store()
        self.executor.report, self.executor.wake = self.store.observe, self.store.wake
        self.clock.time += 60.0  # the leases of who worked then have run out
        self.restart()
        self.tell([Wake(RepositoryKey(row.name)) for row in self.store.repositories()])
        self.wake_everything()
        self.settle(seconds=120.0)

    def commands(self, run):
        """What the attempts that a run speaks of have really run, by op."""
        ops = self.ops(run)
        specs = {path: self.executor.processes[state.attempt].spec for path, state in ops.items() if state.attempt}
        return {path: (spec.commit, spec.run_section["container"]["command"]) for path, spec in specs.items()}


@pytest.fixture
def world(tmp_path):
    made = RestoredWorld(tmp_path)
    yield made
    assert made.faults() == 0
    made.store.close()


def once(world):
    started = [attempt for _, _, attempt in world.executor.started]
    return len(started) == len(set(started))


def test_a_run_of_another_plan_does_not_take_what_was_done_since_for_its_own(world):
    world.merge(ops={"train": writes({"rows": "1"})})
    world.settle()
    backup = world.backup()
    world.merge(ops={"train": writes({"rows": "2"})})
    world.settle()
    head = world.merge(ops={"train": writes({"rows": "3"})})
    world.settle()

    world.restore(backup)

    assert world.commands(world.run()) == {"train": (head, ["write", "rows=3"])}
    assert world.ops()["train"].outputs == {"rows": 3}
    assert world.check().conclusion == "success"
    assert once(world)


def test_a_run_of_the_same_plan_and_commit_goes_on_with_what_was_done_since(world):
    world.merge(ops={"first": exits(0), "second": runs_forever(dependencies=["first"])})
    backup = world.backup()  # before anything of it was looked at
    world.settle()
    assert world.statuses() == {"first": "succeeded", "second": "running"}

    world.restore(backup)

    assert world.statuses() == {"first": "succeeded", "second": "running"}
    assert (world.starts("first"), world.starts("second")) == (1, 1)
    world.executor.end("second", Ending())
    world.settle()
    assert world.check().conclusion == "success"


def test_a_run_that_was_under_way_learns_how_its_ops_have_ended_since(world):
    world.merge(ops={"first": runs_forever(), "second": exits(3, dependencies=["first"])})
    world.settle()
    backup = world.backup()
    world.executor.end("first", Ending())
    world.settle()
    assert world.check().conclusion == "failure"

    world.restore(backup)

    assert world.statuses() == {"first": "succeeded", "second": "failed"}
    assert world.check().conclusion == "failure"
    assert once(world)


def test_what_was_merged_and_passed_over_since_is_not_started_again(world):
    world.connect(churn=dag({"train": exits(0)}))
    backup = world.backup()
    passed = world.push(churn=dag({"train": exits(0), "more": exits(0)}))
    world.settle()
    world.push(churn=dag({"train": exits(0), "most": exits(0)}))
    world.settle()

    world.restore(backup)

    assert len(world.runs()) == 1
    assert set(world.statuses()) == {"train", "most"}
    summary = world.check("headgate", sha=passed).summary
    assert "was passed over" in summary
    assert "started" not in summary, "it was, and nobody knows"
    assert world.starts("more") == 1
    assert once(world)


def test_an_op_that_runs_and_is_not_known_is_told_of(world):
    world.connect()
    backup = world.backup()
    world.merge(ops={"train": runs_forever()})
    world.settle()
    (_, _, attempt) = world.executor.started[0]
    world.merge(ops={"other": exits(0)})

    world.restore(backup)
    world.prune()

    told = [row.reason for row in world.store.events(attempt)]
    assert told == ["UnknownAttempt"]
