"""Evidence of a run, out of a store that a whole Headgate has filled."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from reconciler.adapters.sql_store import open_store
from reconciler.records import MetricRow
from reconciler.steps.evidence import evidence_of
from tests.world import Ending, TestWorld, dag, exits, runs_forever, writes


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    made = TestWorld(tmp_path)
    yield made
    made.store.close()


def evidence(world, run=None):
    return evidence_of(world.store, None, run or world.run(), world.clock.now())


@contextmanager
def counted() -> Iterator[list[str]]:
    """What files are asked that are opened meanwhile, as their engine is told it."""
    sent: list[str] = []

    def note(connection, _record):
        connection.set_trace_callback(sent.append)

    event.listen(Pool, "connect", note)
    try:
        yield sent
    finally:
        event.remove(Pool, "connect", note)


def test_outputs_that_are_numbers_stand_beside_those_of_the_last_good_run(world):
    world.merge(ops={"train": writes({"accuracy": "0.9"})})
    world.settle()
    first = world.run()
    world.merge(ops={"train": writes({"accuracy": "0.8"})})
    world.settle()

    told = evidence(world)
    assert (told.last_good_run, told.last_good) == (first.id, {"train": {"accuracy": 0.9}})
    assert told.metrics == {"train": {"accuracy": 0.8}}
    assert f"Last good run `{first.id[:7]}`" in world.check().summary
    assert "| `train` | `accuracy` | 0.8 | 0.9 | -0.1 (-11.1%) |" in world.check().summary


def test_of_each_metric_the_last_value_counts(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    attempt, now = world.ops()["train"].attempt, world.clock.now()
    world.store.observe([MetricRow(attempt, "loss", value, now + step, step) for step, value in enumerate((3.0, 0.5))])
    world.executor.end("train", Ending())
    world.settle()

    assert evidence(world).metrics == {"train": {"loss": 0.5}}


def test_an_op_that_still_runs_has_no_numbers_yet(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    world.store.observe([MetricRow(world.ops()["train"].attempt, "loss", 1.0, world.clock.now())])
    world.settle()

    assert evidence(world).metrics == {}


def test_a_failed_run_is_no_good_run_and_a_later_one_is_not_the_last(world):
    world.merge(ops={"train": writes({"accuracy": "0.9"})})
    world.settle()
    good = world.run()
    world.merge(ops={"train": exits(1)})
    world.settle()
    world.merge(ops={"train": writes({"accuracy": "0.7"})})
    world.settle()

    assert evidence(world).last_good_run == good.id
    assert evidence(world, good).last_good_run == ""


def test_a_run_that_came_later_by_a_clock_set_back_is_not_the_last_good_one(world):
    world.merge(ops={"train": writes({"accuracy": "0.9"})})
    world.settle()
    first, said = world.run(), world.check()
    world.clock.jump(-600)
    world.merge(ops={"train": writes({"accuracy": "0.7"})})
    world.settle()
    world.wake_everything()
    world.settle()

    assert evidence(world, first).last_good_run == ""
    assert world.check(sha=first.sha) == said


def test_numbers_of_a_result_that_was_reused_count_as_those_of_its_run(world):
    score = {"score": writes({"accuracy": "0.9"})}
    world.merge(ops=score)
    world.settle()
    world.push(churn=dag({**score, "report": exits(0)}))
    world.settle()
    second = world.run()
    assert world.ops()["score"].cached_from
    world.push(churn=dag({"score": writes({"accuracy": "0.6"}), "report": exits(0)}))
    world.settle()

    told = evidence(world)
    assert (told.last_good_run, told.last_good["score"]) == (second.id, {"accuracy": 0.9})


@pytest.mark.parametrize("number", [1, 12])
def test_the_number_of_reads_does_not_grow_with_the_run(world, number):
    world.merge(ops={f"op{index}": writes({"rows": "1"}) for index in range(number)})
    world.settle()
    world.merge(ops={f"op{index}": exits(2) for index in range(number)})
    world.settle()

    run, now = world.run(), world.clock.now()
    with counted() as sent, closing(open_store(world.path, world.clock)) as store:
        sent.clear()
        told = evidence_of(store, None, run, now)
    assert len(told.exit_codes) == number
    assert len([statement for statement in sent if "FROM" in statement]) == 7
