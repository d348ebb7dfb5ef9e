"""Component repositories at one commit, fetched into a directory of ours. What is taken from them is decided elsewhere.

Fetching runs as the user: with the user's own Git configuration, so that credential helpers and proxies of theirs hold.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from reconciler.adapters.git_blobs import blobs
from reconciler.adapters.git_commands import Git, GitFailed, checked_sha, is_branch_name, is_sha, sorted_failures
from reconciler.adapters.git_trees import tree_files
from reconciler.errors import ReconcileError, Stalled, Waiting
from reconciler.plan.tree import REGULAR_MODES

_ALLOWED = ("-c", "protocol.https.allow=always", "-c", "protocol.ssh.allow=always")
_OF_THE_USER = (
    *("SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "GIT_ASKPASS", "GIT_SSH_COMMAND"),
    *("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"),
    *("GIT_SSL_CAINFO", "SSL_CERT_FILE"),
)
# The other end of a fetch from this machine is a process of its own and inherits no setting of ours.
_UPLOAD_PACK = "--upload-pack=git -c safe.directory='*' upload-pack"
_FOR_PEOPLE = re.compile(
    r"[Aa]uthentication failed|could not read Username|Permission denied|not found|does not exist|"
    r"not appear to be a git|certificate|Host key verification",
)
_SECRET = re.compile(r"://[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class ComponentCommit:
    """The files of one commit; mode and blob id by path."""

    sha: str
    entries: Mapping[str, tuple[str, str]]
    git: Git

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file; None for what is absent, a link or a submodule. Raises Waiting, Stalled."""
        mode, blob = self.entries.get(path, ("", ""))
        if mode not in REGULAR_MODES:
            return None
        with sorted_failures("the hub"):
            return next(iter(blobs(self.git, [blob])))[1]


class ComponentRepositories:
    """Fetches commits of repositories into `directory`, which the caller removes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def commit(self, name: str, url: str, revision: str = "", sha: str = "") -> ComponentCommit:
        """The commit `sha`, or the one that a branch, tag or commit means now; "" is the default branch.

        `name` is what messages call the repository. Raises Waiting, Stalled.
        """
        git = self._repository(url)
        try:
            wanted = sha or self._resolved(git, name, url, revision)
            _fetch(git, url, checked_sha(wanted))
            entries = {path: (mode, blob) for path, mode, blob in tree_files(git, wanted)}
        except GitFailed as failure:
            raise _sorted(name, failure) from None
        return ComponentCommit(wanted, entries, git)

    def _repository(self, url: str) -> Git:
        if url.startswith("/") and not Path(url).is_dir():
            raise Stalled("RepositoryMissing", f"There is no repository at {url}: correct `references.hubs`.")
        git = Git(self._directory / sha256(url.encode()).hexdigest()[:16], bare=True)
        if not git.directory.exists():
            git.directory.mkdir(parents=True)
            git.run("init", "--quiet", "--bare", "--template=", "--initial-branch=headgate")
        return git

    def _resolved(self, git: Git, name: str, url: str, revision: str) -> str:
        if is_sha(revision):
            return revision
        if revision and not is_branch_name(revision):
            raise Stalled("RevisionUnclear", f"`{revision}` names no branch, tag or commit of the hub `{name}`.")
        # In the order of gitrevisions(7): a tag goes before a branch; of an annotated one the commit is meant.
        refs = (
            [f"refs/tags/{revision}^{{}}", f"refs/tags/{revision}", f"refs/heads/{revision}"] if revision else ["HEAD"]
        )
        listed = _remote(git, "ls-remote", url, *refs).decode("utf-8", "replace")
        found = {ref: sha for sha, _, ref in (line.partition("\t") for line in listed.splitlines())}
        sha = next((found[ref] for ref in refs if ref in found), "")
        if not is_sha(sha):
            what = (
                f"no branch or tag `{revision}`; a commit is named by all of its 40 digits" if revision else "no commit"
            )
            raise Stalled("RevisionUnknown", f"The hub `{name}` has {what}.")
        return sha


def _fetch(git: Git, url: str, sha: str) -> None:
    """Fetch one commit alone, or, from a server that gives only what refs name, all of them."""
    if _has(git, sha):
        return
    options = ("--quiet", "--no-tags", "--no-write-fetch-head")
    try:
        _remote(git, "fetch", url, sha, options=(*options, "--depth=1"))
    except GitFailed:
        refspecs = ("+refs/heads/*:refs/hub/heads/*", "+refs/tags/*:refs/hub/tags/*")
        _remote(git, "fetch", url, *refspecs, options=options)
    if not _has(git, sha):
        raise GitFailed(128, f"the commit {sha} is not found")


def _has(git: Git, sha: str) -> bool:
    try:
        git.run("cat-file", "-e", f"{sha}^{{commit}}")
    except GitFailed:
        return False
    return True


def _remote(git: Git, command: str, url: str, *names: str, options: tuple[str, ...] = ()) -> bytes:
    local = (_UPLOAD_PACK,) if url.startswith("/") else ()
    return git.run(*_ALLOWED, command, *options, *local, "--", url, *names, extra=_user_environment())


def _user_environment() -> Mapping[str, str]:
    """What of the user's environment and configuration decides how repositories are reached."""
    given = {name: os.environ[name] for name in _OF_THE_USER if os.environ.get(name)}
    if "SSL_CERT_FILE" in given:  # which curl inside git does not look at
        given.setdefault("GIT_SSL_CAINFO", given["SSL_CERT_FILE"])
    home = Path(os.environ.get("HOME") or "/")
    configured = (home / ".gitconfig", Path(given.get("XDG_CONFIG_HOME") or home / ".config") / "git" / "config")
    own = next((str(file) for file in configured if file.is_file()), None)
    return {**given, "GIT_CONFIG_GLOBAL": own} if own is not None else given


def _sorted(name: str, failure: GitFailed) -> ReconcileError:
    lines = [line for line in failure.message.splitlines() if line.strip()]
    said = next(
        (line for line in lines if "fatal:" in line or "ERROR" in line), lines[0] if lines else "no reason given"
    )
    message = f"git cannot fetch the hub `{name}`: {_SECRET.sub('://', said.removeprefix('fatal: '))[:300]}"
    if _FOR_PEOPLE.search(failure.message):
        return Stalled("HubRefused", message)
    return Waiting("HubAway", message, timedelta(minutes=1))
