"""Whole stories at GitHub: what people do, one thing after the other, each when the last has been seen to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.histories.github.world import GitHubHistoryWorld
from tests.world import dag, exits, op, runs_forever

Files = Mapping[str, Any] | None


class Telling:
    """A story while it is told; people wait so many seconds until they do the next thing."""

    def __init__(self, world: GitHubHistoryWorld, start: str, patience: float) -> None:
        self.world = world
        self.patience = patience
        at_first = {pull.head_sha: f"the first head of {branch}" for branch, pull in world.pulls.items()}
        self.commits = {start: "the start", **at_first}  # sha → what it is called
        self.rest()

    def rest(self) -> None:
        """Wait until nothing moves any more."""
        self.world.pass_time(self.patience, step=self.patience)

    def push(self, name: str, **files: Files) -> str:
        """A commit on the default branch, which is called so from now on."""
        return self._known(self.world.push(**files), name)

    def propose(self, name: str, branch: str = "topic", **files: Files) -> str:
        """A commit on the branch of a pull request, which is opened where it is not."""
        return self._known(self.world.propose(branch, **files), name)

    def accept(self, name: str, branch: str = "topic") -> str:
        """The pull request is merged."""
        return self._known(self.world.accept(branch), name)

    def queue(self, name: str, branch: str = "topic") -> str:
        """The pull request is put into the merge queue."""
        return self._known(self.world.github.queue(self.world.pulls[branch])[0].sha, name)

    def merge_queue(self) -> None:
        sha = self.world.github.merge_queue(repository=self.world.repo)
        self.world.files = dict(self.world.source.trees[sha])
        self.rest()

    def close(self, branch: str = "topic") -> None:
        self.world.github.close_pull_request(self.world.pulls[branch])
        self.rest()

    def comment(self, body: str, branch: str = "topic", by: str = "ann") -> None:
        self.world.comment(branch, body, by=by)
        self.rest()

    def press(self, check: str, sha: str, button: str = "") -> None:
        """A button of a check, or Re-run."""
        run = [run for run in self.world.runs_at(sha) if run.name == check][-1]
        if button:
            self.world.github.press(run, button)
        else:
            self.world.github.rerequest(run)
        self.rest()

    def _known(self, sha: str, name: str) -> str:
        self.commits[sha] = name
        self.rest()
        return sha


Story = Callable[[Telling], None]


def a_proposal(story: Telling) -> None:
    """It is refused, mended, asked about and merged; its flow runs."""
    story.propose("the first head", churn=dag({"train": exits(0), "broken": {"dependencies": ["nobody"]}}))
    story.propose("the second head", churn=dag({"train": exits(0), "tell": exits(0, dependencies=["train"])}))
    story.comment("/help")
    story.comment("What would that do?\n\n/plan churn")
    story.comment("/plan", by="eve")
    story.accept("the merge")


def a_run_that_fails(story: Telling) -> None:
    """It is told of; what failed is run again by a button, then Re-run of its check is pressed."""
    sha = story.push("the merge", churn=dag({"prepare": exits(0), "train": exits(1, dependencies=["prepare"])}))
    story.press("headgate/churn", sha, "Re-run failed")
    story.press("headgate/churn", sha)


def a_run_that_is_stopped(story: Telling) -> None:
    """A person lets an op go on, and stops another one, each by a button."""
    guarded = exits(0, isApproved=False)
    ops = {"deploy": guarded, "after": op("forever", dependencies=["deploy"])}
    sha = story.push("the merge", churn=dag(ops))
    story.press("headgate/churn", sha, "Approve")
    story.press("headgate/churn", sha, "Cancel")


def a_trial(story: Telling) -> None:
    """A flow runs before it is merged, twice; the second time it is stopped. The proposal is held, and closed."""
    story.propose("the head", churn=dag({"train": exits(1)}), other=dag({"wait": runs_forever()}))
    story.comment("/run churn")
    story.comment("/run other")
    story.comment("/cancel")
    story.comment("/hold")
    story.close()


def a_merge_queue(story: Telling) -> None:
    """What is in it is judged as it would be merged, and is merged."""
    story.propose("the head", churn=dag({"train": exits(0)}))
    story.queue("the entry")
    story.merge_queue()


STORIES: Sequence[Story] = (a_proposal, a_run_that_fails, a_run_that_is_stopped, a_trial, a_merge_queue)
