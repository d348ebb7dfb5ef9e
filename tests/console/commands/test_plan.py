"""Facts about `headgate plan`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

JOB = "version: 1.1\nkind: component\nname: train\nrun: {kind: job, container: {image: busybox}}\n"
NEEDS = JOB.replace("run:", "inputs: [{name: lr, type: float}]\nrun:")


def git(folder: Path, *words: str) -> None:
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"]}
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True, env=own)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "train.yaml").write_text(JOB)
    (tmp_path / "train.py").write_text("print(1)\n")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "same.py").symlink_to("train.py")
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("print(2)\n")
    (tmp_path / "folder").symlink_to("flows")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "Begin")
    return tmp_path


def test_a_plan_names_its_ops(bare, repository):
    shown = bare("plan", "flows/train.yaml")

    assert shown.code == 0
    assert "1 op, plan " in shown.out
    assert "busybox" in shown.out


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_flow_with_a_mistake_in_its_file_has_no_plan_and_does_not_run(bare, repository, command):
    (repository / "flows" / "train.yaml").write_text(JOB.replace("kind: job,", "kind: job, bogus: 1,"))
    shown = bare(command, "flows/train.yaml")

    assert (shown.code, shown.out) == (1, "")
    assert "`run` has no such field" in shown.err


def test_a_plan_is_a_document_too(bare, repository):
    assert [op["path"] for op in bare("plan", "flows/train.yaml", "--format", "json").json["ops"]] == ["train"]


@pytest.mark.parametrize(("form", "begins"), [("markdown", "**train**"), ("mermaid", "flowchart"), ("svg", "<svg")])
def test_a_plan_can_be_drawn(bare, repository, form, begins):
    assert bare("plan", "flows/train.yaml", "--format", form).out.startswith(begins)


def test_a_flow_is_shown_as_it_was_understood(bare, repository):
    (repository / "flows" / "short.yaml").write_text("name: short\ncmd: echo hi\ncontainer: {image: busybox}\n")

    assert bare("plan", "flows/short.yaml", "--format", "yaml").out == (
        "version: 1.1\nkind: component\nname: short\nrun:\n  kind: job\n  container:\n    image: busybox\n"
        '    command:\n    - /bin/sh\n    - "-c"\n    args:\n    - "set -e\\necho hi"\n'
    )


def test_nothing_changes_against_the_head_of_a_clean_tree(bare, repository):
    (repository / "noise.log").write_text("what Git ignores is no code")

    shown = bare("plan", "flows/train.yaml", "--against", "HEAD", "--exit-code")

    assert (shown.code, shown.out) == (0, "No effective change: 0 ops will run\n")


def test_a_change_and_changed_code_are_told_against_a_revision(bare, repository):
    (repository / "flows" / "train.yaml").write_text(JOB.replace("busybox", "alpine"))
    (repository / "train.py").write_text("print(2)\n")

    shown = bare("plan", "flows/train.yaml", "--against", "main", "--exit-code")

    assert shown.code == 1
    assert "image: busybox → alpine" in shown.out
    assert "code changed: train.py" in shown.out


def test_a_change_can_be_drawn(bare, repository):
    (repository / "flows" / "train.yaml").write_text(JOB.replace("busybox", "alpine"))

    shown = bare("plan", "flows/train.yaml", "--against", "main", "--format", "mermaid")

    assert (shown.code, shown.out.splitlines()[:2]) == (0, ["flowchart LR", '  n0["train — changed"]:::warn'])


def test_only_what_differs_in_an_input_is_told(bare, repository):
    sweep = NEEDS.replace("{name: lr, type: float}", "{name: lr, type: float, value: 0.1, description: the rate}")
    (repository / "flows" / "train.yaml").write_text(sweep)
    git(repository, "commit", "-qam", "Declare the rate")
    (repository / "flows" / "train.yaml").write_text(sweep.replace("0.1", "0.2"))

    assert "train: inputs.lr.value: 0.1 → 0.2\n" in bare("plan", "flows/train.yaml", "--against", "main").out


def test_a_new_flow_is_all_new(bare, repository):
    (repository / "flows" / "more.yaml").write_text(JOB)

    shown = bare("plan", "flows/more.yaml", "--against", "main")

    assert (shown.code, shown.err) == (0, "main has no such flow: everything counts as new.\n")
    assert "+ train" in shown.out


@pytest.mark.parametrize("rev", ["--output=x", "main..HEAD", "main:flows", "nowhere", "", "HEAD^{/x}", "-1"])
def test_what_names_no_commit_is_refused(bare, repository, rev):
    shown = bare("plan", "flows/train.yaml", f"--against={rev}")

    assert (shown.code, shown.out) == (2, "")


def test_an_input_may_be_given(bare, repository):
    (repository / "flows" / "needs.yaml").write_text(NEEDS)

    assert bare("plan", "flows/needs.yaml", "-P", "lr=0.1").code == 0
    assert bare("plan", "flows/needs.yaml", "-P", "lr=high").code == 1


def test_a_flow_with_mistakes_has_no_plan(bare, repository):
    (repository / "flows" / "bad.yaml").write_text(JOB.replace("busybox", "''"))

    shown = bare("plan", "flows/bad.yaml", "--format", "json")

    assert shown.code == 1
    assert shown.json["error"]["code"] == "flow-wrong"


@pytest.mark.parametrize(
    "words",
    [
        ("nothing.yaml",),
        ("flows/train.yaml", "--exit-code"),
        ("flows/train.yaml", "-P", "lr"),
        ("flows/train.yaml", "--flow", "trian"),
        ("flows/train.yaml", "--against", "HEAD", "--format", "svg"),
    ],
    ids=str,
)
def test_wrong_use_is_two(bare, repository, words):
    assert bare("plan", *words).code == 2


def test_one_of_several_flows_is_chosen_by_name(bare, repository):
    (repository / "flows" / "two.yaml").write_text(f"{JOB}---\n{JOB.replace('train', 'score')}")

    assert bare("plan", "flows/two.yaml").code == 2
    assert bare("plan", "flows/two.yaml", "--flow", "score").out.startswith("score ")


def test_what_is_wrong_with_a_given_value_names_its_option(bare, tmp_path):
    file = tmp_path / "f.yaml"
    file.write_text("name: f\ninputs: [{name: lr, type: float}]\nrun: {kind: job, container: {image: a}}\n")
    shown = bare("plan", str(file), "-P", "lr=abc", "-P", "lrr=1")

    heads = [line for line in shown.err.splitlines() if line.startswith("-P")]
    assert heads[0].startswith("-P lr=abc: error: `lr` takes a number")
    assert heads[1].startswith("-P lrr=1: warning: The component declares no input `lrr`")
