"""The last part of the demo: a service of its own process is killed in the middle of a run, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console.config import Config
from console.demo import examples
from console.demo.merges import follow, states
from console.demo.sample import Sample
from console.demo.stage import REPOSITORY, demand, heading, say, until
from console.opening import store_of
from reconciler.checks.words import count
from reconciler.engine.model import Status
from reconciler.store import Store

SLOTS = 4
ENTRY = "from console.cli import main; main()"


@dataclass(slots=True)
class Server:
    """`headgate serve` as a process of its own, on the demo's data."""

    config: Config
    sample: Sample
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where its page is."""
        port = self.config.port or (self.config.data_dir / "port").read_text().strip()
        return f"http://{self.config.host}:{port}"

    def start(self) -> int:
        """Start it; returns its process id once it works on the data."""
        config, log = self.config, self.sample.folder / "serve.log"
        known = log.stat().st_size if log.exists() else 0
        words = ["serve", "--data-dir", str(config.data_dir), "--repository", f"{REPOSITORY}={self.sample.bare}"]
        words += ["--listen", f"{config.host}:{config.port}", "--slots", str(SLOTS)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")}
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", ENTRY, *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # an interrupt from the terminal is for the demo, which ends it in its turn
            )
        until("the service", lambda: b"Serving" in log.read_bytes()[known:] or self.process_ended())
        demand(not self.process_ended(), f"the service starts:\n{log.read_text()[known:]}")
        return self.process.pid

    def process_ended(self) -> bool:
        """Whether it is gone."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """End it without a chance to say goodbye."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and insist."""
        if self.process is None or self.process_ended():
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def server(config: Config, sample: Sample) -> Iterator[Server]:
    """A server, not yet started, that is gone at the end."""
    made = Server(config, sample)
    try:
        yield made
    finally:
        made.stop()


def survive(one: Server) -> None:
    """Part 6: `kill -9` loses nothing and starts nothing twice."""
    heading(6, "The service is killed in the middle of a run, and started again")
    journal = one.sample.folder / "journal"
    sha = one.sample.commit("main", "Add a slow flow", examples.slow(journal))
    say(f"`headgate serve` runs as process {one.start()}; commit {sha[:7]} brings a flow of four slow ops.")
    until("the first op", lambda: _started(journal))
    with store_of(one.config) as store:
        run = until("the slow run", lambda: next(iter(store.runs(sha=sha)), None))
        until("the note of its start", lambda: _noted(store, run.id))  # an op may be faster than what is noted of it
        one.kill()
        live = _noted(store, run.id)
        say(f"kill -9, while {count(len(live), 'op')} of the run went on: {', '.join(live)}.")
        demand(store.run(run.id) is not None and bool(live), "it is killed in the middle of the run.")
        say(f"Started again on the same data, as process {one.start()}:")
        follow(store, run.id)
        found = states(store, run.id)
        _nothing_lost(found.keys(), _started(journal))
        demand(all(state.status is Status.SUCCEEDED for state in found.values()), "every op succeeds.")
        demand(all(state.attempts == 1 for state in found.values()), "every op needs one attempt.")
        demand(len(store.runs(sha=sha)) == 1, "there is one run.")


def _noted(store: Store, run: str) -> list[str]:
    """Ops of a run that were started as far as the store knows."""
    return sorted(attempt.op for attempt in store.attempts(run) if attempt.phase != "intended")


def _nothing_lost(ops: object, started: list[str]) -> None:
    names = [line.split()[0] for line in started]
    demand(sorted(names) == ["a", "b", "c", "d"] and len(set(started)) == 4, f"each op starts once, not {started}.")
    say(f"Each op wrote a line as it started: {' '.join(names)}. None is missing, none is there twice.")


def _started(journal: Path) -> list[str]:
    return journal.read_text().splitlines() if journal.exists() else []
