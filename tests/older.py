"""An older release of the product, as it was, to be run beside this one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

# How its service is started: python, these words, then those of the command line. It let several threads make a type
# known to msgspec at once, which now and then ends the process with a segmentation fault (about one start in ten of
# three flows at a time). No test of this release can mend that: its threads take turns only where one waits.
CALMLY = ("-c", "import runpy, sys; sys.setswitchinterval(60); runpy.run_module('console', run_name='__main__')")

ROOT = Path(__file__).resolve().parents[1]
FIRST_AFTER = "reconciler/adapters/sql/migrations/versions/v0002_places.py"


def older_release(directory: Path) -> Path:
    """The tree of the last commit before schema 0002, as it was."""
    found = subprocess.run(
        ["git", "log", "--diff-filter=A", "--format=%H", "--", FIRST_AFTER],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    archive = directory / "older.tar"
    command = ["git", "archive", "-o", str(archive), f"{found[-1]}^" if found else "HEAD"]
    if subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("the history of the repository is not there")
    older = directory / "older"
    older.mkdir()
    subprocess.run(["tar", "-xf", str(archive), "-C", str(older)], check=True)
    return older
