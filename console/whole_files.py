"""Files put in their place whole or not at all: whoever reads at the same moment finds the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path


def put(file: Path, data: bytes, *, mode: int | None = None, durable: bool = True) -> None:
    """Write a file beside its place and move it there; a link of that name is replaced, not followed.

    `mode` are its permission bits, None: those of new files. What is `durable` stands after a power cut too. Raises
    OSError, and leaves nothing behind then.
    """
    made = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with made.open("wb") as opened:
            opened.write(data)
            if mode is not None:
                os.fchmod(opened.fileno(), mode)
            if durable:
                opened.flush()
                os.fsync(opened.fileno())
        made.replace(file)
    finally:
        made.unlink(missing_ok=True)
