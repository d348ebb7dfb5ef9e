"""Which flows may have changed with files of a repository: only these are judged, the digest of the others holds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection

from reconciler.flows.globs import LOCK_FILE
from reconciler.flows.pins import is_mark
from reconciler.plan.code import prefixes


class Touch:
    """Paths that changed between two trees with the same settings of the repository."""

    def __init__(self, changed: Collection[str]) -> None:
        self.changed = frozenset(changed)
        self._sorted = sorted(self.changed)
        self._code: dict[tuple[str, tuple[str, ...] | None], bool] = {}

    def touches(self, path: str, references: Collection[str]) -> bool:
        """Whether the file of a flow, what it refers to, or what a pin of it is pinned to may have changed."""
        if path in self.changed or not self.changed.isdisjoint(references):
            return True
        return LOCK_FILE in self.changed and any(map(is_mark, references))

    def touches_code(self, path: str, globs: tuple[str, ...] | None) -> bool:
        """Whether the code may have changed that the flow of a file runs with; `globs` as its settings say them."""
        if globs == ():
            return False
        place = (path.rpartition("/")[0], globs)
        if place not in self._code:
            self._code[place] = any(self._is_below(prefix) for prefix in prefixes(path, globs))
        return self._code[place]

    def _is_below(self, prefix: str) -> bool:
        first = bisect_left(self._sorted, prefix)
        return first < len(self._sorted) and self._sorted[first].startswith(prefix)
