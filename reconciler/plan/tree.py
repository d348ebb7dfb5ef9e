"""The files of a commit as a value: what stands at each path, the paths in order, and a tree that differs a little.

Nothing is read here; where a tree comes from is the business of a source.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar, cast

Value = TypeVar("Value")

REGULAR_MODES: Final = ("100644", "100755")


class TreeEntry(NamedTuple):
    """A file of a commit's tree."""

    mode: str  # 100644, 100755, 120000 (a symbolic link), 160000 (a submodule)
    blob: str

    @property
    def is_regular(self) -> bool:
        """Whether it is a file with contents of its own, neither a link nor a submodule."""
        return self.mode in REGULAR_MODES


class Tree(Mapping[str, TreeEntry]):
    """Entries by path. It never changes, so that what is found out of it can be kept with it."""

    def __init__(self, entries: Mapping[str, TreeEntry]) -> None:
        self._entries = entries
        self._paths: list[str] | None = None
        self._found: dict[object, object] = {}

    def __getitem__(self, path: str) -> TreeEntry:
        return self._entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, path: object) -> bool:
        return path in self._entries

    def with_changes(self, changes: Mapping[str, TreeEntry | None]) -> Tree:
        """The tree in which these paths are so; None: absent. Costs far less than to list it."""
        entries = {**self._entries}
        paths = self._sorted().copy() if self._paths is not None else None
        for path, entry in changes.items():
            was = entries.pop(path, None) if entry is None else entries.get(path)
            if entry is not None:
                entries[path] = entry
            if paths is not None and (was is None) is not (entry is None):
                _move(paths, path, entry is not None)
        other = Tree(entries)
        other._paths = paths
        return other

    def below(self, prefixes: Sequence[str]) -> Iterator[str]:
        """The paths that begin with one of these texts, none of which begins with another; in order within each."""
        paths = self._sorted()
        for prefix in prefixes:
            begin = bisect_left(paths, prefix)
            end = bisect_left(paths, True, begin, key=lambda path: not path.startswith(prefix))
            yield from paths[begin:end]

    def once(self, name: object, make: Callable[[], Value]) -> Value:
        """What `make` finds out of this tree alone; found once, then kept under a name that says all it depends on."""
        if name not in self._found:
            self._found[name] = make()
        return cast(Value, self._found[name])

    def _sorted(self) -> list[str]:
        if self._paths is None:
            self._paths = sorted(self._entries)
        return self._paths


def _move(paths: list[str], path: str, is_new: bool) -> None:
    if is_new:
        insort(paths, path)
    else:
        del paths[bisect_left(paths, path)]
