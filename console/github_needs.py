"""What Headgate needs of a GitHub App, and what does not work without it; and the manifest that asks for it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from console.github_config import SIGNED_IN
from webhooks.github_events import HOOK

_LEVELS = {"": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Need:
    """One permission at a level, or one event that comes with a permission.

    `lost` tells what does not work without it; `vital` if that is more than a delay or a convenience.
    """

    by: str  # "read" | "write", or the name of the permission
    lost: str
    vital: bool = False


PERMISSIONS: Mapping[str, Need] = {
    "checks": Need("write", "Nothing can be said on commits.", vital=True),
    "contents": Need("read", "Flows cannot be read.", vital=True),
    "issues": Need("write", "Commands in comments cannot be answered.", vital=True),
    "pull_requests": Need("write", "Proposals cannot be judged.", vital=True),
    "metadata": Need("read", "Repositories cannot be listed.", vital=True),
    "members": Need("read", "Nobody counts as a member of a team that owns flows."),
    "merge_queues": Need("read", "Nothing tells of a new entry of a merge queue."),
}
EVENTS: Mapping[str, Need] = {
    "push": Need("contents", "A merge is seen at the next look only."),
    "pull_request": Need("pull_requests", "A proposal is seen at the next look only."),
    "merge_group": Need("merge_queues", "An entry of a merge queue is seen at the next look only."),
    "issue_comment": Need("issues", "Commands in comments are not heard.", vital=True),
    "repository": Need("metadata", "A renamed or deleted repository is noticed late."),
}
OPTIONAL = tuple(name for name, need in PERMISSIONS.items() if not need.vital)
# Buttons on checks. Whoever may write checks hears of them without being subscribed.
AUTOMATIC = ("check_run", "check_suite")


def grants(granted: Mapping[str, str], name: str) -> bool:
    """Whether a permission is granted at the level that is needed, or at a higher one."""
    return _LEVELS.get(granted.get(name, ""), 0) >= _LEVELS[PERMISSIONS[name].by]


def manifest(name: str, back: str, homepage: str, public_url: str, without: Collection[str] = ()) -> Mapping[str, Any]:
    """What GitHub makes an App from. `back` is where it leads the browser then; without `public_url` no webhook and no
    sign-in.

    `without` are permissions that are not asked for, and neither are their events.

    https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
    """
    asked: dict[str, Any] = {
        "name": name,
        "url": homepage,
        "description": "Judges flows on pull requests and reports their runs on commits.",
        "public": False,
        "redirect_url": back,
        "default_permissions": {
            permission: need.by for permission, need in PERMISSIONS.items() if permission not in without
        },
        "default_events": [*(event for event, need in EVENTS.items() if need.by not in without), *AUTOMATIC],
    }
    if public_url:
        asked["hook_attributes"] = {"url": public_url + HOOK, "active": True}
        asked["callback_urls"] = [public_url + SIGNED_IN]
    return asked
