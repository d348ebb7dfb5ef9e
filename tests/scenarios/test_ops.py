"""What becomes of ops: order, outputs, retries, disruptions, timeouts, caches, services and joins between them."""

import yaml

from reconciler.engine.model import Performed
from tests.world import Ending, dag, exits, op, runs_forever, writes


def reads(param: str, reference: str, **fields):
    """An op whose exit code is an input."""
    made = op("exit", "{{ code }}", inputs=[{"name": "code", "type": "int"}], **fields)
    return {**made, "params": {"code": {"ref": reference, "value": f"outputs.{param}"}}}


def test_a_failed_op_fails_the_check_of_the_merged_commit(world):
    world.merge(ops={"train": exits(1)})
    world.settle()

    assert world.check().conclusion == "failure"
    assert "**train**" in world.check().summary
    assert "exit code 1" in world.check().summary


def test_a_succeeded_run_makes_the_check_a_success(world):
    world.merge(ops={"train": exits(0)})
    world.settle()

    assert world.check().conclusion == "success"


def test_a_chain_starts_in_order(world):
    world.merge(
        ops={
            "evaluate": exits(0, dependencies=["train"]),
            "train": exits(0, dependencies=["prepare"]),
            "prepare": exits(0),
        }
    )
    world.settle()

    assert [path for _, path, _ in world.executor.started] == ["prepare", "train", "evaluate"]


def test_what_follows_a_failed_op_is_upstream_failed(world):
    world.merge(ops={"prepare": exits(2), "train": exits(0, dependencies=["prepare"])})
    world.settle()

    assert world.statuses() == {"prepare": "failed", "train": "upstream_failed"}
    assert world.starts("train") == 0


def test_outputs_flow_into_params(world):
    world.merge(ops={"prepare": writes({"rows": "3"}), "train": reads("rows", "ops.prepare")})
    world.settle()

    assert world.ops()["train"].params == {"code": 3}
    assert world.check().conclusion == "failure"


def test_an_op_that_gives_no_output_fails_with_a_reason(world):
    silent = writes({"rows": "3"})
    silent["component"]["run"]["container"]["command"] = ["exit", "0"]
    world.merge(ops={"prepare": silent})
    world.settle()

    assert world.ops()["prepare"].reason == "BadOutputs"


def test_a_failed_op_is_tried_again_as_often_as_it_says(world):
    world.merge(ops={"train": exits(1, termination={"maxRetries": 2})})
    world.pass_time(300)

    assert world.starts("train") == 3
    assert world.statuses() == {"train": "failed"}


def test_a_retry_that_succeeds_makes_the_run_a_success(world):
    world.executor.endings["train"] = [Ending(1), Ending(0)]
    world.merge(ops={"train": exits(1, termination={"maxRetries": 2})})
    world.pass_time(300)

    assert world.starts("train") == 2
    assert world.check().conclusion == "success"


def test_a_lost_node_does_not_cost_a_retry(world):
    world.executor.endings["train"] = [Ending(disruption=True), Ending(disruption=True)]
    world.merge(ops={"train": exits(0)})
    world.pass_time(300)

    assert world.starts("train") == 3
    assert world.check().conclusion == "success"


def test_an_op_whose_nodes_are_always_lost_fails_in_the_end(world):
    world.executor.endings["train"] = [Ending(disruption=True)] * 50
    world.merge(ops={"train": exits(0)})
    world.pass_time(3600, step=60)

    assert world.statuses() == {"train": "failed"}
    assert world.ops()["train"].reason == "NodeLost"


def test_an_op_that_takes_longer_than_its_timeout_is_stopped_and_failed(world):
    world.merge(ops={"train": runs_forever(termination={"timeout": 60})})
    world.pass_time(50)
    assert world.statuses() == {"train": "running"}

    world.pass_time(20)

    assert world.statuses() == {"train": "failed"}
    assert world.ops()["train"].reason == "DeadlineExceeded"


def test_a_timeout_survives_a_restart_of_the_service(world):
    world.merge(ops={"train": runs_forever(termination={"timeout": 60})})
    world.settle()
    world.restart()
    world.pass_time(70)

    assert world.ops()["train"].reason == "DeadlineExceeded"


def test_a_mapping_runs_its_op_for_every_value(world):
    train = op("exit", "0", inputs=[{"name": "lr", "type": "float"}])
    train["matrix"] = {"kind": "mapping", "values": [{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.3}]}
    world.merge(ops={"train": train})
    world.settle()

    assert world.statuses() == dict.fromkeys(("train", "train[0]", "train[1]", "train[2]"), "succeeded")
    assert [world.ops()[f"train[{i}]"].params["lr"] for i in range(3)] == [0.1, 0.2, 0.3]


def test_a_grid_with_concurrency_one_runs_its_children_one_by_one(world):
    train = op("exit", "0", inputs=[{"name": "lr", "type": "float"}])
    values = {"kind": "choice", "value": [1, 2, 3]}
    train["matrix"] = {"kind": "grid", "concurrency": 1, "params": {"lr": values}}
    world.merge(ops={"train": train})
    world.settle(work=False)
    assert len(world.executor.started) == 1

    world.settle()

    assert len(world.executor.started) == 3
    assert world.check().conclusion == "success"


def test_ops_of_a_nested_dag_run_and_fail_with_it(world):
    inner = [{"name": "a", **exits(0)}, {"name": "b", **exits(1, dependencies=["a"])}]
    nested = {"component": {"run": {"kind": "dag", "operations": inner}}}
    world.merge(ops={"nested": nested, "after": exits(0, dependencies=["nested"])})
    world.settle()

    assert world.statuses() == {
        "nested": "failed",
        "nested.a": "succeeded",
        "nested.b": "failed",
        "after": "upstream_failed",
    }


def test_a_dag_with_concurrency_holds_ops_back(world):
    world.merge(ops={name: runs_forever() for name in "abc"}, concurrency=2)
    world.settle()
    assert len(world.executor.started) == 2

    world.executor.end("a", Ending())
    world.settle()

    assert len(world.executor.started) == 3


def test_a_queue_with_a_limit_holds_ops_of_all_runs_back(world):
    world.queues["gpu"] = 1
    world.merge(ops={"a": runs_forever(queue="gpu"), "b": exits(0)})
    world.settle()
    world.push(other=dag({"c": runs_forever(queue="gpu")}))
    world.settle()
    assert [path for _, path, _ in world.executor.started] == ["a", "b"]

    world.executor.end("a", Ending())
    world.pass_time(120)

    assert world.starts("c") == 1


def test_ops_wait_for_free_slots(world):
    world.executor.slots = 1
    world.merge(ops={name: exits(0) for name in "abc"})
    world.settle(work=False)
    assert len(world.executor.started) == 1

    world.settle()

    assert world.check().conclusion == "success"


def test_an_equal_op_of_a_later_run_is_a_cache_hit(world):
    prepare = writes({"rows": "3"})
    world.merge(ops={"prepare": prepare, "train": exits(0, dependencies=["prepare"])})
    world.settle()
    world.merge(ops={"prepare": prepare, "train": op("exit", "0", "again", dependencies=["prepare"])})
    world.settle()

    assert world.ops()["prepare"].reason == "CacheHit"
    assert world.ops()["prepare"].outputs == {"rows": 3}
    assert (world.starts("prepare"), world.starts("train")) == (1, 2)


def test_an_op_with_the_cache_disabled_runs_again(world):
    for code in ("1", "2"):
        ops = {"prepare": exits(0, cache={"disable": True}), "train": op("exit", "0", code)}
        world.merge(ops=ops)
        world.settle()

    assert world.starts("prepare") == 2


def test_a_hook_runs_after_its_op(world):
    notify = {"version": 1.1, "kind": "component", "name": "notify", "run": exits(0)["component"]["run"]}
    train = exits(1, hooks=[{"trigger": "failed", "hubRef": "notify"}])
    world.connect(**{"hub/notify.yaml": yaml.safe_dump(notify)})
    world.merge(ops={"train": train})
    world.settle()

    assert world.statuses() == {"train": "failed", "train!0": "succeeded"}
    assert world.check().conclusion == "failure"


def test_a_false_condition_skips_an_op(world):
    world.merge(
        ops={"prepare": writes({"rows": "3"}), "train": exits(0, conditions="{{ ops.prepare.outputs.rows > 5 }}")}
    )
    world.settle()

    assert world.statuses()["train"] in ("skipped", "failed")


def test_an_op_that_the_executor_refuses_fails_with_its_reason(world):
    world.executor.answers["train"] = [Performed("", "start", "refused", 0, "QuotaExceeded", "No more pods.")]
    world.merge(ops={"train": exits(0)})
    world.settle()

    assert world.ops()["train"].reason == "QuotaExceeded"
    assert world.check().conclusion == "failure"


def test_an_op_that_must_wait_starts_at_the_time_the_executor_names(world):
    at = world.clock.now() + 30
    world.executor.answers["train"] = [Performed("", "start", "again", 0, "Throttled", again_at=at)]
    world.merge(ops={"train": exits(0)})
    world.settle()
    assert world.starts("train") == 0

    world.pass_time(40)

    assert world.starts("train") == 1
    assert world.check().conclusion == "success"


def test_an_op_that_waits_for_its_executor_can_be_stopped(world):
    again = Performed("", "start", "again", 0, "Throttled", again_at=world.clock.now() + 3600)
    world.executor.answers["train"] = [again]
    world.merge(ops={"train": exits(0)})
    world.settle()
    world.ask("stop", world.run().id)
    world.settle()

    assert world.statuses() == {"train": "stopped"}
    assert world.starts("train") == 0


def test_a_start_of_which_nothing_is_known_is_tried_again(world):
    world.executor.answers["train"] = [Performed("", "start", "unknown", 0)]
    world.merge(ops={"train": exits(0)})
    world.pass_time(120)

    assert world.starts("train") == 1
    assert world.check().conclusion == "success"


def test_an_end_that_nobody_told_of_is_found_by_looking(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    world.executor.mute = True
    world.executor.end("train", Ending())
    world.pass_time(90)

    assert world.check().conclusion == "success"
