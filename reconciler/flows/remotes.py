"""Where components of elsewhere may come from: the hosts and hub repositories of `.headgate.yaml`. Nothing is fetched.

The addresses are taken plainly or not at all: what two programs could read differently is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from reconciler.flows.composite import Built, Listing, Record, Table
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import BAD, TEXT

DEFAULT_HUB: Final = "polyaxon"  # a hubRef that names no owner is of Polyaxon's own hub there
_LONG = 2000  # characters of an address
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_URL = re.compile(
    rf"https://(?P<host>{_HOST})(?P<port>:[0-9]{{1,5}})?"
    r"(?P<path>/[\w.~!$&'()*+,;=:@%/-]*)(?:\?[\w.~!$&'()*+,;=:@%/?-]*)?",
    re.ASCII | re.IGNORECASE,
)
_ALLOWED = re.compile(
    rf"(?P<host>(?:\*\.)?{_HOST})(?P<port>:[0-9]{{1,5}})?(?P<path>/[\w.~/-]*)?", re.ASCII | re.IGNORECASE
)
_SCP = re.compile(r"[\w.-]+@[a-z0-9][\w.-]*:[\w./~-]+", re.ASCII | re.IGNORECASE)
_GIT = re.compile(rf"(?:https://|ssh://(?:[\w.-]+@)?){_HOST}(?::[0-9]{{1,5}})?/[\w./~-]+", re.ASCII | re.IGNORECASE)
_LOCAL = re.compile(r"/[\w./~-]+")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,62}", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][\w./+-]{0,200}", re.ASCII)
_FOLDER = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of components: its address, the branch, tag or commit to take ("" = the default branch), and the
    folder that they lie in ("" = its root)."""

    url: str
    revision: str = ""
    folder: str = "hub"


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """What may come from elsewhere: `urls` as host, port and beginning of the path, hub repositories by owner."""

    urls: tuple[str, ...] = ()
    hubs: Mapping[str, HubSource] = field(default_factory=dict)

    def refusal(self, url: str) -> str:
        """Why components may not be taken from an address, as a sentence that says what to do; "" where they may."""
        found = _plain(url)
        if found is None:
            return _unclear(url)
        if any(_takes(one, found) for one in self.urls):
            return ""
        host = _netloc(found)
        listed = "" if not self.urls else f" ({', '.join(self.urls[:5])}{', …' if len(self.urls) > 5 else ''})"
        return (
            f"`{host}` is not on the list of allowed hosts{listed}: add it under `references.urls` of .headgate.yaml, "
            "or copy the component under hub/."
        )


def is_plain_address(url: str) -> bool:
    """Whether an address is https, and written in a way that everybody reads alike."""
    return _plain(url) is not None


def _plain(url: str) -> re.Match[str] | None:
    found = _URL.fullmatch(url) if len(url) <= _LONG else None
    return None if found is None or _is_winding(found["path"]) else found


def is_hub_name(name: str) -> bool:
    """Whether a hub may be called so."""
    return _HUB_NAME.fullmatch(name) is not None


def _unclear(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if rest and scheme.lower() != "https":
        return f"Components are only taken over https, not {scheme[:20]}: write `https://…`, or use `pathRef`."
    if "@" in rest.partition("/")[0]:
        return "Remove the user and password from the address: this file can be read by many."
    return "Write the address plainly: https://, a host and a path without `..`, blanks or a fragment (`#`)."


def _is_winding(path: str) -> bool:
    """Whether a path may lead to another place than it says."""
    plain = unquote(path)
    return plain.count("/") != path.count("/") or "\\" in plain or not {".", ".."}.isdisjoint(plain.split("/"))


def _netloc(found: re.Match[str]) -> str:
    port = found["port"] or ""
    return found["host"].lower() + ("" if port == ":443" else port)


def _takes(allowed: str, url: re.Match[str]) -> bool:
    known = _ALLOWED.fullmatch(allowed)
    if known is None:
        return False
    host, asked, prefix = _netloc(known), _netloc(url), (known["path"] or "").rstrip("/")
    same = asked.endswith(host[1:]) and asked != host[2:] if host.startswith("*.") else asked == host
    return same and (url["path"] == prefix or url["path"].startswith(f"{prefix}/"))


def _host(value: str, node: Node, path: str, report: Report) -> Any:
    if _ALLOWED.fullmatch(value) and not _is_winding(value):
        return value
    plain = value.partition("://")[2]
    suggestion = plain if plain and _ALLOWED.fullmatch(plain) else None
    message = "Name a host, perhaps with the beginning of a path: components.example.com, raw.example.com/acme/."
    report.add("settings-invalid", message, node.span, path, suggestion=suggestion)
    return BAD


def _address(value: str, node: Node, path: str, report: Report) -> Any:
    if any(form.fullmatch(value) for form in (_GIT, _SCP, _LOCAL)) and "/../" not in f"{value}/":
        return value
    message = "Give the address of a Git repository: https://… without user and password, ssh://…, or an absolute path."
    report.add("settings-invalid", message, node.span, path)
    return BAD


def _revision(value: str, node: Node, path: str, report: Report) -> Any:
    if _REVISION.fullmatch(value) and ".." not in value:
        return value
    report.add("settings-invalid", "Name a branch, a tag or a commit.", node.span, path)
    return BAD


def _folder(value: str, node: Node, path: str, report: Report) -> Any:
    plain = value.removeprefix("./").rstrip("/")
    if plain in ("", "."):
        return ""
    if _FOLDER.fullmatch(plain):
        return plain
    report.add("settings-invalid", "Name a folder of the hub's repository, such as hub.", node.span, path)
    return BAD


class _Hubs:
    """A mapping from owners, as hubRefs name them, to repositories."""

    takes = "a mapping"
    table = Table(
        Record(
            {"url": Built(TEXT, _address), "revision": Built(TEXT, _revision), "folder": Built(TEXT, _folder)},
            required=("url",),
            templated=False,
        ),
        templated=False,
    )

    def read(self, node: Node, path: str, report: Report) -> Any:
        values = self.table.read(node, path, report)
        if values is BAD:
            return BAD
        for name in values:
            if not is_hub_name(name):
                message = f"Rename the hub `{name[:60]}`: letters, digits, `-` and `_` only."
                report.add("settings-invalid", message, node.key_span(name), path)
        return {name: HubSource(**said) for name, said in values.items() if "url" in said and is_hub_name(name)}


def _settings(value: Any, _node: Node, _path: str, _report: Report) -> RemoteSettings:
    return RemoteSettings(tuple(value.get("urls", ())), value.get("hubs", {}))


REFERENCES: Final = Built(
    Record({"urls": Listing(Built(TEXT, _host), templated=False), "hubs": _Hubs()}, templated=False), _settings
)
