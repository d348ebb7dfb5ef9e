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
