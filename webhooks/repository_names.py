"""Which repositories of a forge are served, by the forge's own numbers, without asking the database each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from reconciler.records import RepositoryRow
from webhooks.asgi import run_in_threadpool


class RepositoryNames:
    """Names by number. One that is not known is looked up again: it may have been added since.

    `repositories` reads the rows, `number_of` tells the number of one, None if it is of another forge.
    """

    def __init__(
        self, repositories: Callable[[], Iterable[RepositoryRow]], number_of: Callable[[str], int | None]
    ) -> None:
        self._repositories = repositories
        self._number_of = number_of
        self._names: Mapping[int, str] = {}

    async def named(self, number: int) -> str:
        """The name, "" if it is not served. Raises Waiting or Stalled as the store does."""
        if number not in self._names:
            return await run_in_threadpool(self.looked_up, number)
        return self._names[number]

    def looked_up(self, number: int) -> str:
        """The same, for whoever may wait for the database."""
        if number not in self._names:
            self._names = self._read()
        return self._names.get(number, "")

    def _read(self) -> Mapping[int, str]:
        rows = [(self._number_of(row.source), row.name) for row in self._repositories()]
        return {number: name for number, name in rows if number is not None}
