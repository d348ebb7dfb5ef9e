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
        kept = bytearray()
        for piece in pieces:
            kept += piece[: LARGEST - len(kept)]
        yield blob, bytes(kept)


def blob_pieces(git: Git, ids: Sequence[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each object with an iterator over its pieces, which is to be used up before the next object is asked for."""
    asked = "".join(f"{checked_sha(blob)}\n" for blob in ids).encode()
    with git.stream("cat-file", "--batch", stdin=asked) as out:
        for blob in ids:
            header = out.readline().decode("ascii", "replace").split()
            if len(header) != 3:
                raise GitFailed(128, f"Object {blob} is missing or cannot be read.")
            yield blob, _pieces(out, int(header[2]))


def _pieces(out: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        piece = out.read(min(size, _CHUNK))
        if not piece:
            raise GitFailed(128, "The repository ended in the middle of an object.")
        size -= len(piece)
        yield piece
    out.read(1)  # the line's end after each object
