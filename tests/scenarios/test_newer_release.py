"""What a newer release has hashed is left to its services: nobody acts on a plan that he cannot read."""

import sqlite3
from contextlib import closing
from dataclasses import replace

from reconciler.keys import RunKey
from reconciler.plan.encoding import encode
from reconciler.plan.model import HASH_VERSION
from tests.world import exits, op


def set_version(world, version):
    """As if a newer release had applied the flow, or an older one again."""
    flow = world.flow("churn")
    body = encode(replace(flow, applied_version=version))
    with closing(sqlite3.connect(world.path)) as database, database:
        database.execute("UPDATE flows SET body = ? WHERE id = ?", (body, flow.id))


def test_a_flow_that_a_newer_release_applied_is_left_to_it(world):
    world.merge(ops={"train": exits(0)})
    world.settle()
    set_version(world, HASH_VERSION + 1)
    world.push(churn=op("python train.py"))
    world.settle()
    assert len(world.runs()) == 1
    assert world.loop.counts["waiting", "NewerRelease"] > 0

    set_version(world, HASH_VERSION)
    world.settle(seconds=5)
    assert len(world.runs()) == 2


def test_a_run_of_a_plan_of_a_newer_release_is_left_to_it(world):
    world.merge(ops={"train": exits(0)})
    with closing(sqlite3.connect(world.path)) as database, database:
        database.execute(
            "CREATE TRIGGER newer AFTER INSERT ON plans BEGIN "
            f"UPDATE plans SET version = {HASH_VERSION + 1} WHERE id = new.id; END"
        )
    world.settle()

    assert world.starts("train") == 0
    assert world.store.queued(RunKey(world.run().id)) is not None
    with closing(sqlite3.connect(world.path)) as database, database:
        database.execute(f"UPDATE plans SET version = {HASH_VERSION}")
    world.settle(seconds=5)
    assert world.statuses() == {"train": "succeeded"}
