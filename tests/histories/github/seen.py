"""What people see of a world at GitHub, in words that do not tell when it came about nor how its ids came out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import ndiff
from pprint import pformat
from typing import Any

from tests.github.records import CheckRun
from tests.histories.github.laws import broken_laws
from tests.histories.github.world import GitHubHistoryWorld
from tests.world import REPOSITORY

_ID = re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{7,64}(?![0-9a-zA-Z])")
_SPENT = re.compile(r"\b\d+(\.\d+)? (s|m|h|d)( \d+ (s|m|h))?\b")
_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
_UNSEEN = re.compile(r"<!-- headgate [0-9a-f ]+ -->")


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands in the end, by what it is about, and how many check runs were made of each check.

    Where one cannot lose remarks that are not true any more, a second one is made; none of which nobody has heard.
    """

    things: Mapping[str, Any]
    made: Mapping[str, int]


class Words:
    """Texts in which commits and runs are called by what they are."""

    def __init__(self, world: GitHubHistoryWorld, commits: Mapping[str, str]) -> None:
        runs = list(reversed(world.store.runs(limit=1000)))
        self.runs = {run.id: f"{run.facts.flow} {number}" for number, run in enumerate(runs)}
        self._names = {**self.runs, **commits}

    def __call__(self, text: str | None) -> list[str]:
        """Its lines."""
        words = _ID.sub(lambda found: self._name(found[0]), _UNSEEN.sub("", text or ""))
        return _SPENT.sub("a while", _MOMENT.sub("then", words)).strip().splitlines()

    def _name(self, digits: str) -> str:
        known = [name for one, name in self._names.items() if one.startswith(digits)]
        return f"<{known[0]}>" if known else digits


def seen(world: GitHubHistoryWorld, commits: Mapping[str, str]) -> Seen:
    """Look at everything. `commits` are known by these names."""
    words = Words(world, commits)
    runs = [(f"{run.name} on {commits.get(run.head_sha, run.head_sha)}", run) for run in _check_runs(world)]
    things = {
        **{where: _check(run, words) for where, run in runs},  # the newest, which is the one that GitHub shows
        **dict(_comments(world, words)),
        **dict(_runs(world, words)),
        "started": sorted((words.runs.get(run, run), path) for run, path, _ in world.executor.started),
        "live": sorted(one.spec.op for one in world.executor.processes.values() if not one.ended),
        "flows": sorted((row.name, row.scope, row.retired, row.generation) for row in world.store.flows()),
        "proposals": sorted(
            (words(row.proposal), row.open) for row in world.store.reviews(REPOSITORY, open_only=False)
        ),
        "parked": [row.parked for row in world.store.pending() if row.parked],
        "faults of our own": world.faults(),
        "wrong": [*world.wrong, *broken_laws(world)],
    }
    return Seen(things, Counter(where for where, _ in runs))


def _check_runs(world: GitHubHistoryWorld) -> list[CheckRun]:
    return sorted(world.github.state.runs.values(), key=lambda run: run.id)


def _check(run: CheckRun, words: Words) -> Any:
    remarks = [(one["path"], one["start_line"], words(one["message"])) for one in run.annotations]
    buttons = [one["label"] for one in run.actions]
    return run.status, run.conclusion, words(run.title), words(run.summary), words(run.text), remarks, buttons


def _comments(world: GitHubHistoryWorld, words: Words) -> Iterator[tuple[str, Any]]:
    """What is talked about on each pull request, in order, with reactions."""
    for number, pull in world.repo.pulls.items():
        for place, row in enumerate(world.github.comments(pull)):
            reactions = sorted((one.person.login, one.content) for one in row.reactions)
            yield f"comment {place} on pull request {number}", (row.author.login, words(row.body), reactions)


def _runs(world: GitHubHistoryWorld, words: Words) -> Iterator[tuple[str, Any]]:
    for run in world.store.runs(limit=1000):
        yield f"run {words.runs[run.id]}", (run.state.status.value, world.statuses(run))


def differences(expected: Seen, found: Seen) -> Iterator[str]:
    """Line by line: what is seen in the one and not in the other, and of what too much was made."""
    for what in sorted(expected.things.keys() | found.things.keys()):
        before, after = (pformat(each.things.get(what, "nothing"), width=300) for each in (expected, found))
        lines = [line for line in ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
        yield from (f"{what}: {line}" for line in lines)
    for what, number in found.made.items():
        if number > expected.made.get(what, 0):
            yield f"{what}: {number} check runs, and not {expected.made.get(what, 0)}"
