"""Ports for programs that have to be told one before they listen."""

from __future__ import annotations

import random
import socket

_OURS = range(20_000, 32_000)  # the kernel gives none of these to whoever asks for any, or connects


def free_port() -> int:
    """One that nobody listens at, and that nobody is likely to be given before it is used."""
    while True:
        port = random.SystemRandom().choice(_OURS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
