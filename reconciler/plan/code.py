"""The code of a flow: which files of a tree it runs with, one id for them, and what changed between two trees."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain

from reconciler.flows.globs import matches
from reconciler.plan.encoding import digest
from reconciler.plan.tree import Tree

Entries = Mapping[str, tuple[str, str]]  # path -> (mode, blob id)

_ASIDE = re.compile(r"(?:\A|/)(?:docs/|\.github/|\.headgate)")  # folders whose files no op runs with, and files of ours
_SPECIAL = re.compile(r"[*?\[{]")
_REACHED = ("hub/", "presets/")  # what references can reach is in the plan already


def code_id(
    tree: Entries,
    file: str,
    references: Collection[str],
    globs: tuple[str, ...] | None,
    is_flow: Callable[[str], bool],
) -> str:
    """One id for the files that the flow of `file` runs with.

    `globs` are the flow's own (`src/**`, `!src/notes`), where a folder stands for all in it. None means the default:
    the folder of the flow's file, or the whole repository for a file at the root or under `flows/`, without flows,
    references and words.
    """
    return digest([(path, *tree[path]) for path in sorted(_code(tree, file, references, globs, is_flow))])


def changed_code(
    old_tree: Entries,
    new_tree: Entries,
    file: str,
    references: Collection[str],
    globs: tuple[str, ...] | None,
    is_flow: Callable[[str], bool],
) -> tuple[str, ...]:
    """The files of the flow's code that came, went or changed, sorted."""
    paths = {path for tree in (old_tree, new_tree) for path in _code(tree, file, references, globs, is_flow)}
    return tuple(sorted(path for path in paths if old_tree.get(path) != new_tree.get(path)))


def prefixes(file: str, globs: tuple[str, ...] | None) -> tuple[str, ...]:
    """How the paths of the code begin: a file that begins with none of these cannot belong to it."""
    if globs is None:
        return (_folder(file),)
    literal = sorted({_literal(glob) for glob in globs if not glob.startswith("!")})
    return tuple(one for index, one in enumerate(literal) if not one.startswith(tuple(literal[:index])))


def _code(
    tree: Entries,
    file: str,
    references: Collection[str],
    globs: tuple[str, ...] | None,
    is_flow: Callable[[str], bool],
) -> Iterator[str]:
    begins = prefixes(file, globs)
    paths = tree.below(begins) if isinstance(tree, Tree) else (path for path in tree if path.startswith(begins))
    if globs is not None:
        wanted = tuple(chain.from_iterable(map(_with_folder, globs)))
        yield from (path for path in paths if matches(path, wanted))
        return
    reached = frozenset((file, *references))
    for path in paths:
        if path not in reached and not _is_aside(path) and not is_flow(path):
            yield path


def _folder(file: str) -> str:
    folder = file.rpartition("/")[0]
    return "" if not folder or folder.split("/")[0] == "flows" else f"{folder}/"


def _is_aside(path: str) -> bool:
    return path.startswith(_REACHED) or path.endswith(".md") or _ASIDE.search(path) is not None


def _literal(glob: str) -> str:
    """What every path begins with that a glob takes."""
    return _SPECIAL.split(glob.removeprefix("./").removeprefix("/"), maxsplit=1)[0].rstrip("/")


def _with_folder(glob: str) -> tuple[str, str]:
    """The glob, and all that is in a folder of that name."""
    plain = glob.rstrip("/")
    return plain, f"{plain}/**"
