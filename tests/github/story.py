"""The life of a flow as a team on GitHub sees it: `make story-github`.

GitHub is the one of tests/github; Headgate is a process of its own that knows nothing of that: signed webhooks, Git
over HTTP, and a configuration as for the real one. Ends with code 1 as soon as something does not come true.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml

from console.demo import examples
from reconciler.adapters.process_records import folder_of
from reconciler.adapters.process_signals import kill_strays
from tests.github.packages import Unavailable
from tests.github.records import CheckRun
from tests.github.world import FakeGitHub

SHOP = "acme/irises"
SECRET = "only GitHub and we know"
PATIENCE = 120.0  # s for anything the story waits for
POLL = 5  # s
NAMES = ("iris", "nested", "serving", "test-pipeline")

Found = TypeVar("Found")


class Untrue(Exception):
    """The story did not come true."""


class Headgate:
    """`headgate serve` as a child process; `kill` is kill -9."""

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.folder = folder
        self.file = folder / "headgate-server.yaml"
        self.file.write_text(yaml.safe_dump(dict(config), sort_keys=False))
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""  # that it serves at

    def start(self) -> str:
        """Returns the address that it serves at."""
        log = self.folder / "serve.log"
        before = log.stat().st_size if log.exists() else 0
        with log.open("ab") as said:
            command = [sys.executable, "-m", "console", "serve", "--config", str(self.file)]
            self.process = subprocess.Popen(command, stdout=said, stderr=said)
        line = until("the service", lambda: next((one for one in self._lines(before) if " at http" in one), None))
        self.address = line.split(" at ", 1)[1].split()[0]
        return self.address

    def kill(self) -> None:
        """Nothing in it gets to say a word."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """As an operator ends it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def log(self) -> str:
        """All that it has said."""
        return (self.folder / "serve.log").read_text()

    def _lines(self, start: int) -> list[str]:
        return self.log()[start:].splitlines()


def until(what: str, found: Callable[[], Found | None]) -> Found:
    """What is found as soon as it is there. Raises Untrue."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = found()
        if answer:
            return answer
        time.sleep(0.1)
    raise Untrue(f"{what} did not come within {PATIENCE:g} s.")


def demand(fact: bool, sentence: str) -> None:
    """Raises Untrue unless the story came true."""
    if not fact:
        raise Untrue(sentence)


class Story:
    """What the parts share."""

    def __init__(self, github: FakeGitHub, headgate: Headgate) -> None:
        self.github = github
        self.headgate = headgate
        self.part = 0

    def heading(self, text: str) -> None:
        """Begin a part."""
        self.part += 1
        print(f"\n{self.part}. {text}", flush=True)

    def completed(self, name: str, sha: str) -> CheckRun:
        """A check once it has its verdict."""

        def found() -> CheckRun | None:
            newest = self.newest(name, sha)
            return newest if newest is not None and newest.status == "completed" else None

        return until(f"the check {name} on {sha[:7]}", found)

    def newest(self, name: str, sha: str) -> CheckRun | None:
        """The check run of a name that counts."""
        return max(self.github.check_runs(sha, name), key=lambda run: run.id, default=None)

    def show(self, run: CheckRun, whole: bool = False) -> None:
        """A check as a person reads it."""
        print(f"   [{run.conclusion or run.status}] {run.name}: {run.title}")
        if whole:
            for line in run.summary.splitlines():
                print(f"      | {line}")
        for note in run.annotations if whole else ():
            print(f"      {note['path']}:{note['start_line']}: {note['annotation_level']}: {note['message']}")
        for button in run.actions:
            print(f"      ({button['label']})")


# --- the parts --------------------------------------------------------------------------------------------------------


def install(story: Story) -> None:
    """The App is installed, and what was there before is known and not started."""
    story.heading(f"The App is installed on {SHOP}")
    head = story.github.head()
    gate = story.completed("headgate", head)
    story.show(gate)
    demand(gate.conclusion == "success", "the flows of the repository are known.")
    demand([run.name for run in story.github.check_runs(head)] == ["headgate"], "installing starts nothing.")


def refuse(story: Story) -> Any:
    """A pull request with mistakes: one umbrella check, every mistake on its line."""
    story.heading("A pull request is opened, with mistakes")
    pull = story.github.open_pull_request(
        examples.with_mistakes(), branch="classify", title="Classify irises", by="ann"
    )
    gate = story.completed("headgate", pull.head_sha)
    story.show(gate, whole=True)
    demand(gate.conclusion == "failure", "the umbrella check refuses the pull request.")
    demand(len(gate.annotations) == 6, "each of the six mistakes is on its line.")
    return pull


def preview(story: Story, pull: Any) -> None:
    """The mended pull request says what its merge would do; a command is answered in one comment."""
    story.heading("The mistakes are mended, and somebody asks for the plan")
    story.github.push_to(pull, examples.mended())
    gate = story.completed("headgate", pull.head_sha)
    story.show(gate, whole=True)
    for name in NAMES:
        story.show(story.completed(f"headgate/{name}", pull.head_sha))
    demand(gate.conclusion == "success", "the umbrella check lets the mended pull request pass.")
    story.github.comment(pull, "What would that do?\n\n/plan iris", by="ann")
    answer = until(
        "the answer", lambda: next((one for one in story.github.comments(pull) if "headgate:" in one.body), None)
    )
    print(f"   {answer.author.login} answers:")
    for line in answer.body.splitlines()[:16]:
        print(f"      | {line}")


def try_out(story: Story, pull: Any) -> None:
    """Before it is merged a flow runs on trial, as somebody asks for it; its end stands in the same one comment."""
    story.heading("Somebody wants to see a flow run before that")
    story.github.comment(pull, "/run nested", by="ann")
    trial = story.completed("headgate/nested (trial)", pull.head_sha)
    story.show(trial)
    demand(trial.conclusion == "success", "the flow runs as the pull request has it.")
    until("its end in the answer", lambda: [one for one in story.github.comments(pull) if "(succeeded" in one.body])
    demand(story.completed("headgate/nested", pull.head_sha).title == "Merging runs 4 ops", "a trial merges nothing.")


def merge(story: Story, pull: Any) -> str:
    """The merge starts the flows; every op's status is on the merged commit."""
    story.heading("It is merged: flows run, and say how on the commit")
    sha = story.github.merge(pull)
    for name in NAMES:
        flow = story.completed(f"headgate/{name}", sha)
        story.show(flow, whole=name == "iris")
        demand(flow.conclusion == "success", f"the flow {name} succeeds.")
    ops = [run.name for run in story.github.check_runs(sha) if run.name.count("/") > 1]
    print(f"   and {len(ops)} checks of ops, such as {', '.join(sorted(ops)[:3])}")
    demand(len(ops) > 5, "ops have checks of their own.")
    return sha


def lose(story: Story) -> CheckRun:
    """Every webhook is lost: a merge is seen all the same."""
    story.heading("Every webhook is lost: a commit with a flow that fails is seen by looking")
    story.github.webhooks.drop()
    sha = story.github.push({"flows/fragile.yaml": _fragile(story.headgate.folder / "mended")})
    failed = story.completed("headgate/fragile", sha)
    story.show(failed, whole=True)
    demand(failed.conclusion == "failure", "the flow fails as it should.")
    story.github.webhooks.normal()
    return failed


def rerun(story: Story, failed: CheckRun) -> None:
    """A button is pressed, now that webhooks come again."""
    story.heading("Its cause is gone: somebody presses Re-run failed")
    (story.headgate.folder / "mended").touch()
    story.github.press(failed, "Re-run failed", by="ann")
    again = until("the second run", lambda: _good(story.newest(failed.name, failed.head_sha)))
    story.show(again)


def _good(run: CheckRun | None) -> CheckRun | None:
    return run if run is not None and run.conclusion == "success" else None


def survive(story: Story) -> None:
    """The service is killed in mid-run and started again: nothing runs twice, no check is there twice."""
    story.heading("The service is killed in the middle of a run, and started again")
    journal = story.headgate.folder / "journal"
    sha = story.github.push(examples.slow(journal))
    until("the first op", journal.exists)
    story.headgate.kill()
    print("   killed")
    story.headgate.start()
    for flow in until("its flows", lambda: _flows(story, sha)):
        story.show(story.completed(flow, sha))
    names = sorted({run.name for run in story.github.check_runs(sha)})
    twice = [name for name in names if len(story.github.check_runs(sha, name)) > 1]
    lines = journal.read_text().split()
    demand(not twice, "no check is there twice.")
    demand(len(lines) == len(set(lines)), "no op ran twice.")


def _flows(story: Story, sha: str) -> list[str]:
    return sorted({run.name for run in story.github.check_runs(sha) if run.name.count("/") == 1})


def _fragile(mended: Path) -> str:
    train = {
        "name": "train",
        "component": {"run": {"kind": "job", "container": {"command": ["test", "-e", str(mended)], "image": "sh"}}},
    }
    return yaml.safe_dump({"version": 1.1, "kind": "component", "run": {"kind": "dag", "operations": [train]}})


def count(story: Story) -> None:
    """What it took: every request was one that GitHub describes, and no limit was touched."""
    story.heading("Everything came true")
    github = story.github
    for line in github.requests.lines():
        print(f"   {line}")
    print(f"   {len(github.requests)} requests, {len(github.complaints)} of them not as GitHub describes.")
    demand(not github.complaints, "every request is valid: " + "; ".join(github.complaints[:3]))
    demand(not github.limits.refused, "no limit is violated.")


# --- the whole --------------------------------------------------------------------------------------------------------


@contextmanager
def staged(folder: Path, files: Mapping[str, str] | None = None) -> Iterator[Story]:
    """GitHub with a repository of these files, an App on it, and Headgate as its configuration says."""
    github = FakeGitHub(folder / "github")
    data = folder / "data"
    try:
        github.repository(SHOP, files or {**examples.at_first(), **_ends()}, private=True)
        github.allow("ann", "write")
        app = github.register_app()
        github.install(app)
        (folder / "app.pem").write_text(app.private_key)
        os.environ["HEADGATE_WEBHOOK_SECRET"] = SECRET
        headgate = Headgate(folder, _config(github, str(app.id), data))
        try:
            github.deliver_to(f"{headgate.start()}/webhooks/github", secret=SECRET)
            yield Story(github, headgate)
        finally:
            headgate.stop()
            kill_strays([folder_of(str(data.resolve()), path.name) for path in data.glob("attempts/*/*")])
    finally:
        github.close()


def _config(github: FakeGitHub, app: str, data: Path) -> Mapping[str, Any]:
    return {
        "dataDir": str(data),
        "listen": "127.0.0.1:0",
        "slots": 4,
        "github": {
            "apiUrl": github.api_url,
            "app": {"id": app, "privateKey": {"file": "app.pem"}},
            "webhookSecrets": [{"env": "HEADGATE_WEBHOOK_SECRET"}],
            "runLocally": True,
            "pollSeconds": POLL,
        },
    }


def _ends() -> dict[str, str]:
    return {path: text for path, text in examples.services_end_with_runs().items() if text is not None}


def tell(folder: Path) -> None:
    """Play all parts. Raises Untrue."""
    with staged(folder) as story:
        install(story)
        pull = refuse(story)
        preview(story, pull)
        try_out(story, pull)
        merge(story, pull)
        rerun(story, lose(story))
        survive(story)
        count(story)


def main() -> None:
    """Tell it in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="headgate-github-") as folder:
        try:
            tell(Path(folder))
        except Unavailable as error:
            sys.exit(f"The story cannot be told here: {error}")
        except Untrue as error:
            print(f"\nThe story did not come true: {error}", file=sys.stderr)
            print((Path(folder) / "serve.log").read_text()[-3000:], file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
