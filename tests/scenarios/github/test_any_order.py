"""The same story however its webhooks come: in another order, twice, late, or never. In the end the same is said."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.conftest import SEED
from tests.documents import exits
from tests.github.records import CheckRun, PullRequest
from tests.github.webhooks import Delivery
from tests.scenarios.github.listening import listening
from tests.scenarios.github.world import GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

WISHES = ("issue_comment", "check_run", "check_suite")  # what people asked for is no state: nobody could see it later
WRONG = {"flows/churn.yaml": "version: 1.1\nkind: component\nrun: {kind: job, container: {comand: [x]}}\n"}
LONG = 900.0


def of(*ops: str) -> str:
    return flow({op: exits(0) for op in ops})


class InOrder:
    """Every webhook arrives once, at once."""

    def choose(self, waiting: list[Delivery]) -> list[Delivery]:
        chosen = list(waiting)
        waiting.clear()
        return chosen


@dataclass
class AnyOrder:
    """A part of what waits arrives, shuffled, some of it twice; some of it is lost."""

    chance: Random

    def choose(self, waiting: list[Delivery]) -> list[Delivery]:
        self.chance.shuffle(waiting)
        number = self.chance.randint(0, len(waiting))
        some, waiting[:] = waiting[:number], waiting[number:]
        kept = [one for one in some if one.event in WISHES or self.chance.random() < 0.6]
        twice = [one for one in kept if self.chance.random() < 0.3]
        waiting += [one for one in kept if self.chance.random() < 0.2]  # and once more, much later
        chosen = [*kept, *twice]
        self.chance.shuffle(chosen)
        return chosen


class Told:
    """The story, at a GitHub whose webhooks come as the order says."""

    def __init__(self, world: GitHubWorld, order: InOrder | AnyOrder) -> None:
        self.world, self.order = world, order
        self.waiting: list[Delivery] = []

    def come(self, all_of_them: bool = False) -> None:
        """Some webhooks come, and what they ask for is done."""
        hooks = self.world.github.webhooks
        self.waiting += hooks.held or []
        hooks.held = InOrder().choose(self.waiting) if all_of_them else self.order.choose(self.waiting)
        hooks.release()
        hooks.hold()
        self.world.settle(1)

    def play(self) -> dict[str, Any]:
        """Everything that happens; what stands in the end."""
        world, github = self.world, self.world.github
        github.webhooks.hold()
        github.push({"flows/sales.yaml": of("load"), "flows/old.yaml": of("load")})
        self.come()
        first = github.open_pull_request({"flows/churn.yaml": of("train", "tell")}, branch="first")
        self.come()
        github.push_to(first, WRONG)
        second = github.open_pull_request(WRONG, branch="second")
        self.come()
        world.pass_time()
        github.comment(second, "/help")
        github.comment(second, "> /help\n\n/nothing-like-that")
        github.push_to(first, {"flows/churn.yaml": of("train", "tell", "more")})
        self.come()
        github.suspend(world.installation)
        github.unsuspend(world.installation)
        github.close_pull_request(second)
        github.reopen(second)
        third = github.open_pull_request({"flows/sales.yaml": of("load", "sum")}, branch="third")
        github.close_pull_request(third)
        self.come()
        github.merge(first)
        self.come()
        github.push({"flows/old.yaml": None, "flows/sales.yaml": of("load", "count")})
        self.come()
        world.pass_time(LONG)
        github.rerequest(newest(github.check_runs(second.head_sha))["headgate"])
        self.come()
        self.come(all_of_them=True)
        world.pass_time(LONG)
        return self.end(second)

    def end(self, second: PullRequest) -> dict[str, Any]:
        world, github = self.world, self.world.github
        flows = world.flows()
        last = {name: world.store.runs(flow=row.id)[0] for name, row in flows.items() if world.store.runs(flow=row.id)}
        return {
            "open": sorted(world.reviews()),
            "flows": {name: (row.applied_plan, row.frozen) for name, row in sorted(flows.items())},
            "runs": {name: run.state.status for name, run in sorted(last.items())},
            "merged": newest(github.check_runs(github.head()))["headgate"].conclusion,
            "second": said(newest(github.check_runs(second.head_sha))["headgate"]),
            "answers": sorted(one.body for one in github.comments(second) if one.author.kind == "Bot"),
        }


def newest(runs: Sequence[CheckRun]) -> dict[str, CheckRun]:
    """The check run of each name that counts: one whose annotations are to go is followed by another."""
    return {run.name: run for run in sorted(runs, key=lambda run: run.id)}


def said(run: CheckRun) -> tuple[str | None, str, str, int]:
    return run.conclusion, run.title, run.summary, len(run.annotations)


def told(folder: Path, order: InOrder | AnyOrder) -> dict[str, Any]:
    """What stands at the end of the story."""
    folder.mkdir()
    world = GitHubWorld(folder)
    try:
        world.github.allow("ann")
        world.connect()
        with listening(world, world.store) as address:
            world.github.deliver_to(address, secret="sesame")
            end = Told(world, order).play()
        assert world.faults() == 0
        assert world.github.limits.refused == []
    finally:
        world.close()
    return end


@pytest.mark.timeout(400)
def test_in_any_order_twice_late_or_never_the_same_is_said_in_the_end(tmp_path: Path):
    seed = os.environ[SEED]
    expected = told(tmp_path / "in-order", InOrder())
    assert (expected["runs"], expected["open"]) == ({"churn": "succeeded", "sales": "succeeded"}, ["pull/2"])
    for number in range(2):
        chance = Random(f"{seed} {number}")
        assert told(tmp_path / f"{number}", AnyOrder(chance)) == expected, f"{SEED}={seed}, {number}"
