"""What is talked about on pull requests of GitHub, and who may ask for things there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_errors import MissingAllowed, not_known_yet
from reconciler.adapters.github_governor import Rank
from reconciler.adapters.github_http import LAG, OutcomeUnknown
from reconciler.adapters.github_names import GitHubRepository, github_repository
from reconciler.adapters.recent import Recent
from reconciler.checks.replies import MARK
from reconciler.ports import Clock, Comment, Opened
from reconciler.records import Lease

_PULL = "pull/"
_READ = "eyes"  # the reaction that shows that a comment was read
_MEMBERS = {"members": "read"}

Value = TypeVar("Value")
Mine = tuple[int, str]  # id of a comment of ours, and who has written it


@dataclass(frozen=True, slots=True)
class _Rights:
    role: str
    writes: bool


class GitHubConversations:
    """Implements `ports.Conversations`. `locate` gives the source of a repository by its name. Thread-safe."""

    def __init__(self, api: GitHubApi, locate: Callable[[str], str], clock: Clock) -> None:
        self._api = api
        self._locate = locate
        self._clock = clock
        self._unheard: Recent[tuple[int, str], float] = Recent(1_000)  # when a comment was sent that may have been made

    def comment(self, repository: str, comment: str) -> Comment | None:
        return self._found(repository, f"/issues/comments/{int(comment)}", _comment_of, missing=None)

    def opened(self, repository: str, proposal: str) -> Opened | None:
        return self._found(repository, f"/pulls/{_number(proposal)}", _opened_of, missing=None)

    def permission(self, repository: str, login: str) -> str:
        """By its role, which tells maintain from write; `none` for whoever is no collaborator."""
        return self._rights(repository, login).role

    def may_write(self, repository: str, login: str) -> bool:
        return self._rights(repository, login).writes

    def _rights(self, repository: str, login: str) -> _Rights:
        path = f"/collaborators/{quote(login, safe='')}/permission"
        return self._found(repository, path, _rights_of, missing=_Rights("none", False))

    def is_member(self, repository: str, team: str, login: str) -> bool:
        """Whether a person is an active member of `owner/team`."""
        owner, _, slug = team.partition("/")
        path = "/orgs/{}/teams/{}/memberships/{}".format(*(quote(part, safe="") for part in (owner, slug, login)))
        with MissingAllowed():
            return bool(self._api.elsewhere(self._at(repository), path, _is_active, _MEMBERS))
        return False

    def react(self, repository: str, comment: str, lease: Lease) -> None:
        """The same reaction twice is one; a comment that is gone needs none."""
        path = f"/issues/comments/{int(comment)}/reactions"
        with MissingAllowed():
            self._api.send(self._at(repository), "POST", path, {"content": _READ}, Rank.FLOW, lease=lease)

    def say(self, repository: str, proposal: str, known: str, text: str, lease: Lease) -> str:
        """Edit our comment, adopt one that was made without our hearing of it, or make one.

        Raises Waiting while that is not known, beside what every call raises.
        """
        at = self._at(repository)
        mine = known or self._adopted(at, proposal, lease)
        if mine:
            with MissingAllowed():  # somebody may have deleted it
                path = f"/issues/comments/{int(mine)}"
                self._api.send(at, "PATCH", path, {"body": text}, Rank.FLOW, lease=lease)
                return mine
        return self._made(at, proposal, text, lease)

    def _made(self, at: GitHubRepository, proposal: str, text: str, lease: Lease) -> str:
        """A new comment, once GitHub's list would show one that was sent before."""
        name = (at.id, proposal)
        sent_at = self._unheard.get(name)
        left = 0.0 if sent_at is None else sent_at + LAG - self._clock.monotonic()
        if left > 0:
            raise not_known_yet("comment", left)
        try:
            path = f"/issues/{_number(proposal)}/comments"
            return str(self._api.send(at, "POST", path, {"body": text}, Rank.FLOW, lease=lease)["id"])
        except OutcomeUnknown:
            self._unheard.put(name, self._clock.monotonic())
            raise

    def _adopted(self, at: GitHubRepository, proposal: str, lease: Lease) -> str:
        """Our comment on a pull request, "" if there is none. What others have written in its manner is not ours.

        With a token nobody can tell: then a second one is made.
        """
        me = self._api.credentials.app
        if not me:
            return ""
        path = f"/issues/{_number(proposal)}/comments"
        found = self._api.pages(at, path, _marked, lease=lease)
        return next((str(number) for number, app in found if app == me), "")

    def _found(self, repository: str, path: str, read: Callable[[Any], Value], missing: Value) -> Value:
        with MissingAllowed():
            return self._api.get(self._at(repository), path, read)
        return missing

    def _at(self, repository: str) -> GitHubRepository:
        return github_repository(self._locate(repository))


def _number(proposal: str) -> int:
    return int(proposal.removeprefix(_PULL))


def _comment_of(data: Mapping[str, Any]) -> Comment | None:
    user = data.get("user") or {}
    return Comment(
        str(user.get("login", "")),
        str(data.get("body") or ""),
        datetime.fromisoformat(data["created_at"]).timestamp(),
        edited=data["updated_at"] != data["created_at"],
        by_program=user.get("type") == "Bot" or data.get("performed_via_github_app") is not None,
    )


def _opened_of(data: Mapping[str, Any]) -> Opened | None:
    """The code of a fork that was deleted is that of a stranger as well."""
    head, base = data["head"], data["base"]
    is_ours = (head.get("repo") or {}).get("id") == base["repo"]["id"]
    author = str((data.get("user") or {}).get("login") or "")
    return Opened(str(head["sha"]), not is_ours, author) if data.get("state") == "open" else None


def _rights_of(data: Mapping[str, Any]) -> _Rights:
    """`permission` is the old word for what a role comes to: maintain is write there, triage is read."""
    permission = str(data.get("permission") or "none")
    return _Rights(str(data.get("role_name") or permission), permission in ("admin", "write"))


def _is_active(data: Mapping[str, Any]) -> bool:
    return data.get("state") == "active"


def _marked(data: list[Mapping[str, Any]]) -> list[Mine]:
    ours = (one for one in data if str(one.get("body") or "").startswith(MARK))
    return [(int(one["id"]), str((one.get("performed_via_github_app") or {}).get("id", ""))) for one in ours]
