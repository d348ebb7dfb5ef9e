"""Who may ask for things on proposals and commits, by the settings of a branch that nobody's proposal can change.

The forge is asked each time. While it does not answer nobody may, and what was asked waits; where it refuses to say,
the answer is no, with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from reconciler.flows.owners import ALIASES_FILE, OWNERS_FILE, Owners, parse_owners
from reconciler.flows.settings import RepositorySettings
from reconciler.plan.encoding import decode
from reconciler.ports import Conversations, Source
from reconciler.records import RepositoryRow
from reconciler.steps.flow_files import Revision

OWNERS = "owners"  # in the settings: whoever the file of that name names
WORDS = frozenset({"admin", "maintain", "write", "triage", "read", OWNERS})  # people may have such names


@dataclass(frozen=True)
class Rules:
    """Who may in a repository: whom its settings at `base` allow to, and the OWNERS file there."""

    conversations: Conversations
    repository: str
    base: Revision

    @property
    def allow(self) -> Sequence[str]:
        """Words for permissions, logins, teams and `owners`."""
        return self.base.settings.commands.allow

    def may_command(self, login: str) -> bool:
        """By name, by permission, by OWNERS or by team. Raises Waiting, Stalled as the forge does."""
        names = {name.lower().removeprefix("@") for name in self.allow}
        roles = names & WORDS - {OWNERS}
        if login.lower() in names - WORDS or self.conversations.permission(self.repository, login) in roles:
            return True
        if OWNERS in names and login.lower() in self._owners.approvers | self._owners.reviewers:
            return True
        teams = (name for name in sorted(names) if "/" in name)
        return any(self.conversations.is_member(self.repository, team, login) for team in teams)

    def may_approve_code(self, login: str) -> bool:
        """Whether somebody who may command may also let code of strangers run: as they may write, or by OWNERS."""
        names = {name.lower() for name in self.allow}
        is_approver = OWNERS in names and login.lower() in self._owners.approvers
        return is_approver or self.conversations.may_write(self.repository, login)

    @cached_property
    def _owners(self) -> Owners:
        return parse_owners(self.base.read(OWNERS_FILE), self.base.read(ALIASES_FILE))


def rules_at_head(conversations: Conversations, source: Source, repository: RepositoryRow) -> Rules:
    """Those of the default branch as it was seen last."""
    settings = decode(repository.settings_json, RepositorySettings)
    return Rules(conversations, repository.name, Revision(source, repository.name, repository.head, settings))
