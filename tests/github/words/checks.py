"""What people see of checks and do with them: look, press a button, ask for a new run."""

from __future__ import annotations

from tests.github.records import CheckRun, Status
from tests.github.words.repositories import RepositoryWords, Which


class CheckWords(RepositoryWords):
    """Part of the world; see tests/github/world.py."""

    def check_runs(self, sha: str, name: str | None = None, *, repository: Which = None) -> list[CheckRun]:
        """All check runs of a commit in the order of their creation."""
        with self.state.lock:  # or it is read while a request makes one
            rows = self.state.runs_of(self.find(repository), sha)
        return [row for row in rows if name in (None, row.name)]

    def check(self, name: str, sha: str, *, repository: Which = None) -> CheckRun:
        """The one check run of this name; fails where there is none, or a twin."""
        rows = self.check_runs(sha, name, repository=repository)
        others = [row.name for row in self.check_runs(sha, repository=repository)]
        assert len(rows) == 1, f"{len(rows)} check runs named {name} on {sha[:9]}, there are: {others}"
        return rows[0]

    def statuses(self, sha: str, *, repository: Which = None) -> dict[str, Status]:
        """The newest status of each context."""
        rows = self.state.statuses_of(self.find(repository), sha)
        return {row.context: row for row in reversed(rows)}

    def require(self, *names: str, repository: Which = None) -> None:
        """From now on nothing is merged without these checks."""
        self.find(repository).required = list(names)

    def missing(self, sha: str, *, repository: Which = None) -> list[str]:
        """The required checks that are missing, unfinished or not passed: matched by name, on this commit only."""
        row = self.find(repository)
        passed = {name for name, status in self.statuses(sha, repository=row).items() if status.state == "success"}
        newest = {run.name: run for run in self.check_runs(sha, repository=row)}
        passed |= {name for name, run in newest.items() if run.conclusion in ("success", "neutral", "skipped")}
        return [name for name in row.required if name not in passed]

    def press(self, run: CheckRun, button: str, *, by: str = "ann") -> None:
        """Press a button of a check run, by its label or identifier."""
        with self.acting() as state:
            found = [row["identifier"] for row in run.actions if button in (row["label"], row["identifier"])]
            assert found, f"no button {button}, there are: {[row['label'] for row in run.actions]}"
            action = {"identifier": found[0]}
            self.events.check_run("requested_action", run, state.account(by), requested_action=action)

    def rerequest(self, run: CheckRun, *, by: str = "ann") -> None:
        """Press Re-run of one check run. GitHub resets nothing; the App creates or updates the run."""
        with self.acting() as state:
            self.events.check_run("rerequested", run, state.account(by))

    def rerequest_suite(self, sha: str, *, repository: Which = None, by: str = "ann") -> None:
        """Press Re-run all checks of a commit."""
        with self.acting() as state:
            for suite in list(state.suites.values()):
                if suite.repository is self.find(repository) and suite.head_sha == sha:
                    self.events.check_suite("rerequested", suite, state.account(by))

    def delete_check(self, run: CheckRun) -> None:
        """A check run vanishes, as those of old commits do."""
        with self.acting() as state:
            del state.runs[run.id]
