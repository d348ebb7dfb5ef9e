"""What people do with repositories: make, push to, rename, transfer, archive, delete them; and who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.github.events import Events, Silence
from tests.github.git_hosting import ZERO, BareRepository, Files
from tests.github.records import Account, PullRequest, Repository
from tests.github.state import State
from tests.github.webhooks import Webhooks

Which = Repository | str | None  # a record, "owner/name", or None: the first one


class RepositoryWords:
    """Part of the world; see tests/github/world.py."""

    state: State
    webhooks: Webhooks

    @property
    def events(self) -> Events | Silence:
        raise NotImplementedError

    @contextmanager
    def acting(self) -> Iterator[State]:
        raise NotImplementedError
        yield

    def find(self, which: Which = None) -> Repository:
        """The repository that is meant."""
        if isinstance(which, Repository):
            return which
        found = self.state.repository(which) if which else next(iter(self.state.repositories.values()), None)
        assert found is not None, f"there is no repository {which or ''}"
        return found

    def organization(self, login: str, **teams: list[str]) -> Account:
        """An organization with teams of people: `github.organization("acme", ml=["ann"])`."""
        with self.acting() as state:
            row = state.account(login, "Organization")
            row.kind = "Organization"
            for slug, members in teams.items():
                row.teams[slug] = {state.account(name).login: "member" for name in members}
                row.members.update(members)
            return row

    def repository(
        self, full_name: str, files: Files | None = None, *, private: bool = False, personal: bool = False
    ) -> Repository:
        """A new repository with a first commit of these files, owned by an organization unless it is `personal`."""
        if not personal:
            self.organization(full_name.split("/")[0])
        with self.acting() as state:
            row = state.new_repository(full_name)
            row.private = private
            self._commit(row, "main", files or {"README.md": f"# {row.name}\n"}, "Begin", row.owner)
            self.events.repository("created", row, row.owner)
            return row

    def allow(self, login: str, role: str = "write", repository: Which = None) -> Account:
        """Give a person a role: admin, maintain, write, triage or read."""
        with self.acting() as state:
            row = state.account(login)
            self.find(repository).collaborators[row.login] = role
            return row

    def forbid(self, login: str, repository: Which = None) -> None:
        """Take a person's role away."""
        with self.acting():
            self.find(repository).collaborators.pop(login, None)

    def push(
        self,
        files: Files,
        branch: str = "main",
        *,
        repository: Which = None,
        by: str = "ann",
        message: str = "Change files",
    ) -> str:
        """Commit on a branch (a new one leaves the default branch here); None removes a file. The new sha."""
        with self.acting() as state:
            row = self.find(repository)
            return self._commit(row, branch, files, message, state.account(by))

    def force_push(
        self,
        files: Files,
        branch: str,
        *,
        repository: Which = None,
        by: str = "ann",
        onto: str | None = None,
        message: str = "Rewrite",
    ) -> str:
        """Replace a branch by one commit on top of `onto` (the default branch where it is not given)."""
        with self.acting() as state:
            row = self.find(repository)
            parent = onto or self.head(repository=row)
            return self._commit(row, branch, files, message, state.account(by), parent=parent)

    def reset(self, branch: str, sha: str, *, repository: Which = None, by: str = "ann") -> None:
        """Force a branch to a commit that exists, such as an earlier head of it."""
        with self.acting() as state:
            row = self.find(repository)
            before = row.git.refs()
            row.git.set_ref(f"refs/heads/{branch}", sha)
            self.refs_changed(row, before, state.account(by))

    def delete_branch(self, branch: str, *, repository: Which = None, by: str = "ann") -> None:
        with self.acting() as state:
            row = self.find(repository)
            before = row.git.refs()
            row.git.set_ref(f"refs/heads/{branch}", None)
            self.refs_changed(row, before, state.account(by))

    def tag(self, name: str, sha: str | None = None, *, repository: Which = None, by: str = "ann") -> None:
        with self.acting() as state:
            row = self.find(repository)
            before = row.git.refs()
            row.git.set_ref(f"refs/tags/{name}", sha or self.head(repository=row))
            self.refs_changed(row, before, state.account(by))

    def head(self, branch: str | None = None, *, repository: Which = None) -> str:
        """The sha of a branch, or of the default one."""
        row = self.find(repository)
        sha = row.git.sha(f"refs/heads/{branch or row.default_branch}")
        assert sha is not None, f"there is no branch {branch}"
        return sha

    def rename(self, new_name: str, *, repository: Which = None, by: str = "ann") -> Repository:
        """Another name under the same owner; the old one leads here."""
        with self.acting() as state:
            row = self.find(repository)
            old = row.name
            state.former_names[row.full_name.lower()] = row.id
            row.name = new_name
            changes = {"repository": {"name": {"from": old}}}
            self.events.repository("renamed", row, state.account(by), changes=changes)
            return row

    def transfer(self, new_owner: str, *, repository: Which = None, by: str = "ann") -> Repository:
        """Another owner; the App follows only where it is installed on the new one."""
        self.organization(new_owner)
        with self.acting() as state:
            row = self.find(repository)
            old = row.owner
            state.former_names[row.full_name.lower()] = row.id
            row.owner = state.account(new_owner)
            changes = {"owner": {"from": {"organization": self.events.organization(old)}}}
            self.events.repository("transferred", row, state.account(by), changes=changes)
            return row

    def archive(self, *, repository: Which = None, by: str = "ann") -> None:
        with self.acting() as state:
            row = self.find(repository)
            row.archived = True
            self.events.repository("archived", row, state.account(by))

    def unarchive(self, *, repository: Which = None, by: str = "ann") -> None:
        with self.acting() as state:
            row = self.find(repository)
            row.archived = False
            self.events.repository("unarchived", row, state.account(by))

    def delete_repository(self, which: Which = None, *, by: str = "ann") -> None:
        """Gone for good; pull requests that came from it (a fork) keep their commits."""
        with self.acting() as state:
            row = self.find(which)
            self.events.repository("deleted", row, state.account(by))
            del state.repositories[row.id]
            for other in state.repositories.values():
                for pull in other.pulls.values():
                    pull.head = None if pull.head is row else pull.head

    def fork(self, owner: str, *, repository: Which = None) -> Repository:
        """A person's fork of a repository, made once."""
        with self.acting() as state:
            parent = self.find(repository)
            name = f"{owner}/{parent.name}"
            if found := state.repository(name):
                return found
            row = state.new_repository(name, parent)
            for ref, sha in parent.git.refs("refs/heads/").items():
                row.git.fetch(parent.git, sha, ref)
            return row

    def git(self, repository: Which = None) -> BareRepository:
        """The bare repository itself, for tests that look into it."""
        return self.find(repository).git

    # --- what follows -----------------------------------------------------------------------------------------

    def _commit(
        self, row: Repository, branch: str, files: Files, message: str, by: Account, parent: str | None = None
    ) -> str:
        before, ref = row.git.refs(), f"refs/heads/{branch}"
        parent = parent or before.get(ref) or before.get(f"refs/heads/{row.default_branch}")
        sha = row.git.commit(ref, files, parent=parent, message=message, author=by.login, moment=self.state.now())
        self.refs_changed(row, before, by)
        return sha

    def refs_changed(self, row: Repository, before: dict[str, str], by: Account) -> None:
        """After any push: pull requests follow their heads, and everybody is told."""
        with self.state.lock:
            after = row.git.refs()
            for ref in sorted({*before, *after}):
                old, new = before.get(ref, ZERO), after.get(ref, ZERO)
                if old != new and ref.startswith(("refs/heads/", "refs/tags/")):
                    self._ref_changed(row, ref, old, new, by)

    def _ref_changed(self, row: Repository, ref: str, old: str, new: str, by: Account) -> None:
        row.pushed_at = self.state.now()
        forced = ZERO not in (old, new) and not row.git.is_ancestor(old, new)
        self.events.push(row, ref, old, new, by, forced)
        if ref.startswith("refs/heads/"):
            branch = ref.removeprefix("refs/heads/")
            if new != ZERO:
                self._request_suites(row, new, branch, by)
            self.head_moved(row, branch, new, by)

    def _request_suites(self, row: Repository, sha: str, branch: str, by: Account) -> None:
        for app in self.state.apps.values():
            if self.state.installation_on(app, row) and app.permissions.get("checks") == "write":
                self.events.check_suite("requested", self.state.suite(app, row, sha, branch), by)

    def head_moved(self, row: Repository, branch: str, new: str, by: Account) -> None:
        """A branch moved: see PullWords."""
        raise NotImplementedError

    def pull(self, number: int, repository: Which = None) -> PullRequest:
        return self.find(repository).pulls[number]
