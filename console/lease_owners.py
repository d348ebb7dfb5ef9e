"""What a service is called as the holder of leases, and whether one that is called so still lives."""

from __future__ import annotations

import socket

from reconciler.adapters.process_records import is_alive, this_writer


def this_owner() -> str:
    """This process, told apart from every other one of every machine."""
    return f"{socket.gethostname()} {this_writer()}"


def is_gone(owner: str) -> bool:
    """Whether the holder of a lease was a process of this machine that lives no more."""
    host, _, writer = owner.partition(" ")
    return host == socket.gethostname() and not is_alive(writer)
