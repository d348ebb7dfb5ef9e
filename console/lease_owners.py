"""What a service is called as the holder of leases, and whether one that is called so still lives."""

from __future__ import annotations

from reconciler.adapters.process_records import is_alive, this_writer


def this_owner(place: str) -> str:
    """This process as the service of a place, told apart from every other one of every machine."""
    return f"{place} {this_writer()}"


def is_gone(place: str, owner: str) -> bool:
    """Whether the holder of a lease was a service of this place that lives no more; others cannot be judged here."""
    holder, _, writer = owner.rpartition(" ")
    return holder == place and not is_alive(writer)
