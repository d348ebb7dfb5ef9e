"""Addresses of our page for what is said on commits, where those who read it can reach them."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from reconciler.ports import World

_HERE = frozenset({"localhost", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared, not listened on


def page_of(world: World, repository: str, *path: str) -> str:
    """`page_of(world, "shop", "runs", "3f2a")`; "" without a page that readers of the repository's checks can reach."""
    if not world.page_url or (world.checks.terms(repository).read_afar and _is_here(world.page_url)):
        return ""
    return "/".join([world.page_url, *(quote(part, safe="") for part in path)])


def _is_here(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host in _HERE or host.startswith("127.")
