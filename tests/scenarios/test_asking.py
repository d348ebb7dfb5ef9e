"""What people ask of runs: stop, restart, resume, copy, skip, approve; and what they are told."""

import pytest

from reconciler.keys import RunKey
from tests.world import Ending, exits, op, runs_forever, writes

CHAIN = {
    "prepare": exits(0),
    "train": runs_forever(dependencies=["prepare"]),
    "evaluate": exits(0, dependencies=["train"]),
}


def fails_once(world, **fields):
    world.executor.endings["train"] = [Ending(1)]
    world.merge(
        ops={
            "prepare": writes({"rows": "3"}),
            "train": exits(0, dependencies=["prepare"]),
            "evaluate": exits(0, dependencies=["train"]),
        },
        **fields,
    )
    world.settle()
    assert world.run().state.status == "failed"
    return world.run()


def test_stopping_a_run_stops_what_runs_and_starts_nothing_more(world):
    world.merge(ops=CHAIN)
    world.settle()
    request = world.ask("stop", world.run().id)
    world.settle()

    assert world.statuses() == {"prepare": "succeeded", "train": "stopped", "evaluate": "stopped"}
    assert world.run().state.status == "stopped"
    assert world.starts("evaluate") == 0
    assert world.check().status == "completed"
    assert "recorded" in world.answer(request)


def test_stopping_one_op_leaves_the_others_alone(world):
    world.merge(ops={"a": runs_forever(), "b": runs_forever()})
    world.settle()
    world.ask("stop", world.run().id, "a")
    world.settle()

    assert world.statuses() == {"a": "stopped", "b": "running"}


def test_a_stop_before_anything_was_started_starts_nothing(world):
    world.merge(ops={"train": exits(0)})
    while not world.store.runs():
        world.loop.turn()
    run = world.run().id
    world.ask("stop", run)
    world.settle()

    assert world.run().state.status == "stopped"
    assert world.starts("train") == 0


def test_stopping_twice_is_stopping_once(world):
    world.merge(ops=CHAIN)
    world.settle()
    world.ask("stop", world.run().id)
    world.ask("stop", world.run().id)
    world.settle()
    late = world.ask("stop", world.run().id)
    world.settle()

    assert world.run().state.status == "stopped"
    assert "nothing to stop" in world.answer(late)


def test_a_restart_is_a_new_run_of_the_same_plan(world):
    first = fails_once(world)
    world.ask("restart", first.id)
    world.settle()

    assert len(world.runs()) == 2
    assert world.run().plan == first.plan
    assert world.run().state.status == "succeeded"
    assert world.check().conclusion == "success"


def test_the_check_speaks_of_the_restart_while_the_older_run_goes_on(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    first = world.run()
    world.ask("restart", first.id)
    world.settle()
    second = world.run()
    world.ask("stop", first.id)
    world.settle()

    assert world.store.run(first.id).state.status == "stopped"
    assert (world.check().run, world.check().status) == (second.id, "in_progress")


def test_a_restart_of_what_failed_takes_over_what_succeeded(world):
    first = fails_once(world)
    world.ask("restart", first.id, failed=True)
    world.settle()

    assert world.ops()["prepare"].reason == "TakenOver"
    assert world.run().state.status == "succeeded"
    assert (world.starts("prepare"), world.starts("train")) == (1, 2)


def test_taken_over_ops_do_not_run_again_though_the_cache_is_off(world):
    world.executor.endings["train"] = [Ending(1)]
    off = {"cache": {"disable": True}}
    world.merge(ops={"prepare": exits(0, **off), "train": exits(0, dependencies=["prepare"], **off)})
    world.settle()
    world.ask("restart", world.run().id, failed=True)
    world.settle()

    assert world.starts("prepare") == 1
    assert world.run().state.status == "succeeded"


def test_a_restart_of_one_op_runs_it_and_what_is_downstream(world):
    world.merge(ops={"a": exits(0), "b": exits(0, dependencies=["a"]), "c": exits(0, dependencies=["b"])})
    world.settle()
    world.ask("restart", world.run().id, "b")
    world.settle()

    assert world.ops()["a"].reason == "TakenOver"
    assert world.starts("a") == 1
    assert world.run().state.status == "succeeded"
    assert world.ops()["b"].reason != "TakenOver"


def test_a_restart_of_an_op_that_does_not_exist_is_refused_in_words(world):
    first = fails_once(world)
    request = world.ask("restart", first.id, "trian")
    world.settle()

    assert len(world.runs()) == 1
    assert "no op `trian`" in world.answer(request)


def test_the_same_request_twice_starts_one_run(world):
    first = fails_once(world)
    request = world.ask("restart", first.id)
    world.store.ask(world.store.request(request))
    world.settle()

    assert len(world.runs()) == 2


def test_a_copy_is_a_new_run(world):
    first = fails_once(world)
    world.ask("copy", first.id)
    world.settle()

    assert world.run().facts.cloning_kind == "copy"
    assert world.run().state.status == "succeeded"


def test_resume_goes_on_with_the_same_run(world):
    first = fails_once(world)
    world.ask("resume", first.id)
    world.settle()

    assert [run.id for run in world.runs()] == [first.id]
    assert world.run().state.status == "succeeded"
    assert (world.starts("prepare"), world.starts("train"), world.starts("evaluate")) == (1, 2, 1)
    assert world.check().conclusion == "success"


def test_a_stopped_run_can_be_resumed(world):
    world.merge(ops=CHAIN)
    world.settle()
    world.ask("stop", world.run().id)
    world.settle()
    world.ask("resume", world.run().id)
    world.settle()
    assert world.statuses()["train"] == "running"

    world.executor.end("train", Ending())
    world.settle()

    assert world.run().state.status == "succeeded"


def test_a_live_run_cannot_be_resumed(world):
    world.merge(ops=CHAIN)
    world.settle()
    request = world.ask("resume", world.run().id)
    world.settle()

    assert "has not ended" in world.answer(request)


def test_a_run_that_succeeded_is_not_resumed_and_its_word_stays(world):
    world.merge(ops={"train": exits(0), "mourn": exits(0, dependencies=["train"], trigger="all_failed")})
    world.settle()
    before = world.run(), world.check()
    request = world.ask("resume", world.run().id)
    world.pass_time(90)
    world.settle()

    assert "has ended (succeeded): there is nothing to resume" in world.answer(request)
    assert (world.run(), world.check()) == before


def test_an_op_of_a_run_that_succeeded_can_be_begun_once_more(world):
    world.merge(ops=CHAIN | {"train": exits(0, dependencies=["prepare"])})
    world.settle()
    world.ask("resume", world.run().id, "train")
    world.settle()

    assert world.run().state.status == "succeeded"
    assert (world.starts("prepare"), world.starts("train"), world.starts("evaluate")) == (1, 2, 2)


def test_an_op_that_is_skipped_counts_as_succeeded(world):
    world.merge(ops={"a": runs_forever(), "b": exits(1, dependencies=["a"]), "c": exits(0, dependencies=["b"])})
    world.settle()
    world.ask("skip", world.run().id, "b")
    world.settle()
    world.executor.end("a", Ending())
    world.settle()

    assert world.statuses() == {"a": "succeeded", "b": "skipped", "c": "succeeded"}


def test_an_op_that_needs_approval_waits_for_a_person(world):
    world.merge(ops={"train": exits(0), "deploy": exits(0, dependencies=["train"], isApproved=False)})
    world.settle()
    assert world.starts("deploy") == 0
    assert world.check().status != "completed"

    world.ask("approve", world.run().id, "deploy")
    world.settle()

    assert world.starts("deploy") == 1
    assert world.ops()["deploy"].approved_by == "ada"
    assert world.check().conclusion == "success"


def test_an_op_that_waits_for_approval_can_be_stopped_with_its_run(world):
    world.merge(ops={"deploy": exits(0, isApproved=False)})
    world.settle()
    world.ask("stop", world.run().id)
    world.settle()

    assert world.run().state.status == "stopped"


@pytest.mark.parametrize("verb", ["stop", "skip", "approve"])
def test_asking_for_an_op_that_does_not_exist_is_answered(world, verb):
    world.merge(ops=CHAIN)
    world.settle()
    request = world.ask(verb, world.run().id, "nowhere")
    world.settle()

    assert "no op `nowhere`" in world.answer(request)


def test_stopping_one_child_of_a_mapping_leaves_its_siblings(world):
    train = op("forever", inputs=[{"name": "lr", "type": "float"}])
    train["matrix"] = {"kind": "mapping", "values": [{"lr": 0.1}, {"lr": 0.2}]}
    world.merge(ops={"train": train})
    world.settle()
    world.ask("stop", world.run().id, "train[0]")
    world.settle()

    assert world.statuses()["train[0]"] == "stopped"
    assert world.statuses()["train[1]"] == "running"


def test_a_request_made_while_the_service_was_down_is_done_later(world):
    world.merge(ops=CHAIN)
    world.settle()
    world.ask("stop", world.run().id)
    world.restart()
    world.settle()

    assert world.run().state.status == "stopped"


def test_a_run_that_is_asked_for_just_as_a_newer_plan_comes_is_stopped_by_it_and_the_flow_goes_on(world):
    world.settings(onNewPlan="cancel")
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.merge(ops={"train": exits(0), "more": exits(0)})
    world.loop.turn()  # the repository was looked at, the flow not yet
    world.ask_flow("run", "churn")
    world.settle()

    ends = {run.occurrence: run.state.status for run in world.runs()}
    assert ends == {"merge:1": "succeeded", "request:request-1": "stopped", "merge:2": "succeeded"}


def test_a_run_that_waits_for_a_person_alone_is_looked_at_seldom(world):
    world.merge(ops={"deploy": exits(0, isApproved=False)})
    world.settle()

    queued = world.store.queued(RunKey(world.run().id))
    assert queued is not None
    assert queued.due_at > world.clock.now() + 1800
