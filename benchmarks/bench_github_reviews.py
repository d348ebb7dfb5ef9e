"""From a webhook about a pull request to its umbrella check at GitHub, and what that costs there.

The whole of Headgate but its HTTP edge works in one thread, against the GitHub of the tests over HTTP on loopback,
which takes 50 ms for each answer, those to git included. Time is the wall's: most of it is waiting.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import quantiles
from threading import Thread
from time import perf_counter, sleep

from benchmarks.rows import Row
from reconciler.keys import RepositoryKey
from reconciler.records import Wake
from tests.documents import exits
from tests.scenarios.github.world import SHOP, GitHubWorld, flow

PULLS = 40
ANSWERS_IN = 0.05  # s
UMBRELLA = "POST /repos/{owner}/{repo}/check-runs"


@dataclass(frozen=True, slots=True)
class Measured:
    """What pull requests, one after the other, showed."""

    p50: float  # s from the wake to the umbrella check
    p95: float
    calls: float  # of the API, up to the umbrella; the most for one of them
    git: float  # requests of git, the most for one of them


@cache
def measured() -> Measured:
    """Open pull requests that each change one flow, and wake the repository as a webhook does."""
    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        world = GitHubWorld(Path(folder))
        try:
            world.connect()
            _review(world, PULLS)  # tokens are at hand then, as in a service that is at work
            world.github.faults.latency = ANSWERS_IN
            each = [_review(world, number) for number in range(PULLS)]
        finally:
            world.close()
    seconds = [took for took, _, _ in each]
    return Measured(
        quantiles(seconds, n=2)[0],
        quantiles(seconds, n=20, method="inclusive")[-1],
        max(calls for _, calls, _ in each),
        max(git for _, _, git in each),
    )


def _review(world: GitHubWorld, number: int) -> tuple[float, int, int]:
    """Seconds, calls of the API and requests of git until the umbrella check is there."""
    ops = {"train": exits(0), f"tell-{number}": exits(0)}
    pull = world.github.open_pull_request({"flows/churn.yaml": flow(ops)}, by="eve", fork=True)
    since, begun = len(world.github.requests), perf_counter()
    world.store.wake([Wake(RepositoryKey(SHOP))])
    work = Thread(target=_work, args=[world])
    work.start()
    while not world.github.check_runs(pull.head_sha, "headgate"):
        assert work.is_alive(), "nothing is left to do, and there is no umbrella"
        sleep(0.002)
    took = perf_counter() - begun
    work.join()
    asked = world.github.requests[since:]
    first = next(place for place, one in enumerate(asked) if one.signature == UMBRELLA)
    git = sum(one.template == "git" for one in asked)
    return took, 1 + sum(one.template != "git" for one in asked[:first]), git


def _work(world: GitHubWorld) -> None:
    while world.loop.turn():
        pass


_WHY = "the check that a merge waits for comes within a second of the webhook, with a GitHub that takes 50 ms"

ROWS = (
    Row("github/delivery-to-umbrella-p50", "s", lambda: measured().p50, 1.0, _WHY, rounds=1),
    Row("github/delivery-to-umbrella-p95", "s", lambda: measured().p95, 1.0, _WHY, rounds=1),
    Row("github/calls-per-pull-request", "calls", lambda: measured().calls, 4, "limits are shared", rounds=1),
    Row("github/requests-of-git-per-pull-request", "requests", lambda: measured().git, 3, "one fetch", rounds=1),
)
