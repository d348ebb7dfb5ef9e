"""`headgate serve` as a child process on a real bare repository: started, killed, started again; and what it left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PATIENCE = 80.0  # s; a loaded machine is slow, a wrong product never gets there


class Place:
    """A repository, a working clone and a data directory; at most one service works on them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bare, self.clone, self.data = root / "shop.git", root / "clone", root / "data"
        self.ledger = root / "ledger"  # ops write here that they ran
        self.process: subprocess.Popen[bytes] | None = None
        self.prefix: tuple[str, ...] = ()  # words before each command line: another namespace, a limit
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            **{f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        self._run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), cwd=root)
        self._run("git", "init", "--quiet", "--initial-branch=main", str(self.clone), cwd=root)
        self.git("remote", "add", "origin", str(self.bare))
        self.push({"README.md": "A shop.\n"})

    def git(self, *arguments: str) -> str:
        """What git prints in the clone."""
        return self._run("git", *arguments, cwd=self.clone)

    def push(self, files: Mapping[str, str], branch: str = "main") -> str:
        """Commit files and push them; the commit's sha."""
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Change flows")
        self.git("push", "--quiet", "origin", f"HEAD:{branch}")
        return self.git("rev-parse", "HEAD").strip()

    def start(self, dies_at: str = "", *options: str) -> None:
        """Start the service; with `dies_at` it kills itself at that moment (see dying_service.py)."""
        words = ["--data-dir", str(self.data), "--listen", "127.0.0.1:0", "--repository", f"shop={self.bare}"]
        words += options
        entry = [str(HERE / "dying_service.py"), dies_at] if dies_at else ["-m", "console"]
        with (self.root / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, sys.executable, *entry, "serve", *words],
                env=self.environment,
                cwd=HERE.parents[1],
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """`kill -9`: nothing in the service gets to say a word."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def died(self) -> int:
        """Wait for the service to end by itself; minus the number of the signal that ended it."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        """SIGTERM, and how the service ended."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What a command says of the data directory, typed beside the service or without one."""
        return subprocess.run(
            [*self.prefix, sys.executable, "-m", "console", *words, "--data-dir", str(self.data)],
            env=self.environment, cwd=HERE.parents[1], capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    def log(self) -> str:
        """All that services of this place have said, the newest last."""
        return (self.root / "serve.log").read_text()

    def checks(self, sha: str) -> dict[str, dict[str, Any]]:
        """The checks of a commit as anybody with the repository reads them."""
        found = subprocess.run(
            ["git", "notes", "--ref=checks", "show", sha],
            env=self.environment, cwd=self.bare, capture_output=True, text=True, check=False,
        )  # fmt: skip
        documents = [json.loads(line) for line in found.stdout.splitlines()]
        return {document["name"]: document for document in documents}

    def conclusion(self, sha: str, check: str) -> str | None:
        """The verdict of one check, None while there is none."""
        return self.checks(sha).get(check, {}).get("conclusion")

    def lines(self) -> list[str]:
        """What the ops wrote down, in order."""
        return self.ledger.read_text().split("\n")[:-1] if self.ledger.exists() else []

    def eventually(self, what: Callable[[], object]) -> None:
        """Wait until something holds; show the service's log if it never does."""
        until = time.monotonic() + PATIENCE
        while not what():
            if time.monotonic() > until:
                raise AssertionError((self.root / "serve.log").read_text()[-4000:])
            time.sleep(0.05)

    def _run(self, *command: str, cwd: Path) -> str:
        done = subprocess.run(command, cwd=cwd, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout


def ends_within(process: subprocess.Popen[Any], seconds: float) -> bool:
    """Whether a process ends in time. While this whole machine stands still, no time passes."""
    for _ in range(round(seconds / 0.05)):
        if process.poll() is not None:
            return True
        time.sleep(0.05)
    return False


def until(file: Path) -> str:
    """A script that goes on when a file is there, or can never be any more: a test that failed has been tidied up."""
    return f"until [ -e {file} ] || [ ! -e {file.parent} ]; do sleep 0.1; done"


def flow(ops: Mapping[str, tuple[str, tuple[str, ...]]]) -> str:
    """A dag of shell ops: name → (script, names of its upstreams)."""
    operations = [
        {
            "name": name,
            "dependencies": list(upstream),
            "component": {
                "run": {"kind": "job", "container": {"command": ["sh", "-c"], "args": [script], "image": "sh"}}
            },
        }
        for name, (script, upstream) in ops.items()
    ]
    document = {"version": 1.1, "kind": "component", "run": {"kind": "dag", "operations": operations}}
    return json.dumps(document)
