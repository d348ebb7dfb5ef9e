"""A quiet world: nothing is written or posted; and nothing is lost when processes, posts or wakes are."""

from datetime import timedelta

from reconciler.errors import Waiting
from tests.world import Ending, dag, exits, op, runs_forever, writes


def busy_day(world):
    tune = op("exit", "0", inputs=[{"name": "lr", "type": "float"}])
    tune["matrix"] = {"kind": "mapping", "values": [{"lr": 0.1}, {"lr": 0.2}]}
    board = {"component": {"run": {"kind": "service", "ports": [80], "container": {"image": "any"}}}}
    world.connect(other=dag({"a": exits(0)}))
    world.merge(ops={"prepare": writes({"rows": "3"}), "tune": {**tune, "dependencies": ["prepare"]}, "board": board})
    world.settle()
    world.propose("topic", churn=dag({"train": exits(1)}))
    world.settle()


def test_a_converged_world_writes_and_posts_nothing(world):
    busy_day(world)
    before, posts = world.rows(), world.checks.posts
    world.pass_time(600, step=20)

    assert world.checks.posts == posts
    assert world.rows() == before


def test_waking_every_key_of_a_converged_world_changes_nothing(world):
    busy_day(world)
    before, posts = world.rows(), world.checks.posts
    world.wake_everything()
    world.settle()
    world.restart()
    world.wake_everything()
    world.settle()

    assert world.checks.posts == posts
    assert world.rows() == before


def test_a_live_run_at_rest_writes_nothing(world):
    world.merge(ops={"train": runs_forever()})
    world.pass_time(10)
    before, posts = world.rows(), world.checks.posts
    world.pass_time(300, step=20)

    assert world.checks.posts == posts
    assert world.rows() == before


def test_a_finished_world_sleeps(world):
    world.merge(ops={"train": exits(0)})
    world.settle()

    assert [type(row.key).__name__ for row in world.store.pending()] == ["RepositoryKey"]


def test_checks_that_cannot_be_posted_are_posted_later(world):
    world.checks.away = True
    world.merge(ops={"train": exits(1)})
    world.settle()
    assert world.checks.posted == {}

    world.checks.away = False
    world.pass_time(30)

    assert world.check().conclusion == "failure"
    assert world.check("headgate").status == "completed"


def test_a_process_that_restarts_at_any_time_goes_on(world):
    world.merge(ops={"a": exits(0), "b": exits(0, dependencies=["a"]), "c": exits(0, dependencies=["b"])})
    for _ in range(60):
        world.loop.turn() or world.executor.work()
        world.restart()
    world.settle()

    assert world.run().state.status == "succeeded"
    assert [path for _, path, _ in world.executor.started] == ["a", "b", "c"]


def test_ends_that_happen_while_the_service_is_down_are_folded_in_later(world):
    world.merge(ops={"a": runs_forever(), "b": exits(0, dependencies=["a"])})
    world.settle()
    world.executor.end("a", Ending())
    world.restart()
    world.settle()

    assert world.run().state.status == "succeeded"


def test_a_run_is_moved_on_without_reading_all_of_its_ops_again(world, monkeypatch):
    world.merge(ops={"a": runs_forever(), "b": exits(0, dependencies=["a"])})
    world.settle()
    world.executor.end("a", Ending())
    read, ops = [], world.store.ops
    monkeypatch.setattr(world.store, "ops", lambda run: read.append(run) or ops(run))
    while world.run().state.status == "running":
        assert world.loop.turn() or world.executor.work()

    assert read == []


def test_two_services_that_take_turns_on_one_store_agree(world):
    chain = {name: exits(0, dependencies=[before]) for before, name in zip("abcd", "bcde", strict=True)}
    world.merge(ops={"a": exits(0), **chain, "loud": runs_forever()})
    first, second = world.loop, world.another_loop()
    for turn in range(200):
        loop = first if turn % 2 else second
        loop.turn() or world.executor.work()
        if turn % 5 == 0:
            world.clock.time += 0.5
    world.executor.end("loud", Ending())
    world.settle()

    assert world.run().state.status == "succeeded"
    assert sorted(path for _, path, _ in world.executor.started) == ["a", "b", "c", "d", "e", "loud"]


def test_a_machine_whose_commit_failed_is_not_used_again(world, monkeypatch):
    """The step decided to end the run, but nothing of it was written: the next step must decide it once more."""
    world.merge(ops={"a": runs_forever()})
    world.settle()
    world.executor.end("a", Ending())
    commit = world.store.commit

    def lose_one(lease, changes, keep=False):
        if changes.runs:
            monkeypatch.setattr(world.store, "commit", commit)
            raise Waiting("StoreUnavailable", "The disk is full.", timedelta(seconds=1))
        commit(lease, changes, keep)

    monkeypatch.setattr(world.store, "commit", lose_one)
    world.pass_time(30)

    assert world.run().state.status == "succeeded"
    assert world.check().conclusion == "success"
