"""Writing a commit's tree to a directory without a checkout: no filter, hook or attribute of the repository has a say.

Names in a tree may be hostile. A name that would leave the directory, or would be taken for Git's own, is not written;
nothing is written through a link, and a link that leads outside is not made.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from reconciler.adapters.git_blobs import blob_pieces, blobs
from reconciler.adapters.git_commands import Git, is_sha
from reconciler.plan.tree import TreeEntry

_MAKING, _GOING = ".making-", ".going-"
_ABANDONED = 86_400.0  # seconds after which nobody writes a tree any more
_LINK = "120000"
_SUBMODULE = "160000"
_EXECUTABLE = "100755"
_LONGEST_LINK = 4096
_READABLE = 0o555  # ops may run as other users than the service


def write_tree(git: Git, entries: Mapping[str, TreeEntry], place: Path) -> None:
    """Make `place` a read-only directory with these files, all at once: it never exists half written."""
    place.parent.mkdir(parents=True, exist_ok=True)
    written = Path(tempfile.mkdtemp(prefix=_MAKING, dir=place.parent))
    try:
        _fill(git, {path: entry for path, entry in entries.items() if _safe(path)}, written)
        _make_read_only(written)
        _publish(written, place)
    finally:
        _remove(written)


def checked_out(trees: Path, before: float) -> list[str]:
    """The commits whose trees were made there before a time."""
    with suppress(FileNotFoundError):
        return [entry.name for entry in os.scandir(trees) if is_sha(entry.name) and entry.stat().st_ctime < before]
    return []


def put_away(place: Path) -> None:
    """Take its name from a commit's tree, so that nobody finds half of it while it is removed."""
    with suppress(FileNotFoundError):
        os.rename(place, place.with_name(f"{_GOING}{place.name}"))


def clear_away(trees: Path) -> None:
    """Remove the trees that were put away, and those that somebody died over while they were written."""
    with suppress(FileNotFoundError):
        for entry in list(os.scandir(trees)):
            abandoned = entry.name.startswith(_MAKING) and entry.stat().st_mtime < time.time() - _ABANDONED
            if abandoned or entry.name.startswith(_GOING):
                _remove(Path(entry.path))


def _fill(git: Git, entries: Mapping[str, TreeEntry], root: Path) -> None:
    for path, entry in entries.items():
        _directory(root / path if entry.mode == _SUBMODULE else (root / path).parent)
    _write_files(git, {path: entry for path, entry in entries.items() if entry.mode.startswith("100")}, root)
    # Links come last, so that nothing else can have been written through one.
    links = {path: entry.blob for path, entry in entries.items() if entry.mode == _LINK}
    targets = dict(blobs(git, sorted(set(links.values())))) if links else {}
    for path, blob in links.items():
        target = targets[blob].decode("utf-8", "surrogateescape")
        if stays_inside(path, target):
            os.symlink(target, root / path)


def _directory(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)


def _write_files(git: Git, files: Mapping[str, TreeEntry], root: Path) -> None:
    places: dict[str, list[str]] = {}
    for path, entry in files.items():
        places.setdefault(entry.blob, []).append(path)
    if not places:
        return
    for blob, pieces in blob_pieces(git, sorted(places)):
        first, *others = places[blob]
        with open(root / first, "xb") as file:
            file.writelines(pieces)
        for path in others:
            shutil.copyfile(root / first, root / path, follow_symlinks=False)
        for path in places[blob]:
            os.chmod(root / path, _READABLE if files[path].mode == _EXECUTABLE else 0o444)


def _safe(path: str) -> bool:
    return all(_safe_name(name) for name in path.split("/"))


def _safe_name(name: str) -> bool:
    return name not in ("", ".", "..") and name.casefold() != ".git" and "\0" not in name


def stays_inside(path: str, target: str) -> bool:
    """Whether a link at `path` leads to a place below the root, whatever other links it passes through.

    Steps up are allowed at the beginning only: there they start from a real directory, later perhaps from a link.
    """
    if not target or len(target) > _LONGEST_LINK or target.startswith("/") or "\0" in target:
        return False
    names = PurePosixPath(target).parts
    up = next((index for index, name in enumerate(names) if name != ".."), len(names))
    return up <= path.count("/") and ".." not in names[up:] and all(map(_safe_name, names[up:]))


def _make_read_only(root: Path) -> None:
    for directory in _directories(root):
        os.chmod(directory, _READABLE)


def _publish(written: Path, place: Path) -> None:
    try:
        os.rename(written, place)
    except OSError:
        if not place.is_dir():  # else somebody was faster, with the same content
            raise


def _remove(root: Path) -> None:
    if root.exists():
        for directory in _directories(root):
            os.chmod(directory, 0o700)
        shutil.rmtree(root)


def _directories(root: Path) -> Iterable[Path]:
    return [Path(directory) for directory, _, _ in os.walk(root)]
