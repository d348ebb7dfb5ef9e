"""Where a GitHub is: its API, its pages and repositories; each tells the other."""

from __future__ import annotations

from urllib.parse import urlsplit

PUBLIC = "https://api.github.com"
WEB = "https://github.com"


def web_address(api: str) -> str:
    """Where pages and repositories are, given where the API is: github.com, a tenant of ghe.com, an own server."""
    parts = urlsplit(api)
    if parts.path.rstrip("/") == "/api/v3":
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


def api_address(web: str) -> str:
    """Where the API is, given where the pages are."""
    if web == WEB:
        return PUBLIC
    parts = urlsplit(web)
    if parts.netloc.endswith(".ghe.com"):
        return f"{parts.scheme}://api.{parts.netloc}"
    return f"{web}/api/v3"
