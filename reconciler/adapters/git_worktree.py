"""A working tree as git sees it: which commit it stands on. Nothing is fetched or changed."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.git_commands import Git, GitFailed
from reconciler.errors import ReconcileError


def head_of(root: Path) -> str:
    """The sha of the commit that the tree was checked out at; empty outside a repository and before a first commit."""
    try:
        return Git(root).text("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except (GitFailed, ReconcileError):
        return ""
