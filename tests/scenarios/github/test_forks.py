"""Forks and hostile names: judged without anybody's approval, and nothing of theirs is obeyed."""

import base64
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.adapters.git_commands import Git
from reconciler.adapters.git_https import NotThere, Wish, fetch
from reconciler.adapters.github_http import Secret
from tests.documents import exits
from tests.scenarios.github.world import POLL, GitHubWorld, flow

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

MORE = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}
HOSTILE_BRANCHES = [
    "--upload-pack=touch${IFS}pwned",
    "$(touch${IFS}pwned)",
    "`touch${IFS}pwned`;true",
    "a|touch${IFS}pwned",
    "-c-core.sshCommand=touch",
    "refs/heads/main",
    "x'y\"z&&true",
    "été/🦊",
    "gh-readonly-queue-like/main/pr-1-0",
]
HOSTILE_BASES = ["$(touch${IFS}pwned)", "-c", "x'y\"z&&true"]
HOSTILE_FILES = [
    "flows/--output=pwned.yaml",
    "flows/$(touch pwned).yaml",
    "flows/`touch pwned`.yaml",
    "flows/a\nb.yaml",
    "flows/; touch pwned #.yaml",
    "flows/\x1b[2Jclear.yaml",
    "flows/@everyone.yaml",
    ".gitattributes",
    ".gitmodules",
]


@pytest.fixture
def connected(world: GitHubWorld) -> GitHubWorld:
    world.connect()
    return world


def traces(world: GitHubWorld) -> list[Path]:
    """What a command that was obeyed would have left behind."""
    return [*world.data.parent.rglob("pwned*"), *Path.cwd().glob("*pwned*")]


def test_a_fork_is_judged_without_approval(connected: GitHubWorld):
    pull = connected.github.open_pull_request(MORE, by="eve", fork=True)
    connected.pass_time()

    assert connected.check(pull.head_sha).title == "Ready: merging starts churn (2 ops)"
    assert connected.executor.started == []


def test_a_fork_that_is_deleted_leaves_its_pull_request_judged(connected: GitHubWorld):
    pull = connected.github.open_pull_request(MORE, by="eve", fork=True)
    connected.github.delete_repository("eve/shop")
    connected.pass_time()

    assert connected.check(pull.head_sha).conclusion == "success"


def test_branches_with_hostile_names_are_judged_and_not_obeyed(connected: GitHubWorld):
    github = connected.github
    pulls = [
        github.open_pull_request({**MORE, "n": str(n)}, branch=name, by="eve", fork=True, title="$(touch pwned)\n@all")
        for n, name in enumerate(HOSTILE_BRANCHES)
    ]
    connected.pass_time()

    assert [connected.check(pull.head_sha).conclusion for pull in pulls] == ["success"] * len(pulls)
    assert traces(connected) == []


def test_bases_with_hostile_names_are_followed_or_left_out_and_not_obeyed(connected: GitHubWorld):
    github = connected.github
    for base in HOSTILE_BASES:
        github.git().set_ref(f"refs/heads/{base}", github.head())
        github.open_pull_request(MORE, base=base)
    other = github.open_pull_request({"flows/other.yaml": flow()})
    connected.pass_time()

    assert connected.check(other.head_sha).conclusion == "success"
    assert traces(connected) == []


def test_files_with_hostile_names_are_judged_and_not_obeyed(connected: GitHubWorld):
    files = {name: flow() for name in HOSTILE_FILES}
    links = {"flows/link.yaml": ("120000", "/etc/passwd"), "hub/up.yaml": ("120000", "../../../../etc/passwd")}
    pull = connected.github.open_pull_request({**files, **links}, by="eve", fork=True)
    connected.pass_time()

    gate = connected.check(pull.head_sha)
    assert gate.status == "completed"
    assert "root:" not in gate.summary + gate.text
    assert "\x1b" not in gate.summary + gate.text + gate.title
    assert traces(connected) == []


def test_settings_of_a_fork_do_not_rule_over_its_own_judgement(connected: GitHubWorld):
    settings = "flows: ['nothing/**']\n"
    bad = {"flows/churn.yaml": "kind: component\nrun: {kind: nothing}\n", ".headgate.yaml": settings}
    pull = connected.github.open_pull_request(bad, by="eve", fork=True)
    connected.pass_time()

    assert connected.check(pull.head_sha).conclusion == "failure"


# --- the token --------------------------------------------------------------------------------------------------------


class Watch:
    """Looks at the command line and environment of every git that this process has started."""

    def __init__(self) -> None:
        self.arguments: set[bytes] = set()
        self.environments: set[bytes] = set()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(0.002):
            for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
                self._look(Path(f"/proc/{pid}"))

    def _look(self, place: Path) -> None:
        try:
            line = (place / "cmdline").read_bytes()
            if b"git" in line and b"http-backend" not in line:
                self.arguments.add(line)
                self.environments.add((place / "environ").read_bytes())
        except OSError:
            pass  # it has ended


def secrets_of(world: GitHubWorld) -> list[bytes]:
    """Every token that was given out, as it is and as it travels."""
    tokens = [value.encode() for value in world.github.state.tokens]
    return [*tokens, *(base64.b64encode(b"x-access-token:" + token).rstrip(b"=")[:-2] for token in tokens)]


def test_no_token_is_in_an_argument_a_file_or_the_log(connected: GitHubWorld, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    github = connected.github
    github.faults.latency = 0.05
    with Watch() as watch:
        github.open_pull_request(MORE, by="eve", fork=True)
        connected.pass_time()
        github.faults.error("git", times=3)
        github.faults.reset("GET", times=2)
        github.push(MORE)
        connected.pass_time(3 * POLL)
    secrets = secrets_of(connected)

    assert secrets
    assert any(b"fetch" in line for line in watch.arguments)
    assert any(secret in one for one in watch.environments for secret in secrets), "the watch would see one"
    said = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    for secret in secrets:
        assert not [line for line in watch.arguments if secret in line]
        assert secret.decode() not in said
        assert not [asked for asked in github.requests if secret.decode() in asked.path]
    assert files_with(connected, secrets) == []


def files_with(world: GitHubWorld, secrets: list[bytes]) -> list[Path]:
    """Files of ours, the database included, in which one of them stands."""
    files = [file for file in world.data.parent.rglob("*") if file.is_file() and "github" not in file.parts]
    return [file for file in files if any(secret in file.read_bytes() for secret in secrets)]


def test_a_server_that_sends_git_elsewhere_is_not_followed_with_the_token(connected: GitHubWorld):
    """The repository's address leads to another host from now on; whatever listens there hears nothing of us."""
    heard: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(str(self.headers))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    class Leading(Elsewhere):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{elsewhere.server_port}{self.path}")
            self.end_headers()

    here = ("127.0.0.1", 0)
    with ThreadingHTTPServer(here, Elsewhere) as elsewhere, ThreadingHTTPServer(here, Leading) as leading:
        for server in (elsewhere, leading):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror = Git(connected.source.mirror_of("acme/shop"), bare=True)
        with pytest.raises(NotThere):
            fetch(mirror, f"http://127.0.0.1:{leading.server_port}/acme/shop.git", Secret("sesame"), Wish())
        leading.shutdown()
        elsewhere.shutdown()

    assert heard == []
