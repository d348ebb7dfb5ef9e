"""What other repositories take from this one: the hook for pre-commit and the action for GitHub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import validate

ROOT = Path(__file__).resolve().parents[1]
FLOW = "version: 1.1\nkind: component\nname: ok\nrun: {kind: job, container: {image: busybox}}\n"
WRONG = FLOW.replace("image", "imag")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))

STEP = {
    "type": "object",
    "required": ["name"],
    "oneOf": [{"required": ["run", "shell"]}, {"required": ["uses"], "not": {"required": ["run"]}}],
    "properties": {"shell": {"const": "bash"}, "uses": {"pattern": r"^[\w-]+/[\w/-]+@v\d+$"}},
}
COMPOSITE = {
    "type": "object",
    "required": ["name", "description", "inputs", "outputs", "runs"],
    "properties": {
        "description": {"maxLength": 125},
        "inputs": {
            "additionalProperties": {
                "type": "object",
                "required": ["description", "default"],
                "properties": {"default": {"type": "string"}, "description": {"type": "string"}},
                "additionalProperties": False,
            }
        },
        "outputs": {"additionalProperties": {"required": ["description", "value"]}},
        "runs": {
            "properties": {"using": {"const": "composite"}, "steps": {"type": "array", "items": STEP}},
            "required": ["using", "steps"],
        },
    },
}


def step(name: str) -> dict[str, Any]:
    return next(one for one in ACTION["runs"]["steps"] if one["name"] == name)


# --- the action -------------------------------------------------------------------------------------------------------


def test_the_action_has_the_shape_of_a_composite_one():
    validate(ACTION, COMPOSITE)


def test_every_input_of_the_action_is_used_and_told():
    text = (ROOT / "action.yml").read_text("utf-8")
    page = (ROOT / "docs/how-to/author/before-a-merge.md").read_text("utf-8")

    for name in ACTION["inputs"]:
        assert f"inputs.{name} " in text, name
        assert f"| `{name}` |" in page, name


def test_no_script_of_the_action_is_made_of_what_is_given():
    """`${{ … }}` inside a script would run whatever a branch is called."""
    scripts = [one["run"] for one in ACTION["runs"]["steps"] if "run" in one]

    assert [script for script in scripts if "${{" in script] == []


def test_the_action_installs_from_the_lock_with_hashes():
    assert "--require-hashes" in step("Install Headgate")["run"]
    assert re.search(r"^setuptools==", (ROOT / "requirements.lock").read_text("utf-8"), re.M)


class Runner:
    """Runs the step that judges as GitHub's runner would: its shell, its files, its environment."""

    def __init__(self, tmp_path: Path) -> None:
        self.workspace, self.temp = tmp_path / "work", tmp_path / "temp"
        self.output, self.summary = tmp_path / "output", tmp_path / "summary"
        command = self.temp / "headgate" / "bin" / "headgate"
        command.parent.mkdir(parents=True)
        command.write_text(f"#!{sys.executable}\nfrom console.cli import main\nmain()\n")
        command.chmod(0o755)
        self.put("flows/ok.yaml", FLOW)
        for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
            self.git(*words)

    def put(self, path: str, text: str) -> None:
        file = self.workspace / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def git(self, *words: str) -> None:
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"]}
        words = ("git", "-c", "user.name=a", "-c", "user.email=a@b", *words)
        subprocess.run(words, cwd=self.workspace, check=True, env=own)

    def judge(self, **given: str) -> tuple[int, str]:
        one = step("Judge flows")
        environment = {
            name: given.get(found[1], ACTION["inputs"][found[1]]["default"])
            for name, value in one["env"].items()
            if (found := re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value))
        }
        assert environment.keys() == one["env"].keys()
        environment |= {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(self.temp)}
        environment |= {"RUNNER_TEMP": str(self.temp), "GITHUB_OUTPUT": str(self.output)}
        environment |= {"GITHUB_STEP_SUMMARY": str(self.summary)}
        run = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", one["run"]],
            cwd=self.workspace,
            env=environment,
            capture_output=True,
            text=True,
        )
        return run.returncode, run.stdout + run.stderr


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.slow
def test_findings_become_annotations_and_the_step_fails(runner):
    runner.put("flows/wrong.yaml", WRONG)
    code, said = runner.judge()

    assert code == 1
    assert "::error file=flows/wrong.yaml,line=4" in said


@pytest.mark.slow
def test_paths_are_given_one_per_line(runner):
    runner.put("flows/with blank.yaml", WRONG)
    runner.put("notes/any.txt", WRONG)

    assert runner.judge(paths="flows/ok.yaml\n")[0] == 0
    code, said = runner.judge(paths="\n  flows/with blank.yaml\nnotes/*.txt\n", format="text")
    assert code == 1
    assert "4 errors in 2 files." in said.splitlines()


@pytest.mark.slow
def test_only_changes_are_judged_where_it_is_asked_for(runner):
    runner.put("flows/wrong.yaml", WRONG)
    runner.git("add", ".")
    runner.git("commit", "-q", "-m", "Break it")

    assert runner.judge(changed="main")[0] == 0
    assert runner.judge(changed="main~1")[0] == 1
    assert runner.judge(changed="nowhere")[0] == 2


@pytest.mark.slow
def test_what_is_given_is_never_run(runner):
    runner.judge(paths="$(touch ran)\n`touch ran`\n; touch ran", changed="$(touch ran)", format="text; touch ran")

    assert not (runner.workspace / "ran").exists()


@pytest.mark.slow
def test_warnings_fail_where_it_is_strict(runner):
    runner.put("flows/warns.yaml", FLOW + "params: {lr: 1}\n")

    assert runner.judge()[0] == 0
    assert runner.judge(strict="true")[0] == 1


@pytest.mark.slow
def test_sarif_is_written_and_named(runner):
    runner.put("flows/wrong.yaml", WRONG)
    code, _ = runner.judge(sarif="reports/headgate.sarif")

    assert code == 1
    assert runner.output.read_text() == "sarif=reports/headgate.sarif\n"
    assert '"image-missing"' in (runner.workspace / "reports" / "headgate.sarif").read_text()


@pytest.mark.slow
def test_the_summary_of_the_job_has_the_findings_in_a_table(runner):
    runner.judge()
    assert runner.summary.read_text() == "## Headgate: No errors in 1 file\n"

    runner.put("flows/wrong.yaml", WRONG)
    runner.judge()
    said = runner.summary.read_text()
    assert "## Headgate: 2 errors in 2 files\n" in said
    assert "| error | `flows/wrong.yaml:4` |" in said


@pytest.mark.slow
def test_nothing_is_sent_where_nothing_was_found_out(runner):
    code, _ = runner.judge(**{"upload-sarif": "true", "paths": "no/such.yaml"})

    assert (code, runner.output.exists()) == (2, False)


# --- the hook ---------------------------------------------------------------------------------------------------------


def test_the_hook_is_a_command_of_the_package():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]

    assert (HOOK["id"], HOOK["language"], HOOK["entry"].split()[0]) == ("headgate-validate", "python", *scripts)
    assert HOOK["pass_filenames"] is False


@pytest.mark.parametrize(
    ("path", "starts"),
    [
        ("flows/deep/train.yaml", True),
        ("churn/polyaxonfile.yml", True),
        ("polyaxonfile.yaml", True),
        ("churn/train.polyaxon.yaml", True),
        ("hub/part.yaml", True),
        ("presets/gpu.yaml", True),
        (".headgate.yaml", True),
        (".headgate.lock", True),
        ("train.py", False),
        ("docs/flows.md", False),
        (".github/workflows/ci.yaml", False),
    ],
)
def test_the_hook_runs_for_what_can_change_a_verdict(path, starts):
    assert bool(re.search(HOOK["files"], path)) is starts
