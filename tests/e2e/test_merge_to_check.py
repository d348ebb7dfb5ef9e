"""From a push to a check, with nothing in between that is not real: Git, SQLite, processes, HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service import Place, flow


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.start()
    place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
    yield place
    if place.process is not None and place.process.poll() is None:
        place.kill()


def test_a_merged_flow_runs_in_order_and_each_op_has_a_check_on_its_commit(place):
    sha = place.push({"flows/churn.yaml": flow({
        "prepare": (f"echo prepare >> {place.ledger}", ()),
        "train": (f"echo train >> {place.ledger}", ("prepare",)),
    })})  # fmt: skip
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))

    assert place.lines() == ["prepare", "train"]
    verdicts = {name: check.get("conclusion") for name, check in place.checks(sha).items()}
    assert verdicts == dict.fromkeys(
        ["headgate", "headgate/churn", "headgate/churn/prepare", "headgate/churn/train"], "success"
    )
    assert place.stop() == 0


def test_checks_that_a_mirrored_clone_takes_with_it_are_posted_again(place):
    """`git push --mirror` deletes what the clone does not have, our notes too."""
    first = place.push({"flows/a.yaml": flow({"a": ("true", ())})})
    place.eventually(lambda: place.conclusion(first, "headgate/a"))
    second = place.push({"flows/b.yaml": flow({"b": ("true", ())})})
    place.eventually(lambda: place.conclusion(second, "headgate/b"))
    before = {sha: place.checks(sha) for sha in (first, second)}
    place.git("branch", "feature", first)  # as anything that moves, it is noticed at once
    place.git("push", "--quiet", "--mirror", "origin")

    place.eventually(lambda: all(place.checks(sha).keys() >= before[sha].keys() for sha in before))
    assert {name: check["conclusion"] for name, check in place.checks(second).items()} == dict.fromkeys(
        ["headgate", "headgate/b", "headgate/b/b"], "success"
    )
    assert place.checks(first)["headgate/a"] == before[first]["headgate/a"]


def test_a_proposal_with_a_mistake_is_judged_on_its_line_and_runs_nothing(place):
    place.git("checkout", "--quiet", "-b", "wrong")
    text = json.dumps(
        {"version": 1.1, "kind": "component", "run": {"kind": "job", "container": {"imagee": "x"}}}, indent=1
    )
    sha = place.push({"flows/churn.yaml": text}, branch="wrong")
    place.eventually(lambda: place.conclusion(sha, "headgate"))

    assert place.conclusion(sha, "headgate") == "failure"
    said = [note for check in place.checks(sha).values() for note in check.get("annotations", ())]
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "imagee" in line)
    assert (line, "flows/churn.yaml") in {(note["line"], note["file"]) for note in said}
    assert not any("/runs/" in check.get("details_url", "") for check in place.checks(sha).values())
