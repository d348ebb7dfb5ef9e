"""`headgate demo`: the whole life of a flow on a sample repository, told as it happens."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from console.config import listen_address
from console.failures import Failure


@click.command(epilog="Exit codes: 0 every part came true, 1 one did not.")
@click.option("--once", is_flag=True, help="End after the last part instead of serving the page.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where to keep all of it.")
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:0", help="Address of the page; any free port.")
def demo(once: bool, data_dir: Path | None, listen: str) -> None:
    """See the whole life of a flow on a sample repository.

    \b
    headgate demo
    headgate demo --once --data-dir demo

    A repository is made in a temporary folder and connected; a branch is judged, mended and merged; its flows run on
    this machine; the service is killed and goes on where it was.
    """
    host, port = listen_address(listen)
    if shutil.which("python3") is None:
        raise Failure("no-python", "The examples run `python3`, which is not on the PATH.", do="Install Python 3.8+.")
    from console.demo.telling import tell  # brings the whole service

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # however it is ended, it leaves nothing behind
    with _folder(data_dir) as folder:
        tell(folder, data_dir or folder / "data", host, port, once)


@contextmanager
def _folder(data_dir: Path | None) -> Iterator[Path]:
    """Where the demo works: a folder that is gone afterwards, or one in a data directory, which is kept."""
    if data_dir is not None:
        yield data_dir / "sample"
        return
    made = Path(tempfile.mkdtemp(prefix="headgate-demo-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, onerror=_unlocked)


def _unlocked(again: Any, path: str, _error: Any) -> None:
    """Checkouts of commits are read-only; what cannot be removed even so is left to the machine's own cleaning."""
    try:
        os.chmod(os.path.dirname(path), 0o700)
        again(path)
    except OSError:
        return
