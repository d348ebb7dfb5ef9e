"""A repository and its mirror as they are, for whoever examines them: nothing is fetched, made or mended."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.git_commands import Git, GitFailed
from reconciler.adapters.git_source import GitSource
from reconciler.errors import ReconcileError

OLDEST = (2, 38)  # the first git whose merge-tree merges without a working tree
_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class RepositoryCondition:
    """What can be known of a repository without changing it. `fault`: why it cannot be used, with what to do."""

    fault: str = ""
    default_branch: str = ""
    head: str = ""
    owner: int = -1  # user id its files belong to
    writable: bool = True


def git_version() -> tuple[str, bool]:
    """What git calls itself and whether it is new enough. Raises FileNotFoundError where there is none."""
    if shutil.which("git") is None:
        raise FileNotFoundError("git")
    said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    found = _VERSION.search(said)
    return said, found is not None and (int(found[1]), int(found[2])) >= OLDEST


def repository_condition(data_dir: Path, name: str, path: str) -> RepositoryCondition:
    """How a repository on this machine stands."""
    try:
        branch, head = GitSource(data_dir, lambda _name: path).head(name)
    except ReconcileError as error:
        return RepositoryCondition(error.message)
    git_dir = Path(Git(Path(path)).text("rev-parse", "--absolute-git-dir"))
    places = (git_dir, git_dir / "objects", git_dir / "refs")
    writable = all(os.access(place, os.W_OK | os.X_OK) for place in places)
    return RepositoryCondition("", branch, head, git_dir.stat().st_uid, writable)


def mirror_fault(data_dir: Path, name: str) -> tuple[Path, str]:
    """Where a repository's mirror is, and what is wrong with it; "" if nothing is, or there is none yet."""
    place = GitSource(data_dir, lambda _name: "").mirror_of(name)
    if not place.exists():
        return place, ""
    git = Git(place, bare=True)
    try:
        git.run("fsck", "--connectivity-only", "--no-dangling", "--no-progress")
    except GitFailed as failure:
        lines = (failure.message or failure.out.decode("utf-8", "replace")).splitlines()
        return place, lines[0][:200] if lines else "git gives no reason"
    except ReconcileError as error:
        return place, error.message
    return place, ""
