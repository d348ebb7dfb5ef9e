"""What a merge does: which changes start a run, which do not, and what becomes of a run that a newer plan meets."""

from tests.world import Ending, dag, exits, op, runs_forever

TEXT = """version: 1.1
kind: component
run:
  kind: dag
  operations:
  - name: train
    component:
      run: {kind: job, container: {image: any, command: [exit, "0"]}}
"""


def test_connecting_a_repository_starts_nothing(world):
    world.connect(churn=dag({"train": exits(0)}))

    assert world.runs() == []
    assert world.executor.started == []


def test_connecting_with_on_connect_run_starts_each_flow_once(world):
    settings = "settings: {'**': {onConnect: run}}\n"
    world.connect(**{".headgate.yaml": settings, "churn": dag({"train": exits(0)})})

    assert len(world.runs()) == 1
    assert world.starts("train") == 1


def test_a_known_flow_starts_when_its_plan_changes_after_connecting(world):
    world.connect(churn=dag({"train": exits(0)}))
    world.push(churn=dag({"train": op("exit", "0", "again")}))
    world.settle()

    assert len(world.runs()) == 1


def test_a_new_flow_starts_one_run(world):
    world.merge(ops={"train": exits(0)})
    world.settle()

    assert len(world.runs()) == 1


def test_a_changed_plan_starts_exactly_one_run(world):
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.merge(ops={"train": op("exit", "0", "again")})
    world.settle()
    world.pass_time(120)

    assert len(world.runs()) == 2


def test_comments_and_format_are_no_effective_change(world):
    world.connect()
    world.push(churn=TEXT)
    world.settle()
    world.push(churn="# what it is for\n" + TEXT.replace('[exit, "0"]', "\n        - exit\n        - '0'\n      "))
    world.settle()

    assert len(world.runs()) == 1


def test_a_merge_that_touches_no_flow_starts_nothing(world):
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.push(**{"README.md": "Read me."})
    world.settle()

    assert len(world.runs()) == 1


def test_changed_code_starts_a_run(world):
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.push(**{"train.py": "print()"})
    world.settle()

    assert len(world.runs()) == 2


def test_a_revert_to_an_earlier_plan_is_a_new_run(world):
    for word in ("one", "two", "one"):
        world.merge(ops={"train": op("exit", "0", word)})
        world.settle()

    first, _, third = world.runs()
    assert first.plan == third.plan
    assert first.id != third.id


def test_a_doubled_and_a_late_webhook_change_nothing(world):
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.push()
    world.settle()

    assert len(world.runs()) == 1


def test_a_newer_plan_waits_for_the_running_run_and_only_the_newest_waits(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    second = world.merge(ops={"train": op("exit", "0", "two")})
    world.settle()
    assert world.check(sha=second).status != "completed"
    assert len(world.runs()) == 1

    third = world.merge(ops={"train": op("exit", "0", "three")})
    world.settle()
    assert world.check(sha=second).conclusion == "neutral"
    assert third[:7] in world.check(sha=second).title + world.check(sha=second).summary

    world.executor.end("train", Ending())
    world.settle()

    assert len(world.runs()) == 2
    assert world.run().sha == third
    assert world.check(sha=third).conclusion == "success"


def test_a_waiting_plan_that_is_reverted_is_superseded_and_never_runs(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    second = world.merge(ops={"train": op("exit", "0", "two")})
    world.settle()
    world.merge(ops={"train": runs_forever()})
    world.settle()
    world.executor.end("train", Ending())
    world.settle()

    assert len(world.runs()) == 1
    assert world.check(sha=second).status == "completed"


def test_a_waiting_plan_whose_flow_is_removed_is_superseded(world):
    world.connect(other=dag({"a": exits(0)}), more=dag({"a": exits(0)}))
    world.merge(ops={"train": runs_forever()})
    world.settle()
    second = world.merge(ops={"train": op("exit", "0", "two")})
    world.settle()
    world.push(churn=None)
    world.settle()

    assert world.check(sha=second).status == "completed"


def test_a_waiting_plan_whose_file_breaks_is_superseded(world):
    world.connect(other=dag({"a": exits(0)}), more=dag({"a": exits(0)}))
    world.merge(ops={"train": runs_forever()})
    world.settle()
    second = world.merge(ops={"train": op("exit", "0", "two")})
    world.settle()
    world.push(churn="run: [")
    world.settle()

    assert world.check(sha=second).status == "completed"


def test_parallel_runs_start_beside_each_other_up_to_the_concurrency(world):
    world.settings(onNewPlan="parallel", concurrency=2)
    for word in ("one", "two", "three"):
        world.merge(ops={"train": op("forever", word)})
        world.settle()
    assert len(world.runs()) == 2

    world.ask("stop", world.runs()[0].id)
    world.settle()

    assert len(world.runs()) == 3
    assert [run.state.status for run in world.runs()] == ["stopped", "running", "running"]


def test_cancel_stops_the_older_run(world):
    world.settings(onNewPlan="cancel")
    world.merge(ops={"train": op("forever", "one")})
    world.settle()
    world.merge(ops={"train": op("forever", "two")})
    world.settle()

    assert [run.state.status for run in world.runs()] == ["stopped", "running"]


def test_cancel_stops_a_run_that_is_asked_for_as_the_first_change_comes(world):
    world.connect(churn=dag({"train": exits(0)}), **{".headgate.yaml": "settings: {'**': {onNewPlan: cancel}}\n"})
    world.settle()
    world.merge(ops={"train": op("exit", "0", "newer")})
    world.loop.turn()  # the repository is looked at: the flow has two things to do at once
    world.ask_flow("run", "churn")
    world.settle()

    assert sorted(run.state.status for run in world.runs()) == ["stopped", "succeeded"]
    assert [row.parked for row in world.store.pending() if row.parked] == []


def test_cancel_hands_over_what_does_the_same_work_and_starts_it_once(world):
    world.settings(onNewPlan="cancel")
    world.merge(
        ops={"prepare": exits(0), "long": runs_forever(dependencies=["prepare"]), "train": op("forever", "one")}
    )
    world.settle()
    world.merge(
        ops={"prepare": exits(0), "long": runs_forever(dependencies=["prepare"]), "train": op("forever", "two")}
    )
    world.settle()

    old, new = world.runs()
    assert old.state.status == "stopped"
    assert world.statuses(new) == {"prepare": "succeeded", "long": "running", "train": "running"}
    assert (world.starts("prepare"), world.starts("long"), world.starts("train")) == (1, 1, 2)

    world.executor.end("long", Ending())
    world.executor.end("train", Ending())
    world.settle()

    assert world.run().state.status == "succeeded"
    assert world.check().conclusion == "success"


def test_what_was_handed_to_a_run_that_is_stopped_before_it_begins_stops_with_it(world):
    world.ask("stop", world.hand_over())
    world.settle()

    assert [run.state.status for run in world.runs()] == ["stopped", "stopped"]
    assert world.statuses()["long"] == "stopped"
    assert [one.spec.op for one in world.executor.processes.values() if not one.ended] == []
    assert [row.op for run in world.runs() for row in world.store.attempts(run.id)] == []


def test_a_run_whose_ops_are_still_being_stopped_is_not_resumed(world):
    run = world.hand_over()
    world.executor.mute = True
    world.ask("stop", run)
    world.settle(seconds=0)
    asked = world.ask("resume", run)
    world.settle(seconds=0)
    world.executor.mute = False
    world.pass_time(120)

    assert "are still being stopped" in world.answer(asked)
    assert world.starts("long") == 1


def test_an_op_that_is_being_stopped_is_not_handed_over(world):
    world.settings(onNewPlan="cancel")
    world.merge(ops={"long": runs_forever(), "train": op("forever", "one")})
    world.settle()
    world.executor.mute = True
    world.ask("stop", world.run().id, "long")
    world.settle(seconds=0)
    world.executor.mute = False
    world.merge(ops={"long": runs_forever(), "train": op("exit", "0", "two")})
    world.settle()
    world.pass_time(120)

    assert world.statuses()["long"] == "running"
    assert world.starts("long") == 2


def test_a_paused_flow_starts_nothing_until_it_is_unpaused_and_changed(world):
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.ask_flow("pause", "churn")
    world.settle()
    world.merge(ops={"train": op("exit", "0", "two")})
    world.settle()
    assert len(world.runs()) == 1

    world.ask_flow("unpause", "churn")
    world.merge(ops={"train": op("exit", "0", "three")})
    world.settle()

    assert len(world.runs()) == 2


def test_a_flow_that_starts_by_hand_alone_runs_when_asked(world):
    world.settings(startOn="manual")
    world.merge(ops={"train": exits(0)})
    world.settle()
    assert world.runs() == []

    world.ask_flow("run", "churn")
    world.settle()

    assert world.run().state.status == "succeeded"


def test_commits_that_were_passed_over_are_told_by_which(world):
    world.connect()
    passed = world.push(**{"README.md": "one"})
    newest = world.push(**{"README.md": "two"})
    world.settle()

    assert newest[:7] in world.check("headgate", passed).title + world.check("headgate", passed).summary


def test_a_flow_whose_run_failed_is_repaired_by_the_next_merge(world):
    failed = world.merge(ops={"train": exits(1)})
    world.settle()
    world.merge(ops={"train": exits(0)})
    world.settle()

    assert world.check(sha=failed).conclusion == "failure"
    assert world.check().conclusion == "success"
