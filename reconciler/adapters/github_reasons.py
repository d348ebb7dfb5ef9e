"""Reasons of errors from GitHub that are asked for elsewhere; what each means is said where it is raised."""

from __future__ import annotations

from typing import Final

AWAY: Final = "GitHubAway"
LIMITED: Final = "GitHubLimit"
SIGN_IN: Final = "GitHubSignIn"
MISSING: Final = "GitHubNotFound"
REFUSED: Final = "GitHubRefused"
PERMISSION: Final = "GitHubPermission"
BAD_TOKEN: Final = "GitHubToken"  # noqa: S105 - it is a reason
KEY: Final = "GitHubKey"
ADDRESS: Final = "GitHubAddress"
CLIENT: Final = "GitHubClient"
CODE: Final = "GitHubCode"
