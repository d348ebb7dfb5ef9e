"""The name of a place: this machine and a data directory, where attempts keep their files and their processes."""

from __future__ import annotations

import socket
from pathlib import Path


def local_place(data_dir: Path, host: str = "") -> str:
    """`host:/data/dir`. Only services of the same place act on an attempt's processes."""
    return f"{host or socket.gethostname()}:{data_dir.resolve()}"
