"""Branches and tags of a repository, and which of them is the default one; names that commands misread are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.adapters.git_commands import Git, GitFailed, is_branch_name, is_sha
from reconciler.errors import Stalled

CHECKS = "refs/notes/checks"  # where what is said on commits is kept in the repository itself
_LISTED = "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname)"
_USUAL = ("main", "master")


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository's branches and tags, each with the commit it stands for, and the refs that are neither for us."""

    branches: Mapping[str, str]
    tags: Mapping[str, str]
    ignored: tuple[str, ...]
    has_checks: bool = False


def listed(git: Git, *kinds: str) -> str:
    """The refs below `refs/heads` and so on as git tells them; equal texts mean that nothing moved."""
    return git.text("for-each-ref", _LISTED, *kinds)


def default_branch(remote: Git) -> str | None:
    """The branch that HEAD names; None where HEAD says what somebody is working on, or nothing."""
    if remote.text("rev-parse", "--is-bare-repository") != "true":
        return None
    try:
        head = remote.text("symbolic-ref", "-q", "HEAD")
    except GitFailed as failure:
        if failure.code != 1:
            raise
        return None
    name = head.removeprefix("refs/heads/")
    return name if name != head and is_branch_name(name) else None


def checked_default(repository: str, default: str | None, branches: Mapping[str, str]) -> str:
    """The default branch where HEAD names `default`, or none. Raises Stalled where that does not tell."""
    if default is None:
        return _usual_branch(branches)
    if branches and default not in branches:
        raise _no_head(repository, default, branches)
    return default


def _usual_branch(branches: Mapping[str, str]) -> str:
    for name in _USUAL:
        if name in branches:
            return name
    if len(branches) > 1:
        message = "No branch is called main or master, and HEAD names none: point HEAD of a bare repository at one."
        raise Stalled("NoDefaultBranch", message)
    return next(iter(branches), _USUAL[0])


def _no_head(repository: str, default: str, branches: Mapping[str, str]) -> Stalled:
    """No other branch stands in: what it does not declare would be pruned."""
    name = next((name for name in (*_USUAL, *sorted(branches)) if name in branches), "")
    message = f"HEAD of {repository} names the branch `{default}`, which is not there."
    return Stalled("NoDefaultBranch", f"{message} Point it at one, as by `git symbolic-ref HEAD refs/heads/{name}`.")


def without_checks(shown: str) -> tuple[str, bool]:
    """What `listed` told, but for the ref of checks; and whether that was among them."""
    every = shown.splitlines()
    others = [line for line in every if not line.endswith(f" {CHECKS}")]
    return "\n".join(others), len(others) < len(every)


def listing(shown: str) -> Listing:
    """What the text of `listed` says."""
    branches: dict[str, str] = {}
    tags: dict[str, str] = {}
    ignored: list[str] = []
    for line in shown.splitlines():
        kind, sha, peeled_kind, peeled, ref = line.split(" ", 4)
        names, name = (branches, ref[11:]) if ref.startswith("refs/heads/") else (tags, ref[10:])
        commit = sha if kind == "commit" else peeled if peeled_kind == "commit" else ""
        if is_sha(commit) and is_branch_name(name):
            names[name] = commit
        elif not is_branch_name(name):
            ignored.append(ref)
    return Listing(branches, tags, tuple(ignored))
