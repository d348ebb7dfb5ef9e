"""Proposals: what is said before a merge, and that nothing runs for it."""

from tests.world import dag, exits, op, runs_forever

GOOD = dag({"train": exits(0)})


def test_a_proposal_says_what_merging_it_would_start_and_starts_nothing(world):
    world.connect(churn=GOOD)
    sha = world.propose("topic", churn=dag({"train": op("exit", "0", "again")}))
    world.settle()

    assert world.check("headgate", sha).conclusion == "success"
    assert "churn" in world.check("headgate", sha).summary
    assert world.store.runs() == []


def test_mistakes_are_said_on_their_lines(world):
    world.connect(churn=GOOD)
    bad = dag({"train": exits(0), "test": exits(0, dependencies=["trian"])})
    sha = world.propose("topic", churn=bad)
    world.settle()

    check = world.check("headgate", sha)
    assert check.conclusion == "failure"
    (annotation,) = check.annotations
    assert annotation.file == "flows/churn.yaml"
    line = world.source.trees[sha]["flows/churn.yaml"].decode().splitlines()[annotation.line - 1]
    assert "trian" in line


def test_a_mended_proposal_is_judged_anew(world):
    world.connect(churn=GOOD)
    world.propose("topic", churn="version: 1.1\nkind: {")
    world.settle()
    sha = world.propose("topic", churn=GOOD)
    world.settle()

    assert world.check("headgate", sha).conclusion == "success"


def test_a_proposal_that_conflicts_says_so(world):
    world.connect(churn=GOOD)
    sha = world.propose("topic", churn=dag({"train": op("exit", "0", "theirs")}))
    world.push(churn=dag({"train": op("exit", "0", "ours")}))
    world.settle()

    assert "conflict" in (world.check("headgate", sha).title + world.check("headgate", sha).summary).lower()


def test_a_comment_is_announced_as_no_effective_change(world):
    world.connect(churn=GOOD)
    text = world.files["flows/churn.yaml"].decode()
    sha = world.propose("topic", churn="# what it is for\n" + text)
    world.settle()

    check = world.check("headgate", sha)
    assert "no effective change" in (check.title + check.summary + check.text).lower()


def test_what_was_announced_is_what_the_merge_does(world):
    world.connect(churn=GOOD)
    world.propose("topic", churn=dag({"train": op("exit", "0", "again")}))
    world.settle()
    world.accept("topic")
    world.settle()

    assert len(world.runs()) == 1
    assert world.check().conclusion == "success"


def test_a_closed_proposal_is_forgotten(world):
    world.connect(churn=GOOD)
    world.propose("topic", churn=dag({"train": op("exit", "0", "again")}))
    world.settle()
    world.close_proposal("topic")
    world.settle()

    assert world.store.reviews("shop") == []


def test_a_proposal_is_judged_again_when_its_base_moves(world):
    world.connect(churn=GOOD)
    sha = world.propose("topic", other=dag({"a": exits(0)}))
    world.settle()
    assert world.check("headgate", sha).conclusion == "success"

    world.push(**{".headgate.yaml": "flows: {"})
    world.settle()

    assert world.check("headgate", sha).conclusion != "success"


def test_a_proposal_that_is_looked_at_again_keeps_its_word_though_results_came_since(world):
    world.merge(ops={"prepare": exits(0), "train": runs_forever()})
    world.settle(work=False)
    head = world.propose("topic", churn=dag({"prepare": exits(0), "train": exits(1)}))
    world.settle(work=False)
    said = world.check(sha=head)
    world.settle()
    world.wake_everything()
    world.settle()

    assert world.statuses()["prepare"] == "succeeded"
    assert world.check(sha=head) == said


def test_a_proposal_says_how_long_good_runs_of_the_flow_took(world):
    world.connect(churn=GOOD)
    for number in range(7):
        world.push(churn=dag({"train": op("exit", "0", str(number))}))
        world.settle()
    world.push(churn=dag({"train": exits(1)}))
    world.settle()
    sha = world.propose("topic", churn=dag({"train": op("exit", "0", "again")}))
    world.settle()

    assert "Its last 5 good runs took" in world.check("churn", sha).summary


def test_of_a_flow_that_never_ran_well_no_time_is_told(world):
    world.connect(churn=GOOD)
    world.push(churn=dag({"train": exits(1)}))
    world.settle()
    sha = world.propose("topic", churn=dag({"train": op("exit", "0", "again")}), spam=GOOD)
    world.settle()

    assert "took" not in world.check("churn", sha).summary + world.check("spam", sha).summary
