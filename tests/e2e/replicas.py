"""Several `headgate serve` on one repository and one PostgreSQL database, each with a data directory of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.e2e.service import HERE, Place

PATIENCE = 90.0  # s


class Replica:
    """One of them: started, killed, paused, gone on with."""

    def __init__(self, name: str, shared: Place, database: str, slots: int = 2, tree: Path = HERE.parents[1]) -> None:
        self.name = name
        self.tree = tree  # the sources that it is run from
        self.shared = shared
        self.data = shared.root / name
        self.log = shared.root / f"{name}.log"
        self.slots = slots
        self.environment = {**shared.environment, "HEADGATE_DATABASE": database, "PYTHONFAULTHANDLER": "1"}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *entry: str) -> None:
        """Start it; `entry` are the words after `python` in place of the product's own."""
        words = ["--data-dir", str(self.data), "--listen", "127.0.0.1:0", "--slots", str(self.slots)]
        words += ["--repository", f"shop={self.shared.bare}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *(entry or ("-m", "console")), "serve", *words],
                env=self.environment, cwd=self.tree, stdout=log, stderr=log,
            )  # fmt: skip

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the service; nothing if it has ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """`kill -9`."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(PATIENCE)

    def stop(self) -> int:
        """SIGTERM, and how it ended."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def text(self) -> str:
        """What it has logged."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def is_paused(self) -> bool:
        """Whether it has stopped itself."""
        assert self.process is not None
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def headgate(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on its data directory."""
        return subprocess.run(
            [sys.executable, "-m", "console", *words, "--data-dir", str(self.data)],
            env=self.environment, cwd=HERE.parents[1], capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip


def eventually(what: Callable[[], object], replicas: Sequence[Replica], patience: float = PATIENCE) -> None:
    """Wait until something holds; show the logs if it never does."""
    until = time.monotonic() + patience
    while not what():
        if time.monotonic() > until:
            raise AssertionError("\n".join(f"--- {one.name}\n{one.text()[-3000:]}" for one in replicas))
        time.sleep(0.05)


def server() -> str:
    """The address of the server of the tests, "" if there is none."""
    return os.environ.get("HEADGATE_TEST_POSTGRES", "")
