"""The examples: nothing is wrong with them, and each does what the comment at its top promises."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
FLOWS = sorted((EXAMPLES / "flows").rglob("*.yaml"))
COMMAND = re.compile(r"^#   headgate (run .*)$", re.MULTILINE)
FAILING = ("fail=true", "seconds=30")  # params with which a flow is meant to fail
PEOPLE = ("approval.yaml",)  # flows that wait for a person


def headgate(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    entry = [sys.executable, "-c", "from console.cli import main; main()", *words]
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return subprocess.run(entry, cwd=EXAMPLES, env=env, capture_output=True, text=True, timeout=200)


def commands(flow: Path) -> list[str]:
    return COMMAND.findall(flow.read_text())


def test_no_example_has_a_mistake(tmp_path):
    done = headgate("validate", "flows", "--format", "json", home=tmp_path)
    found = json.loads(done.stdout)
    assert (done.returncode, found["errors"], found["warnings"], found["files"]) == (0, 0, 0, len(FLOWS))


def test_the_published_example_has_its_mistakes(tmp_path):
    done = headgate("validate", "published/seed.yaml", "--format", "json", home=tmp_path)
    found = json.loads(done.stdout)["findings"]
    assert [(one["rule"], one["line"]) for one in found] == [
        ("param-undeclared", 9),
        ("ref-not-found", 11),
        ("image-missing", 26),
    ]


def test_every_example_says_how_to_run_it_and_is_listed():
    listed = (EXAMPLES / "README.md").read_text()
    for flow in FLOWS:
        name = flow.relative_to(EXAMPLES).as_posix()
        assert any(name in command for command in commands(flow)), name
        assert name in listed, name


@pytest.mark.slow
@pytest.mark.parametrize("flow", [flow for flow in FLOWS if flow.name not in PEOPLE], ids=lambda flow: flow.stem)
def test_an_example_runs_as_its_comment_says(flow, tmp_path):
    for command in commands(flow):
        done = headgate(*command.split(), "--progress", "plain", home=tmp_path)
        expected = int(command.endswith(FAILING))
        assert done.returncode == expected, command + done.stdout + done.stderr


@pytest.mark.slow
def test_services_of_a_working_tree_run_in_it(tmp_path):
    done = headgate("run", "flows/serving.yaml", "--progress", "json", home=tmp_path)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"version": 1, "op": "model", "status": "succeeded", "reason": "Ready"} in told
