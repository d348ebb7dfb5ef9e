"""What is noted of requests to GitHub in the very moment: who was asked for patience, who made what a second time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.adapters.github_errors import patience
from reconciler.adapters.github_http import TIMEOUT, Answer, Call
from reconciler.checks.replies import MARK
from tests.github.records import CheckRun, Comment

if TYPE_CHECKING:
    from tests.histories.github.world import GitHubHistoryWorld


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that is on its way: of which process, and when it set out."""

    process: str
    number: int
    at: float  # by GitHub's clock


@dataclass(frozen=True, slots=True)
class _Pause:
    until: float  # by GitHub's clock
    number: int  # requests that set out later know of it
    jumps: int  # of the machine's clock by then: one that jumps since makes it end early


@dataclass
class Referee:
    """Looks over the shoulder of every process."""

    world: GitHubHistoryWorld
    numbers: int = 0
    was_late: bool = False  # a process slept over a request that it had entered as spent, for longer than one may take
    # (process, list) → when it was read last, in order and by GitHub's clock
    looked: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    # check run or comment → the request that made it, and when lists began to show it
    made: dict[int, tuple[Sent, float]] = field(default_factory=dict)
    _pauses: dict[str, _Pause] = field(default_factory=dict)

    def sets_out(self, process: str) -> Sent:
        self.numbers += 1
        return Sent(process, self.numbers, self.world.its_clock.now())

    def arrives(self, sent: Sent, call: Call, actor: str) -> list[str]:
        """Before GitHub does it: what is wrong if it does."""
        self.was_late |= self.world.its_clock.now() - sent.at > TIMEOUT
        pause = self._pauses.get(actor)
        if pause is not None and sent.number > pause.number and pause.jumps == self.world.jumps:
            left = pause.until - self.world.its_clock.now()
            if left > 0:
                self.world.wrong.append(f"{call.verb} {call.path} by {actor} was sent {left:.0f} s too early")
        if call.verb == "POST" and call.path.endswith("/check-runs"):
            return list(self._second_run(sent, dict(call.body or {})))
        if call.verb == "POST" and call.path.endswith("/comments"):
            return list(self._second_comment(sent, call))
        return []

    def done(self, sent: Sent, call: Call, answer: Answer, wrong: Sequence[str]) -> None:
        """After GitHub did it, or did not, whether or not that is heard of."""
        if answer.status == 201 and call.path.endswith(("/check-runs", "/comments")):
            self.made[int(answer.data["id"])] = sent, self.world.its_clock.now() + self.world.github.state.lag
            self.world.wrong += wrong
        if call.verb == "GET" and answer.status in (200, 304):
            self.numbers += 1
            self.looked[sent.process, _list(call.path)] = self.numbers, self.world.its_clock.now()

    def heard(self, call: Call, actor: str, answer: Answer) -> None:
        """The process has the answer."""
        seconds = patience(answer) if answer.status in (403, 429) else None
        if seconds is not None:
            self.numbers += 1
            told = self.world.its_clock.now() + seconds
            known = self._pauses.get(actor)
            until = max(told, known.until) if known else told
            self._pauses[actor] = _Pause(until, self.numbers, self.world.jumps)

    def _second_run(self, sent: Sent, body: dict[str, Any]) -> Iterator[str]:
        """A run is made where there is one, which was there when the list was read, and need not be replaced."""
        sha, key = body["head_sha"], key_in(body["external_id"])
        there = [run for run in self.world.runs_at(sha) if key_in(run.external_id) == key]
        if there and not self._came_since(sent, there[-1], f"/commits/{sha}/check-runs"):
            wanted = Counter(map(_remark, body["output"].get("annotations", ())))
            if Counter(map(_remark, there[-1].annotations)) <= wanted:
                yield f"a second check run {body['name']} was made on {sha[:7]}"

    def _second_comment(self, sent: Sent, call: Call) -> Iterator[str]:
        number = int(call.path.split("/")[-2])
        ours = self.world.ours_on(number)
        text = str((call.body or {}).get("body", ""))
        if text.startswith(MARK) and ours and not self._came_since(sent, ours[-1], f"/issues/{number}/comments"):
            yield f"a second comment was made on pull request {number}"

    def _came_since(self, sent: Sent, thing: CheckRun | Comment, listed: str) -> bool:
        """Whether another process made it after this one had read the list, or so late before that it was not on it."""
        if thing.id not in self.made:
            return False
        made, shown_at = self.made[thing.id]
        number, looked_at = self.looked.get((sent.process, listed), (0, 0.0))
        return made.process != sent.process and (made.number > number or shown_at > looked_at)


def key_in(external_id: str) -> str:
    """What stays of an external id however the check is worded."""
    return external_id.rsplit(":", 2)[0]


def _list(path: str) -> str:
    """A list below any repository: `/commits/…`."""
    parts = urlsplit(path).path.split("/")
    return "/" + "/".join(parts[3 if parts[1] == "repositories" else 4 :])


def _remark(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["path"], one["start_line"], one["annotation_level"], one.get("title"), one["message"]
