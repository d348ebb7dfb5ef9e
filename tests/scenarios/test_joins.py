"""Joins: ops that read what other ops gave, in this run and in earlier ones."""

from tests.world import op, runs_forever, writes


def best(query="status: succeeded", **join):
    """An op that reads the losses of all that a query takes."""
    made = op("exit", "0", inputs=[{"name": "losses", "type": "float", "isList": True}])
    made["joins"] = [{"query": query, "params": {"losses": {"value": "outputs.loss"}}, **join}]
    return made


def test_a_join_reads_the_outputs_of_the_children_of_an_op(world):
    train = writes({"loss": "0.5"})
    train["component"]["inputs"] = [{"name": "lr", "type": "float"}]
    train["matrix"] = {"kind": "mapping", "values": [{"lr": 0.1}, {"lr": 0.2}]}
    world.merge(ops={"train": train, "best": {**best(ref="ops.train"), "dependencies": ["train"]}})
    world.settle()

    assert world.ops()["best"].params == {"losses": [0.5, 0.5]}


def test_a_join_reads_what_ended_in_the_same_moment(world):
    world.merge(ops={"a": writes({"loss": "0.25"}), "b": {**best("name: a"), "dependencies": ["a"]}})
    world.settle()

    assert world.ops()["b"].params == {"losses": [0.25]}


def test_a_join_reads_earlier_runs_of_other_flows(world):
    for loss in ("0.5", "0.25"):
        world.merge(name="prices", ops={"train": writes({"loss": loss})})
        world.settle()
    world.merge(ops={"best": best("name: train, status: succeeded", sort="-created_at")})
    world.settle()

    assert world.ops()["best"].params == {"losses": [0.25, 0.5]}


def test_a_join_that_takes_nothing_gives_an_empty_list(world):
    world.merge(ops={"loud": runs_forever(), "best": best("name: nobody")})
    world.settle()

    assert world.ops()["best"].params == {"losses": []}
