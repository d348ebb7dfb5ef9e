"""Peers from PyPI, each in an environment of its own under build/peers, made where rows ask for it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from benchmarks.rows import NotMeasured

PEERS = Path(__file__).parents[1] / "build" / "peers"
_PATIENCE = 300  # s that pip may take


def installed(release: str) -> Path:
    """The folder of the environment that holds a release such as `polyaxon==2.18.0`. Raises NotMeasured."""
    place = PEERS / release.partition("==")[0]
    if wrong := _install(release, place):
        raise NotMeasured(f"{release} could not be installed: {wrong}")
    return place


@cache
def _install(release: str, place: Path) -> str:
    """Why it is not there; tried once."""
    ready, made = place / "ready", f"{release} in {place}"  # a moved environment has scripts of the old place
    if ready.exists() and ready.read_text() == made:
        return ""
    print(f"installing {release} into {place} …", file=sys.stderr)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", release]
    wrong = _run(sys.executable, "-m", "venv", "--clear", str(place)) or _run(*pip)
    if not wrong:
        ready.write_text(made)
    return wrong


def _run(*words: str) -> str:
    """What went wrong."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = (done.stderr or done.stdout).strip().splitlines() or ["no reason was given"]
    return said[-1] if done.returncode else ""
