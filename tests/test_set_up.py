"""What a checkout promises before any code runs: the lock files, the commands, the marks."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"


def lock(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", lock(name), re.M))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[><=!~ ]", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize("name", [RUNTIME, DEV])
def test_lock_files_name_no_index_no_address_and_no_place_of_a_machine(name):
    assert (
        re.findall(r"://|--index|--extra-index|--find-links|--trusted-host|@ |^-|(?<=\s)/\w+", lock(name), re.M) == []
    )


@pytest.mark.parametrize("name", [RUNTIME, DEV])
def test_every_pin_has_hashes(name):
    entries = re.split(r"^(?=[a-z0-9])", lock(name), flags=re.M)[1:]

    assert len(entries) == len(re.findall(r"^[a-z0-9]", lock(name), re.M))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_dependency_is_pinned():
    assert names(PROJECT["dependencies"] + EXTRAS["postgres"] + EXTRAS["build"]) <= set(pins(RUNTIME))
    assert names(EXTRAS["dev"]) <= set(pins(DEV))


def test_one_environment_serves_running_and_working_on_it():
    assert pins(RUNTIME).items() <= pins(DEV).items()


@pytest.mark.parametrize("command", ["run", "test", "check", "bench", "lock", "clean"])
def test_help_lists_the_command(command):
    text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert re.search(rf"^  make {command} +\S", text, re.M)


def test_set_up_names_the_python_it_needs(tmp_path):
    """An interpreter that is too old ends the set-up with what to do."""
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci" / "set-up"
    script.write_bytes((ROOT / ".ci" / "set-up").read_bytes())
    done = subprocess.run(
        ["sh", script, RUNTIME], env={"PYTHON": str(old), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert "needs Python 3.11 or newer, found: Python 3.9.2" in done.stderr
    assert not (tmp_path / ".venv").exists()
