"""Addresses of our page for what is said on commits, where those who read it can reach them."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from reconciler.ports import World

_HERE = frozenset({"localhost", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared, not listened on


def page_of(world: World, repository: str, *path: str) -> str:
    """`page_of(world, "shop", "runs", "3f2a")`; "" without a page that readers of the repository's checks can reach."""
    afar = world.checks.terms(repository).read_afar
    page = world.public_url if afar else world.page_url
    if not page or (afar and _is_here(page)):
        return ""
    return "/".join([page, *(quote(part, safe="") for part in path)])


def _is_here(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host in _HERE or host.startswith("127.")
