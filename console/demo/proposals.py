"""The first parts of the demo: a repository is connected, and a proposal is judged until it can be merged."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from console.demo import examples
from console.demo.stage import REPOSITORY, Check, Stage, demand, heading, say, say_check
from reconciler.checks.words import count

BRANCH = "classify"
MISTAKES = (
    ("flows/iris.yaml", 17, "output-unknown"),
    ("flows/iris.yaml", 40, "ref-not-found"),
    ("flows/nested.yaml", 11, "dag-cycle"),
    ("flows/seed.yaml", 9, "param-undeclared"),
    ("flows/seed.yaml", 11, "ref-not-found"),
    ("flows/seed.yaml", 26, "image-missing"),
)


def connect(stage: Stage, head: str) -> None:
    """Part 1: the flows of a repository are known when it is connected, and none of them is started."""
    heading(1, f"A repository is connected: {REPOSITORY}, at commit {head[:7]}")
    gate = stage.check(head)
    flows = stage.store.flows(REPOSITORY)
    say_check(gate)
    for flow in flows:
        schedule = stage.store.schedule(flow.id)
        if schedule is not None and schedule.next_at is not None:
            at = datetime.fromtimestamp(schedule.next_at, UTC)
            say(f"{flow.name} has a schedule: its next run is due at {at:%Y-%m-%d %H:%M} UTC.")
    demand(len(flows) >= 15 and gate["conclusion"] == "success", "the flows of the repository are known.")
    demand(not stage.store.runs(), "connecting a repository starts nothing.")


def refuse(stage: Stage) -> None:
    """Part 2: a proposal with mistakes is judged on its lines before anybody merges it."""
    heading(2, f"A branch is pushed, with mistakes: {BRANCH}")
    sha = stage.sample.commit(BRANCH, "Classify irises", examples.with_mistakes())
    stage.pushed()
    gate = stage.check(sha)
    say(f"$ git notes --ref=checks show {sha[:7]}")
    say_check(gate)
    for note in gate.get("annotations", ()):
        say(f"  {note['file']}:{note['line']}:{note.get('column', 1)}: {note['message']} [{note['title']}]")
    found = tuple((note["file"], note["line"], note["title"]) for note in gate.get("annotations", ()))
    demand(gate["conclusion"] == "failure", "the gate refuses the branch.")
    demand(found == MISTAKES, "every mistake is found, on its line, and nothing else.")
    say("The last three are in the file as it was published once; the gate finds what nobody had noticed.")


def preview(stage: Stage) -> None:
    """Part 3: the mended proposal is told what merging it would do."""
    heading(3, "The branch is mended: what would the merge do?")
    sha = stage.sample.commit(BRANCH, "Mend the mistakes", examples.mended())
    stage.pushed()
    gate = stage.check(sha)
    say_check(gate)
    demand(gate["conclusion"] == "success", "the gate lets the mended branch pass.")
    plans = [check for name, check in sorted(stage.sample.checks(sha).items()) if name != "headgate"]
    for check in plans:
        say_check(check)
    demand(len(plans) == 4, "each of the four new flows has a preview.")
    iris = next(check for check in plans if check["name"] == "headgate/iris")
    say("The plan of iris:")
    for line in _tree(iris):
        say(f"  {line}")
    demand(not stage.store.runs(), "a proposal starts nothing.")
    say(f"Nothing has run so far: {count(len(stage.store.runs()), 'run')}.")


def _tree(check: Check) -> list[str]:
    """The plan as it is drawn in the check's text."""
    drawn = re.search(r"```text\n(.*?)\n```", check.get("text", ""), re.DOTALL)
    demand(drawn is not None, "the preview shows the plan as a tree.")
    return drawn.group(1).splitlines() if drawn else []
