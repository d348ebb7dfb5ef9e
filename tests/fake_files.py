"""The files of a fake world's attempts: a directory for each one that was started, until it is removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.ports import AttemptFiles
from tests.fakes import FakeExecutor


class FakeFiles:
    """What an executor's attempts have left, and directories of which nobody knows."""

    def __init__(self, executor: FakeExecutor) -> None:
        self.executor = executor
        self.place = executor.place
        self.removed: set[str] = set()
        self.strange: dict[str, float] = {}  # attempts of which nobody knows → when their directory changed

    def there(self) -> set[str]:
        """Attempts that have files."""
        started = {attempt for _, _, attempt in self.executor.started}
        return (started | self.strange.keys()) - self.removed

    def shelves(self) -> Sequence[str]:
        return sorted({attempt[:1] for attempt in self.there()})

    def on_shelf(self, shelf: str) -> Sequence[AttemptFiles]:
        mine = sorted(attempt for attempt in self.there() if attempt.startswith(shelf))
        return [AttemptFiles(one, self.strange.get(one, 0.0), self.alive(one)) for one in mine]

    def alive(self, attempt: str) -> bool:
        """Whether it runs."""
        process = self.executor.processes.get(attempt)
        return process is not None and not process.ended

    def size(self, attempt: str) -> int:
        return 100

    def remove(self, attempts: Sequence[str]) -> Mapping[str, str]:
        self.removed |= set(attempts)
        return {}
