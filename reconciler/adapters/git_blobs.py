"""Contents of many objects from one `git cat-file --batch`. Which objects are wanted is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

from reconciler.adapters.git_commands import Git, GitFailed, checked_sha

LARGEST = 16 * 2**20
"""Bytes of a file that are read into memory; nothing that we read is that large, and its reader refuses it."""

_CHUNK = 2**20


def blobs(git: Git, ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each object with its bytes, cut at LARGEST, in the given order. Raises GitFailed for one that is missing."""
    for blob, pieces in blob_pieces(git, ids):
        yield blob, _joined(pieces)


def blob_pieces(git: Git, ids: Sequence[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each object with an iterator over its pieces, which is to be used up before the next object is asked for."""
    for blob, found in zip(ids, _batch(git, [checked_sha(blob) for blob in ids]), strict=False):
        if found is None:
            raise GitFailed(128, f"Object {blob} is missing or cannot be read.")
        yield blob, found[1]


def named_objects(git: Git, names: Sequence[str]) -> list[tuple[str, bytes] | None]:
    """Id and bytes of each revision, None for one that is not there. `names` are made by us, never by a pusher."""
    return [None if found is None else (found[0], _joined(found[1])) for found in _batch(git, names)]


def is_there(git: Git, sha: str) -> bool:
    """Whether an object of that id is in the repository."""
    return not git.text("cat-file", "--batch-check", stdin=f"{checked_sha(sha)}\n".encode()).endswith(" missing")


def _batch(git: Git, names: Sequence[str]) -> Iterator[tuple[str, Iterator[bytes]] | None]:
    asked = "".join(f"{name}\n" for name in names).encode()
    with git.stream("cat-file", "--batch", stdin=asked) as out:
        for _ in names:
            line = out.readline()
            if not line:
                raise GitFailed(128, "The objects of the repository cannot be read.")
            header = line.decode("utf-8", "replace").split()
            yield (header[0], _pieces(out, int(header[2]))) if len(header) == 3 else None


def _pieces(out: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        piece = out.read(min(size, _CHUNK))
        if not piece:
            raise GitFailed(128, "The repository ended in the middle of an object.")
        size -= len(piece)
        yield piece
    out.read(1)  # the line's end after each object


def _joined(pieces: Iterator[bytes]) -> bytes:
    kept = bytearray()
    for piece in pieces:
        kept += piece[: LARGEST - len(kept)]
    return bytes(kept)
