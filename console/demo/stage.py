"""What the parts of the demo share: where it plays, how facts are waited for, demanded and told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from console.config import Config
from console.demo.clock import DemoClock
from console.demo.sample import Sample
from console.failures import NO, Failure
from console.service import Service
from reconciler.checks.glyphs import look
from reconciler.engine.model import Status
from reconciler.keys import FlowKey, RepositoryKey
from reconciler.records import Wake
from reconciler.store import Store

REPOSITORY = "irises"
PATIENCE = 60.0  # s for anything the story waits for
LOOK = 0.1  # s between two looks

Check = dict[str, Any]
Found = TypeVar("Found")

_GLYPHS = {
    "success": look(Status.SUCCEEDED).glyph,
    "failure": look(Status.FAILED).glyph,
    "skipped": look(Status.SKIPPED).glyph,
}


@dataclass(slots=True)
class Stage:
    """Where the demo plays: a repository, and a service in this process that serves it."""

    sample: Sample
    config: Config
    service: Service
    clock: DemoClock

    @property
    def store(self) -> Store:
        """What the service remembers."""
        return self.service.store

    def pushed(self) -> None:
        """Tell the service that there is something new, as a hook of the repository would."""
        self.service.store.wake([Wake(RepositoryKey(REPOSITORY))])

    def look_at(self, flow: str) -> None:
        """Have the service look at a flow, as it does by itself when something is due."""
        self.service.store.wake([Wake(FlowKey(flow))])

    def check(self, sha: str, name: str = "headgate") -> Check:
        """A check as it stands on a commit once it is completed."""
        return until(f"the check {name} on {sha[:7]}", lambda: _completed(self.sample.checks(sha).get(name)))


def _completed(check: Check | None) -> Check | None:
    return check if check is not None and check["status"] == "completed" else None


def until(what: str, found: Callable[[], Found | None], seconds: float = PATIENCE) -> Found:
    """What is found as soon as it is there. Raises Failure if it does not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = found()
        if answer:
            return answer
        time.sleep(LOOK)
    raise Failure("demo-untrue", f"The story broke off: {what} did not come within {seconds:g} s.", exit_code=NO)


def demand(fact: bool, sentence: str) -> None:
    """Raises Failure unless the story came true."""
    if not fact:
        do = "This is a fault of Headgate or of this machine; please report it with the lines above."
        raise Failure("demo-untrue", f"The story did not come true: {sentence}", do=do, exit_code=NO)


def heading(number: int, text: str) -> None:
    """Begin a part."""
    click.echo()
    click.secho(f"{number}. {text}", bold=True)


def say(text: str) -> None:
    """One line of the story."""
    click.echo(f"   {text}")


def say_check(check: Check) -> None:
    """A check in one line: how it ended, its name and its title."""
    conclusion = check.get("conclusion", "")
    say(f"{_GLYPHS.get(conclusion, '·')} {check['name']:<34} {check['title']}")
