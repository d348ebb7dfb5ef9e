"""The demo's repository: a real bare one, pushed to from a clone as people do, and the checks read back from it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.failures import AWAY, Failure

Files = Mapping[str, str | None]  # text by path; None removes the file

_PERSON = {"NAME": "Ada", "EMAIL": "ada@example.org"}
_IDENTITY = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _PERSON.items()}
_ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Sample:
    """The repository in a folder of its own: `irises.git` is served, `clone` is where a person works."""

    folder: Path

    @property
    def bare(self) -> Path:
        """The repository that is served."""
        return self.folder / "irises.git"

    def create(self) -> None:
        """Make both, empty. Raises Failure."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._run(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        self._run(self.folder, "init", "--quiet", "--initial-branch=main", str(self.folder / "clone"))
        self._git("remote", "add", "origin", str(self.bare))

    def commit(self, branch: str, message: str, files: Files) -> str:
        """Commit files on a branch, which starts at main where it is new, and push it; returns the sha."""
        known = self._git("branch", "--list", branch).strip()
        self._git("checkout", "--quiet", *([branch] if known else ["-B", branch]))
        for path, text in files.items():
            self._write(self.folder / "clone" / path, text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        self._git("push", "--quiet", "origin", branch)
        return self._git("rev-parse", "HEAD").strip()

    def merge(self, branch: str) -> str:
        """Merge a branch into main, push that and delete the branch; returns the merge's sha."""
        self._git("checkout", "--quiet", "main")
        self._git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        self._git("push", "--quiet", "origin", "main", f":{branch}")
        return self._git("rev-parse", "HEAD").strip()

    def checks(self, sha: str) -> dict[str, dict[str, Any]]:
        """The checks that were posted on a commit, by name, as `git notes` shows them."""
        shown = self._read("notes", "--ref=checks", "show", sha)
        found = (json.loads(line) for line in shown.splitlines() if line)
        return {check["name"]: check for check in found}

    def posted(self) -> int:
        """How many checks there are on all commits together."""
        listed = self._read("notes", "--ref=checks", "list")
        return sum(len(self.checks(line.split()[1])) for line in listed.splitlines())

    def _write(self, path: Path, text: str | None) -> None:
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def _git(self, *arguments: str) -> str:
        return self._run(self.folder / "clone", *arguments)

    def _read(self, *arguments: str) -> str:
        """What git answers of the served repository; nothing where there is nothing to show."""
        return _git(self.bare, arguments).stdout

    def _run(self, where: Path, *arguments: str) -> str:
        done = _git(where, arguments)
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Failure("git", f"git {arguments[0]} failed: {said}.", do="The demo needs git 2.28 or newer.")
        return done.stdout


def _git(where: Path, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=where,
            env=kept | _ALONE | _IDENTITY,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise Failure("git", "git cannot be run.", do="Install git 2.28 or newer.", exit_code=AWAY) from None
