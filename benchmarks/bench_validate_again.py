"""What judging a repository costs in which nothing has changed: the names and the hashes of its files, and no more."""

from __future__ import annotations

import os
import subprocess
import time
from functools import cache
from hashlib import blake2b
from pathlib import Path

from benchmarks.dags import folder, job
from benchmarks.processes import Rounds, Spent, headgate, spent
from benchmarks.rows import Row, cpu_milliseconds
from console.judging import chosen, judge

FLOWS = 2_000
FOLDERS = 40


@cache
def _repository() -> tuple[Path, Path]:
    """A checkout with the flows, and a cache in which every verdict on them is known."""
    root = Path(folder(), "repository")
    for index in range(FLOWS):
        file = root / "flows" / f"team-{index % FOLDERS}" / f"flow-{index}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(job().replace(b"name: one", f"name: flow-{index}".encode()))
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=root, check=True)
    kept = Path(folder(), "cache")
    for _ in range(2):
        _again(root, kept / "headgate" / "verdicts")
        time.sleep(2.1)  # a file that was written just now is read again
    return root, kept


def _again(root: Path, verdicts: Path) -> None:
    found = judge(chosen((), root), bytes, verdicts)
    assert len(found.files) == FLOWS
    assert not found.findings


def _ours() -> float:
    root, kept = _repository()
    return cpu_milliseconds(lambda: _again(root, kept / "headgate" / "verdicts"))()


def _names_and_hashes() -> float:
    root, _ = _repository()
    return cpu_milliseconds(lambda: _hash_all(root))()


def _hash_all(root: Path) -> None:
    hashes = {}
    for place, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as opened:
                hashes[path] = blake2b(opened.read(), digest_size=16).hexdigest()
    assert len(hashes) == FLOWS


def _command() -> Spent:
    root, kept = _repository()
    return spent(headgate("validate"), {"XDG_CACHE_HOME": str(kept)}, str(root))


def _git_status() -> float:
    root, _ = _repository()
    return spent(["/usr/bin/env", "git", "status", "--porcelain"], folder=str(root)).cpu


ROWS = (
    Row(
        name=f"validate/{FLOWS}-unchanged-flows",
        unit="ms CPU",
        ours=_ours,
        reference=_names_and_hashes,
        bar=3,
        why=f"The reference lists the names of {FLOWS} flow files, reads each and hashes it, in the same process. A "
        "second validation must cost about that: nothing is parsed or judged.",
    ),
    Row(
        name=f"validate/{FLOWS}-unchanged-flows-command",
        unit="ms CPU",
        ours=Rounds(_command).part("cpu"),
        reference=_git_status,
        bar=250,
        limit=True,
        why="The whole command, its start included; the reference is `git status` of the same checkout. Within a "
        "quarter of a second it can run before every commit of a large repository.",
    ),
)
