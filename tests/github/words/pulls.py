"""What people do with pull requests: open, push to, merge, close, comment on them, queue them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.github.git_hosting import ZERO, Files
from tests.github.records import Account, App, Comment, PullRequest, QueueEntry, Repository
from tests.github.words.checks import CheckWords
from tests.github.words.repositories import Which


class PullWords(CheckWords):
    """Part of the world; see tests/github/world.py."""

    def open_pull_request(
        self,
        files: Files | None = None,
        *,
        branch: str = "",
        title: str = "Change the flow",
        body: str = "",
        base: str = "",
        by: str = "ann",
        fork: bool = False,
        draft: bool = False,
        repository: Which = None,
    ) -> PullRequest:
        """Commit files on a branch (one of its own where none is named; `fork`: in the author's fork) and open it."""
        row = self.find(repository)
        source = self.fork(by, repository=row) if fork else row
        branch = branch or f"topic-{row.numbers + 1}"
        if files is not None:
            self.push(files, branch, repository=source, by=by)
        with self.acting() as state:
            row.numbers += 1
            head, base = self.head(branch, repository=source), base or row.default_branch
            pull = PullRequest(
                state.new_id(), row.numbers, row, title, body or None, state.account(by), source, branch, head, base,
                self.head(base, repository=row), state.now(), state.now(), draft=draft,
            )  # fmt: skip
            row.pulls[pull.number] = pull
            row.git.fetch(source.git, head, f"refs/pull/{pull.number}/head")
            self.events.pull_request("opened", pull, pull.author)
            return pull

    def ready(self, pull: PullRequest, *, by: str = "ann") -> None:
        """A draft is none any more."""
        with self.acting() as state:
            pull.draft, pull.updated_at = False, state.now()
            self.events.pull_request("ready_for_review", pull, state.account(by))

    def convert_to_draft(self, pull: PullRequest, *, by: str = "ann") -> None:
        with self.acting() as state:
            pull.draft, pull.updated_at = True, state.now()
            self.events.pull_request("converted_to_draft", pull, state.account(by))

    def push_to(self, pull: PullRequest, files: Files, *, by: str = "", force: bool = False) -> str:
        """Another commit on the head of a pull request; with `force`, instead of what was there."""
        assert pull.head is not None
        push = self.force_push if force else self.push
        return push(files, pull.head_ref, repository=pull.head, by=by or pull.author.login)

    def merge(self, pull: PullRequest, *, by: str = "ann", squash: bool = False) -> str:
        """Press the green button; the sha of the new commit on the base branch."""
        with self.acting() as state:
            row, person = pull.repository, state.account(by)
            self._let_merge(pull, pull.head_sha)
            base = self.head(pull.base_ref, repository=row)
            message = f"{pull.title} (#{pull.number})" if squash else f"Merge pull request #{pull.number}"
            sha = row.git.merge(base, pull.head_sha, message, state.now(), squash=squash)
            assert sha is not None, f"pull request {pull.number} conflicts with {pull.base_ref}"
            self._merged(pull, sha, person)
            before = row.git.refs()
            row.git.set_ref(f"refs/heads/{pull.base_ref}", sha)
            self.refs_changed(row, before, person)
            return sha

    def _let_merge(self, pull: PullRequest, sha: str) -> None:
        missing = self.missing(sha, repository=pull.repository)
        assert not missing, f"pull request {pull.number} is blocked: {', '.join(missing)} did not pass on {sha[:9]}"
        assert not pull.draft, f"pull request {pull.number} is a draft"

    def _merged(self, pull: PullRequest, sha: str, by: Account) -> None:
        now = self.state.now()
        pull.state, pull.closed_at, pull.merged_at, pull.updated_at = "closed", now, now, now
        pull.merged_by, pull.merge_commit_sha = by, sha
        self.events.pull_request("closed", pull, by)

    def close_pull_request(self, pull: PullRequest, *, by: str = "ann") -> None:
        with self.acting() as state:
            self._closed(pull, state.account(by))

    def _closed(self, pull: PullRequest, by: Account) -> None:
        pull.state, pull.closed_at, pull.updated_at = "closed", self.state.now(), self.state.now()
        self.events.pull_request("closed", pull, by)

    def reopen(self, pull: PullRequest, *, by: str = "ann") -> None:
        """Open it again, at the head that its branch has now."""
        with self.acting() as state:
            assert pull.head is not None, f"the fork of pull request {pull.number} is gone"
            pull.state, pull.closed_at, pull.updated_at = "open", None, state.now()
            pull.head_sha = self.head(pull.head_ref, repository=pull.head)
            pull.repository.git.fetch(pull.head.git, pull.head_sha, f"refs/pull/{pull.number}/head")
            self.events.pull_request("reopened", pull, state.account(by))

    def change_base(self, pull: PullRequest, base: str, *, by: str = "ann") -> None:
        with self.acting() as state:
            old, old_sha = pull.base_ref, pull.base_sha
            pull.base_ref, pull.base_sha = base, self.head(base, repository=pull.repository)
            pull.updated_at = state.now()
            changes = {"base": {"ref": {"from": old}, "sha": {"from": old_sha}}}
            self.events.pull_request("edited", pull, state.account(by), changes=changes)

    def edit_title(self, pull: PullRequest, title: str, *, by: str = "ann") -> None:
        with self.acting() as state:
            changes = {"title": {"from": pull.title}}
            pull.title, pull.updated_at = title, state.now()
            self.events.pull_request("edited", pull, state.account(by), changes=changes)

    # --- comments ---------------------------------------------------------------------------------------------

    def comment(self, pull: PullRequest, body: str, *, by: str = "ann") -> Comment:
        with self.acting() as state:
            return self.write_comment(pull, state.account(by), body)

    def edit_comment(self, comment: Comment, body: str) -> None:
        with self.acting():
            self.change_comment(comment, body)

    def delete_comment(self, comment: Comment) -> None:
        with self.acting() as state:
            self.events.issue_comment("deleted", comment, comment.author)
            del state.comments[comment.id]

    def comments(self, pull: PullRequest) -> list[Comment]:
        """All of a pull request, oldest first."""
        return self.state.comments_of(pull)

    def write_comment(self, pull: PullRequest, author: Account, body: str, app: App | None = None) -> Comment:
        """By a person or through the API."""
        state, now = self.state, self.state.now()
        row = Comment(state.new_id(), pull, author, body, now, now, app)
        state.comments[row.id] = row
        pull.updated_at = now
        self.events.issue_comment("created", row, author)
        return row

    def change_comment(self, row: Comment, body: str) -> None:
        changes = {"body": {"from": row.body}}
        row.body, row.updated_at = body, self.state.now()
        self.events.issue_comment("edited", row, row.author, changes=changes)

    # --- the merge queue --------------------------------------------------------------------------------------

    def queue(self, *pulls: PullRequest, by: str = "ann") -> list[QueueEntry]:
        """Put pull requests into the merge queue; each is tested with all that are before it."""
        with self.acting() as state:
            row, person = pulls[0].repository, state.account(by)
            return [self._enqueue(row, pull, person) for pull in pulls]

    def _enqueue(self, row: Repository, pull: PullRequest, by: Account) -> QueueEntry:
        base = row.queue[-1].sha if row.queue else self.head(pull.base_ref, repository=row)
        sha = row.git.merge(base, pull.head_sha, f"Merge pull request #{pull.number}", self.state.now())
        assert sha is not None, f"pull request {pull.number} conflicts with the queue"
        ref = f"refs/heads/gh-readonly-queue/{pull.base_ref}/pr-{pull.number}-{base}"
        entry = QueueEntry(pull, ref, sha, base)
        row.queue.append(entry)
        before = row.git.refs()
        row.git.set_ref(ref, sha)
        self.events.pull_request("enqueued", pull, by)
        self.refs_changed(row, before, by)
        self.events.merge_group("checks_requested", row, entry, by)
        return entry

    def leave_queue(self, pull: PullRequest, *, by: str = "ann") -> None:
        """Out of the queue without a merge; what was behind it is built and tested anew."""
        with self.acting() as state:
            row, person = pull.repository, state.account(by)
            place = next(number for number, entry in enumerate(row.queue) if entry.pull is pull)
            behind = row.queue[place:]
            del row.queue[place:]
            self._destroy(row, behind, "invalidated", person)
            for entry in behind[1:]:
                self._enqueue(row, entry.pull, person)

    def merge_queue(self, *, repository: Which = None, by: str = "ann") -> str:
        """Merge the first entry of the queue, as GitHub does when its required checks passed."""
        with self.acting() as state:
            row, person = self.find(repository), state.account(by)
            entry = row.queue[0]
            self._let_merge(entry.pull, entry.sha)
            row.queue.remove(entry)
            before = row.git.refs()
            row.git.set_ref(f"refs/heads/{entry.pull.base_ref}", entry.sha)
            self._merged(entry.pull, entry.sha, person)
            self.refs_changed(row, before, person)
            self._destroy(row, [entry], "merged", person)
            return entry.sha

    def _destroy(self, row: Repository, entries: Sequence[QueueEntry], reason: str, by: Account) -> None:
        before = row.git.refs()
        for entry in entries:
            self.events.merge_group("destroyed", row, entry, by, reason=reason)
            row.git.set_ref(entry.ref, None)
        self.refs_changed(row, before, by)

    # --- what follows -----------------------------------------------------------------------------------------

    def head_moved(self, row: Repository, branch: str, new: str, by: Account) -> None:
        """Pull requests follow their heads; one whose head is in its base is merged, one without head is closed."""
        for target in list(self.state.repositories.values()):
            for pull in list(target.pulls.values()):
                if pull.state == "open" and pull.head is row and pull.head_ref == branch:
                    self._follow(pull, new, by)
                elif pull.state == "open" and target is row and pull.base_ref == branch:
                    self._base_moved(pull, new, by)

    def _follow(self, pull: PullRequest, new: str, by: Account) -> None:
        if new == ZERO:
            self._closed(pull, by)
            return
        assert pull.head is not None
        before, pull.head_sha = pull.head_sha, new
        pull.base_sha = pull.repository.git.sha(f"refs/heads/{pull.base_ref}") or pull.base_sha
        pull.updated_at = self.state.now()
        pull.repository.git.fetch(pull.head.git, new, f"refs/pull/{pull.number}/head")
        self.events.pull_request("synchronize", pull, by, before=before, after=new)

    def _base_moved(self, pull: PullRequest, new: str, by: Account) -> None:
        if new == ZERO:
            self._closed(pull, by)
        elif pull.repository.git.is_ancestor(pull.head_sha, new):
            self._merged(pull, pull.head_sha, by)
