"""Flows that go, move, or cannot be read: what is removed, what is frozen, and what waits for a person."""

from reconciler.keys import RepositoryKey
from reconciler.records import Wake
from tests.world import Ending, dag, exits, runs_forever

BROKEN = "version: 1.1\nkind: component\nrun: {"


def flows(*names):
    return {name: dag({name: exits(0)}) for name in names}


def test_a_removed_flow_lets_its_run_finish(world):
    world.connect(**flows("a", "b"))
    world.merge(ops={"train": runs_forever()})
    world.settle()
    world.push(churn=None)
    world.settle()
    assert world.run().state.status == "running"

    world.executor.end("train", Ending())
    world.settle()

    assert world.run().state.status == "succeeded"
    assert world.flow("churn").retired


def test_with_on_remove_stop_the_run_of_a_removed_flow_is_stopped(world):
    world.settings(onRemove="stop")
    world.push(**flows("a", "b"))
    world.merge(ops={"train": runs_forever()})
    world.settle()
    world.push(churn=None)
    world.settle()

    assert world.run().state.status == "stopped"


def test_a_flow_that_comes_back_starts_again(world):
    world.connect(**flows("a", "b"))
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.push(churn=None)
    world.settle()
    world.merge(ops={"train": exits(0)})
    world.settle()

    assert len([row for row in world.store.flows("shop", "") if row.name == "churn" and not row.retired]) == 1
    assert len(world.store.runs()) == 2


def test_a_flow_that_comes_back_with_the_commit_at_which_it_came_first_is_another_one(world):
    """As when the default branch is pushed by force, and back."""
    before = world.connect(**flows("a", "b"))
    first = world.merge(ops={"train": exits(0)})
    world.settle()
    for sha in (before, first, before, first):
        world.source.branches["main"] = sha
        world.tell([Wake(RepositoryKey("shop"))])
        world.settle()

    rows = [row for row in world.store.flows("shop", "") if row.name == "churn"]
    assert (len(rows), len({row.id for row in rows}), [row.retired for row in rows].count(False)) == (3, 3, 1)
    assert world.run().state.status == "succeeded"
    assert world.store.repository("shop").head == first


def test_a_file_that_does_not_parse_removes_and_stops_nothing(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    world.push(churn=BROKEN)
    world.settle()

    assert world.flow("churn").frozen
    assert not world.flow("churn").retired
    assert world.run().state.status == "running"
    assert world.check("headgate").conclusion == "failure"


def test_a_mended_file_goes_on_from_the_plan_that_was_applied(world):
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.push(churn=BROKEN)
    world.settle()
    world.push(churn=dag({"train": exits(0)}))
    world.settle()

    assert not world.flow("churn").frozen
    assert len(world.runs()) == 1


def test_broken_settings_freeze_every_flow(world):
    world.connect(**flows("a", "b"))
    world.push(**{".headgate.yaml": "flows: {", "a": None})
    world.settle()

    assert all(row.frozen and not row.retired for row in world.store.flows("shop", ""))

    world.push(**{".headgate.yaml": None})
    world.settle()

    assert world.flow("a").retired
    assert not world.flow("b").frozen


def test_a_head_without_most_of_its_flows_is_held_until_it_is_approved(world):
    world.connect(**flows("a", "b", "c"))
    world.push(a=None, b=None)
    world.settle()
    assert not any(row.retired for row in world.store.flows("shop", ""))
    assert world.check("headgate").conclusion == "action_required"

    world.approve_head()
    world.settle()

    assert world.flow("a").retired
    assert world.flow("b").retired
    assert not world.flow("c").retired


def test_a_held_head_that_is_put_right_removes_nothing(world):
    world.connect(**flows("a", "b", "c"))
    world.push(a=None, b=None)
    world.settle()
    world.push(**flows("a", "b"))
    world.settle()

    assert not any(row.retired for row in world.store.flows("shop", ""))
    assert world.store.runs() == []


def test_a_flow_that_moves_keeps_its_identity_and_starts_nothing(world):
    world.connect(**flows("a", "b"))
    world.merge(ops={"train": exits(0)})
    world.settle()
    before = world.flow("churn").id
    text = world.files["flows/churn.yaml"].decode()
    world.push(**{"churn": None, "flows/deep/churn.yaml": text})
    world.settle()

    assert world.flow("churn").id == before
    assert world.flow("churn").path == "flows/deep/churn.yaml"
    assert not world.flow("churn").retired


def test_a_repository_that_is_away_changes_nothing_until_it_is_back(world):
    world.merge(ops={"train": exits(0)})
    world.source.away = True
    world.settle()
    assert world.store.runs() == []

    world.source.away = False
    world.pass_time(60)

    assert world.run().state.status == "succeeded"


def test_a_commit_that_waited_is_passed_over_though_the_removal_of_its_flow_is_held(world):
    world.connect(**flows("a", "b"))
    world.merge(ops={"train": runs_forever()})
    world.settle()
    waited = world.merge(ops={"train": exits(0)})
    world.settle()
    world.push(churn=None, a=None, b=None)
    world.settle()
    world.executor.end("train", Ending())
    world.settle()

    assert world.check(sha=waited).title.startswith("Superseded")
    assert not world.flow("churn").waiting_sha
    assert not world.flow("churn").retired
