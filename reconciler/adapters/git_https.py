"""Fetching over HTTPS into a mirror. The credential is in the environment of git's process and nowhere else.

What is fetched stands in a list on standard input, as names of branches come from whoever may push.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from reconciler.adapters.git_commands import Git, GitFailed, checked_sha, is_branch_name
from reconciler.adapters.github_errors import UNTIL_A_PERSON_ACTS
from reconciler.adapters.github_http import Secret
from reconciler.adapters.github_reasons import AWAY, LIMITED, PERMISSION
from reconciler.errors import Waiting

LONGEST = 1800.0  # s for the first fetch of a large repository; one that stands still ends after STILL
STILL = 30  # s
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
_SETTINGS = (
    "http.followRedirects=false",  # another host would be shown the credential
    f"http.lowSpeedTime={STILL}",
    "http.lowSpeedLimit=100",
    "credential.helper=",
    "protocol.version=2",  # only the refs that are asked for are told
)
_OPTIONS = ("--quiet", "--force", "--prune", "--no-tags", "--no-write-fetch-head", "--stdin")
_NO_REF = re.compile(r"couldn't find remote ref (\S+)")
_NO_COMMIT = re.compile(r"not our ref ([0-9a-f]{40})")
_REFUSED = re.compile(r"could not read (?:Username|Password)|Authentication failed|returned error: 401", re.I)
_GONE = re.compile(r"returned error: (?:301|302|307|308|404)|repository '.*' not found", re.I)
_STATUS = re.compile(r"returned error: (\d{3})")


class TokenRefused(Exception):
    """The server did not take the credential."""


class NotThere(Exception):
    """The server has no repository at that address, or does not show it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to fetch: branches with the commits that they stand for, whole families of them, and single commits.

    `branches` and `below` go to `refs/heads`, `commits` to the refs that are named.
    """

    branches: frozenset[str] = frozenset()
    below: str = ""  # as `queue/`: every branch that begins so
    commits: Mapping[str, str] | None = None  # ref -> sha

    def lines(self) -> str:
        """As `git fetch --stdin` takes them."""
        branches = [f"+refs/heads/{name}:refs/heads/{name}" for name in sorted(self.branches) if is_branch_name(name)]
        family = [f"+refs/heads/{self.below}*:refs/heads/{self.below}*"] if self.below else []
        commits = [f"+{checked_sha(sha)}:{ref}" for ref, sha in sorted((self.commits or {}).items())]
        return "".join(f"{line}\n" for line in (*branches, *family, *commits))

    def without(self, ref: str, sha: str) -> Wish:
        """What is left when the server has no such branch or commit."""
        kept = {one: wanted for one, wanted in (self.commits or {}).items() if wanted != sha}
        return replace(self, branches=self.branches - {ref.removeprefix("refs/heads/")}, commits=kept)


def fetch(mirror: Git, address: str, token: Secret, wish: Wish) -> Wish:
    """Fetch what there is of the wish, and return that. Raises TokenRefused, NotThere, Waiting, GitFailed."""
    git = replace(mirror, timeout=LONGEST)
    for _ in range(2 + len(wish.branches) + len(wish.commits or {})):
        try:
            git.run(*_command(address), stdin=wish.lines().encode(), extra=_environment(address, token))
        except GitFailed as failure:
            ref, sha = _NO_REF.search(failure.message), _NO_COMMIT.search(failure.message)
            if ref is None and sha is None:
                raise _sorted(failure, address) from None
            wish = wish.without(ref[1] if ref else "", sha[1] if sha else "")
        else:
            return wish
    raise Waiting("GitHubMoves", "Branches come and go faster than they can be fetched.", timedelta(seconds=5))


def _command(address: str) -> Sequence[str]:
    scheme = urlsplit(address).scheme
    settings = (*_SETTINGS, f"protocol.{scheme}.allow=always")
    return (*(word for one in settings for word in ("-c", one)), "fetch", *_OPTIONS, address)


def _environment(address: str, token: Secret) -> Mapping[str, str]:
    """The credential for this address alone, and the way there as for every other call of this process."""
    credential = b64encode(f"x-access-token:{token.reveal()}".encode()).decode()
    way = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    authorities = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    return {
        **way,
        **({"GIT_SSL_CAINFO": authorities} if authorities else {}),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{address}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credential}",
    }


def _sorted(failure: GitFailed, address: str) -> Exception:
    """Words of our own for what may be said of a server; the rest is sorted with other failures of git."""
    if _REFUSED.search(failure.message):
        return TokenRefused()
    if _GONE.search(failure.message):
        return NotThere()
    if "unable to access" in failure.message or "RPC failed" in failure.message:
        return _away(urlsplit(address).hostname or "", _STATUS.search(failure.message))
    return failure


def _away(host: str, status: re.Match[str] | None) -> Waiting:
    match status[1] if status else "":
        case "403":
            what = f"Git on {host} lets us read nothing there: grant contents: read, and look at its list of addresses."
            return Waiting(PERMISSION, what, UNTIL_A_PERSON_ACTS)
        case "429":
            return Waiting(LIMITED, f"Git on {host} asks to be left alone for a while.", timedelta(minutes=1))
        case _:
            return Waiting(AWAY, f"Git on {host} does not answer; it is tried again.", timedelta(seconds=15))
