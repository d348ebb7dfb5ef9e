"""`init` in front of a local op: files, copies, clones, commands; and connections."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.process_connections import Connection
from reconciler.engine.model import Status
from tests.reconciler.adapters.process_world import Machine, eventually, lease, row, sh

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    shared = tmp_path / "shared"
    (shared / "images").mkdir(parents=True)
    (shared / "images/one.txt").write_text("one")
    (tmp_path / "token").write_text("s3cr3t\n")
    connections = (
        Connection("data", "host_path", {"hostPath": str(shared)}, env={"DATA": "here"}),
        Connection("code", "git", {"url": str(tmp_path / "origin")}, secrets={"token": f"file:{tmp_path}/token"}),
        Connection("db", "postgres", secret_env={"PASSWORD": f"file:{tmp_path}/token"}),
        Connection("broken", "postgres", secret_env={"PASSWORD": "env:NO_SUCH_VARIABLE"}),
    )
    machine = Machine(tmp_path / "data", connections={each.name: each for each in connections})
    yield machine
    machine.executor.close()


@pytest.fixture
def origin(tmp_path: Path) -> tuple[str, str]:
    """A repository with two commits; gives the shas."""
    place = tmp_path / "origin"

    def git(*arguments: str) -> str:
        given = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
        return subprocess.run(given, cwd=place, check=True, capture_output=True, text=True).stdout.strip()

    place.mkdir()
    git("init", "--quiet", "-b", "main")
    shas = []
    for text in ("first", "second"):
        (place / "file").write_text(text)
        git("add", "file")
        git("commit", "--quiet", "-m", text)
        shas.append(git("rev-parse", "HEAD"))
    return shas[0], shas[1]


def test_a_file_is_made_with_its_content_and_mode(machine):
    entry = {"file": {"filename": "hello.sh", "content": "#!/bin/sh\necho hello\n", "chmod": "755"}, "path": "bin"}
    op = sh("a-1", "$HEADGATE_ARTIFACTS_PATH/bin/hello.sh", init=(entry,))

    end = machine.run(op)

    assert end.status is Status.SUCCEEDED
    assert machine.log(op) == "headgate: init 1 (file)\nhello\n"
    init, main = re.findall(r"^(?:init|op) \d+ ([\d.]+)$", (machine.folder(op) / "claim").read_text(), re.MULTILINE)
    assert float(init) < float(main) == end.started_at


def test_paths_of_a_connection_are_copied(machine):
    entry = {"connection": "data", "paths": ["images"]}
    op = sh("a-1", "cat $HEADGATE_ARTIFACTS_PATH/data/images/one.txt", init=(entry,))

    assert machine.run(op).exit_code == 0
    assert machine.log(op).endswith("one")


def test_a_connection_adds_its_environment_to_an_op_that_names_it(machine):
    op = sh("a-1", "echo $DATA", connections=("data",))

    machine.run(op)

    assert machine.log(op) == "here\n"


def test_artifacts_of_another_attempt_are_copied_with_new_names(machine):
    first = sh("a-1", "echo 1 > $HEADGATE_ARTIFACTS_PATH/outputs/model; mkdir $HEADGATE_ARTIFACTS_PATH/d")
    machine.run(first)
    there = machine.executor.paths(first).artifacts
    entry = {"artifacts": {"files": [[f"{there}/outputs/model", "m/model"]], "dirs": [f"{there}/d"]}}
    second = sh("a-2", "cat $HEADGATE_ARTIFACTS_PATH/m/model; ls $HEADGATE_ARTIFACTS_PATH", init=(entry,))

    machine.run(second)

    assert machine.log(second).splitlines()[1:] == ["1", "d", "m", "outputs"]


@pytest.mark.parametrize("revision", ["", "main", 0, 1])
def test_a_revision_is_cloned(machine, origin, revision):
    wanted = origin[revision] if isinstance(revision, int) else revision
    op = sh(
        "a-1", "cat $HEADGATE_ARTIFACTS_PATH/code/file", init=({"connection": "code", "git": {"revision": wanted}},)
    )

    assert machine.run(op).status is Status.SUCCEEDED, machine.log(op)
    assert machine.log(op).endswith("first" if revision == 0 else "second")


def test_credentials_of_init_are_neither_in_files_nor_in_the_environment_of_the_op(machine, origin):
    parent = "tr '\\0' ' ' < /proc/$PPID/cmdline; tr '\\0' ' ' < /proc/$PPID/environ; ls -l /proc/$PPID/fd | grep memfd"
    script = f"env; readlink /proc/$$/fd/0; {parent}"
    op = sh("a-1", script, init=({"connection": "code"},))

    machine.run(op)

    folder = machine.folder(op)
    texts = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert not any(b"s3cr3t" in text or b"Authorization" in text for text in texts)
    assert "\n/dev/null\n" in machine.log(op)
    assert "memfd" not in machine.log(op)


def test_a_clone_that_fails_says_why_and_the_op_is_not_run(machine, tmp_path):
    entry = {"git": {"url": f"file://user:pass@{tmp_path}/nowhere"}}
    op = sh("a-1", "echo ran", init=(entry,))

    end = machine.run(op)

    assert (end.status, end.reason, end.started_at) == (Status.FAILED, "InitFailed", None)
    assert end.message.startswith("init 1 (git): git fetch failed: fatal:")
    assert "pass" not in end.message + machine.log(op)
    assert "ran" not in machine.log(op)


def test_protocols_that_execute_commands_are_refused_by_git(machine, tmp_path):
    op = sh("a-1", "true", init=({"git": {"url": f"ext::touch {tmp_path}/owned"}},))

    assert machine.run(op).reason == "InitFailed"
    assert not (tmp_path / "owned").exists()


def test_a_command_of_init_runs_first(machine):
    entry = {"container": {"command": ["/bin/sh", "-c", "echo $HEADGATE_OP prepares"]}}
    op = sh("a-1", "echo runs", init=(entry,))

    machine.run(op)

    assert machine.log(op).splitlines()[1:] == ["train prepares", "runs"]


def test_a_stop_reaches_init(machine):
    entry = {"container": {"command": ["/bin/sh", "-c", "echo up; sleep 60"]}}
    op = sh("a-1", "echo ran", init=(entry,))
    machine.start(op)
    assert eventually(lambda: "up" in machine.log(op))

    machine.stop(op)

    assert machine.end(op).status is Status.STOPPED
    assert "ran" not in machine.log(op)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"dockerfile": {"image": "x"}}, "Item 1 of `init`: `dockerfile` cannot be made for a local process."),
        ({"file": {"content": ""}, "path": "/etc"}, "`init` may write below the attempt's directory only"),
        ({"file": {"content": "", "filename": "../../../x"}}, "`init` may write below the attempt's directory only"),
        ({"file": {"content": "", "chmod": "rwx"}}, "`init.file.chmod` is no octal mode"),
        ({"connection": "nope"}, "Connection 'nope' is not configured"),
        ({"connection": "db"}, "Connection 'db' (postgres) has no `hostPath`"),
        ({"git": {"url": "--upload-pack=x"}}, "`init.git` needs a `url`"),
        ({"git": {"url": "x", "flags": ["--upload-pack=x"]}}, "Flag '--upload-pack=x' of `init.git` is not supported."),
        ({}, "Item 1 of `init` says nothing"),
    ],
)
def test_an_init_that_cannot_be_made_is_refused_in_a_sentence(machine, entry, sentence):
    [performed] = machine.executor.start([row(sh("a-1", "true", init=(entry,)))], lease())

    assert (performed.outcome, performed.reason) == ("refused", "ConfigError")
    assert performed.message.startswith(sentence)


def test_a_secret_reaches_the_op_by_reference(machine):
    op = sh("a-1", "test ${#PASSWORD} = 6", connections=("db",))

    assert machine.run(op).exit_code == 0
    assert not any(b"s3cr3t" in file.read_bytes() for file in machine.folder(op).rglob("*") if file.is_file())


def test_a_secret_that_is_not_there_is_named_and_not_shown(machine):
    [performed] = machine.executor.start([row(sh("a-1", "true", connections=("broken",)))], lease())

    assert performed.message.startswith("Connection 'broken' refers to a secret that is not there: variable 'NO_SUCH_")
