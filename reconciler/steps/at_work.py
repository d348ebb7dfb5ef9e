"""The attempts of a run that have not ended, as they are stored. What is done to them is not known here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.records import AttemptRow

_AT_REST = frozenset({("run", "started"), ("run", "stopping"), ("stop", "stopping")})


class AtWork:
    """Live attempts by id. Most of them just run: the few with something to perform are known apart from them."""

    def __init__(self, rows: Iterable[AttemptRow]) -> None:
        self._rows: dict[str, AttemptRow] = {}
        self._unsettled: dict[str, AttemptRow] = {}
        for row in rows:
            self.put(row)

    def __contains__(self, attempt: str) -> bool:
        return attempt in self._rows

    def __bool__(self) -> bool:
        return bool(self._rows)

    def get(self, attempt: str) -> AttemptRow | None:
        """The attempt, if it is live."""
        return self._rows.get(attempt)

    def put(self, row: AttemptRow) -> None:
        """What an attempt is now; one that has ended is live no more."""
        self._rows.pop(row.id, None)
        self._unsettled.pop(row.id, None)
        if row.phase == "ended":
            return
        self._rows[row.id] = row
        if (row.wanted, row.phase) not in _AT_REST:
            self._unsettled[row.id] = row

    @property
    def all(self) -> Mapping[str, AttemptRow]:
        """All that are live."""
        return self._rows

    @property
    def unsettled(self) -> Iterator[AttemptRow]:
        """Those that are to be started or stopped, now or later, or of which nobody knows whether they were."""
        return iter(self._unsettled.values())
