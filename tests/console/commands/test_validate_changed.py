"""Facts about `headgate validate --changed REV`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

FLOW = "version: 1.1\nkind: component\nname: ok\nrun: {kind: job, container: {image: busybox}}\n"
WRONG = FLOW.replace("image", "imag")


def uses(part: str) -> str:
    return f"kind: operation\nname: use\nhubRef: {part}\n"


def git(folder: Path, *words: str) -> None:
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"]}
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True, env=own)


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str], None]:
    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    return write


@pytest.fixture
def repository(tmp_path: Path, put: Callable[[str, str], None]) -> Path:
    """Two flows that use a component each, one that uses none, and one with a mistake that nobody touches."""
    put("flows/one.yaml", uses("one"))
    put("flows/two.yaml", uses("two"))
    put("flows/three.yaml", FLOW)
    put("flows/wrong.yaml", WRONG)
    put("hub/one.yaml", FLOW)
    put("hub/two.yaml", FLOW)
    put("hub/unused.yaml", FLOW)
    put("presets/gpu.yaml", "isPreset: true\nqueue: gpu\n")
    put(".gitignore", "*.log\ncache/\nstate/\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "Begin")
    return tmp_path


def touched(bare, *words: str) -> set[str]:
    """The files that count, which JUnit lists by name."""
    out = bare("validate", "--changed", "main", "--format", "junit", *words).out
    return {part.split('"')[0] for part in out.split('name="')[1:] if "/" in part.split('"')[0]}


def test_nothing_counts_in_a_clean_tree(bare, repository):
    shown = bare("validate", "--changed", "main")

    assert (shown.code, shown.out) == (0, "Nothing to say in 0 files.\n")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("flows/three.yaml", FLOW + "# more\n", {"flows/three.yaml"}),
        ("flows/new.yaml", FLOW, {"flows/new.yaml"}),
        ("hub/one.yaml", WRONG, {"hub/one.yaml", "flows/one.yaml"}),
        ("train.py", "print()\n", set()),
        ("flows/ignored.log", "", set()),
    ],
    ids=["a flow", "a flow that Git does not know yet", "a component", "no flow", "an ignored file"],
)
def test_what_changed_and_what_depends_on_it_counts(bare, repository, put, path, text, expected):
    put(path, text)

    assert touched(bare) == expected


def test_a_change_counts_in_every_state_that_git_has_for_it(bare, repository, put):
    git(repository, "checkout", "-q", "-b", "work")
    put("flows/committed.yaml", FLOW)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "More")
    put("flows/staged.yaml", FLOW)
    git(repository, "add", ".")
    put("flows/untracked.yaml", FLOW)

    assert touched(bare) == {"flows/committed.yaml", "flows/staged.yaml", "flows/untracked.yaml"}


def test_what_others_committed_since_is_no_change_of_ours(bare, repository, put):
    git(repository, "branch", "work")
    put("flows/theirs.yaml", FLOW)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Theirs")
    git(repository, "checkout", "-q", "work")
    put("flows/ours.yaml", FLOW)

    assert touched(bare) == {"flows/ours.yaml"}


def test_a_deleted_component_touches_the_flows_that_need_it(bare, repository):
    (repository / "hub" / "two.yaml").unlink()
    shown = bare("validate", "--changed", "main", "--format", "json")

    assert touched(bare) == {"flows/two.yaml"}
    assert (shown.code, shown.json["findings"][0]["rule"]) == (1, "ref-not-found")


def test_a_deleted_flow_is_nothing_to_judge(bare, repository):
    (repository / "flows" / "wrong.yaml").unlink()

    assert (touched(bare), bare("validate", "--changed", "main").code) == (set(), 0)


def test_a_renamed_flow_counts_under_its_new_name(bare, repository):
    git(repository, "mv", "flows/three.yaml", "flows/four.yaml")

    assert touched(bare) == {"flows/four.yaml"}


def test_changed_settings_touch_every_flow(bare, repository, put):
    put(".headgate.yaml", "severities: {field-unknown: warning}\n")

    assert {"flows/one.yaml", "flows/two.yaml", "flows/three.yaml", "flows/wrong.yaml"} <= touched(bare)


def test_a_changed_preset_touches_the_flows_that_name_it(bare, repository, put):
    put("flows/gpu.yaml", FLOW + "presets: [gpu]\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Use the preset")
    put("presets/gpu.yaml", "isPreset: true\nqueue: other\n")

    assert touched(bare) == {"presets/gpu.yaml", "flows/gpu.yaml"}


def test_odd_names_count_too(bare, repository, put):
    for name in ("flows/mit leerzeichen.yaml", "flows/größe.yaml", 'flows/"quoted".yaml', "flows/-dash.yaml"):
        put(name, WRONG)
    (repository / os.fsdecode(b"flows/latin-\xe9.yaml")).write_text(WRONG)
    shown = bare("validate", "--changed", "main", "--format", "json")

    assert shown.json["files"] == 5
    assert shown.json["errors"] == bare("validate", "--format", "json").json["errors"] * 5 // 6


def test_a_folder_below_sees_the_whole_repository(bare, repository, put, monkeypatch):
    put("flows/three.yaml", WRONG)
    monkeypatch.chdir(repository / "hub")

    assert touched(bare) == {"flows/three.yaml"}
    assert touched(bare, ".") == set()
    assert touched(bare, "../flows") == {"flows/three.yaml"}


def test_a_tree_within_a_checkout_is_compared_too(bare, repository, put, monkeypatch):
    put("sample/.headgate.yaml", "{}\n")
    put("sample/flows/a.yaml", FLOW)
    put("sample/flows/b.yaml", FLOW)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Add a sample")
    put("sample/flows/b.yaml", FLOW + "# more\n")
    put("flows/three.yaml", WRONG)
    monkeypatch.chdir(repository / "sample")

    assert touched(bare) == {"flows/b.yaml"}


@pytest.mark.parametrize("rev", ["--output=x", "main..HEAD", "main:flows", "nowhere", "", "HEAD^{/x}", "-1"])
def test_what_names_no_commit_is_refused(bare, repository, rev):
    shown = bare("validate", f"--changed={rev}")

    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("headgate: ")


def test_a_revision_without_a_common_commit_is_refused(bare, repository):
    git(repository, "checkout", "-q", "--orphan", "alone")
    git(repository, "commit", "-q", "-m", "Alone")
    shown = bare("validate", "--changed", "main", "--format", "json")

    assert shown.code == 2
    assert "no shallow clone" in shown.json["error"]["message"]


def test_without_a_repository_nothing_can_be_compared(bare, tmp_path, put):
    put("flows/one.yaml", FLOW)

    assert bare("validate", "--changed", "main", "flows/one.yaml").code == 2


def test_standard_input_has_no_earlier_revision(bare, repository):
    assert bare("validate", "--changed", "main", "-").code == 2
