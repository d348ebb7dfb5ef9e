"""What can happen at GitHub, beside what can in every history (tests/histories/moves.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from tests.github.records import CheckRun, PullRequest
from tests.histories import moves
from tests.histories.flows import FLOWS, some_flow
from tests.histories.github.world import SHOP, GitHubHistoryWorld
from tests.histories.moves import BRANCHES, Move

OTHER = "acme/store"  # its name while it is renamed
COMMENTS = ("/plan", "/help", "/run {flow}", "/cancel", "/retest", "/hold", "/nothing-of-ours", "Looks good to me.")


def perform(world: GitHubHistoryWorld, move: Move) -> None:
    """Let a move happen."""
    if move.name in _OWN:
        world.deeds += 1
        _OWN[move.name](world, Random(move.seed))
    else:
        moves.perform(world, move)


# --- what people do


def _comment(world: GitHubHistoryWorld, random: Random) -> None:
    branch, body = random.choice(BRANCHES), random.choice(COMMENTS)
    if branch in world.pulls:
        world.comment(branch, body.format(flow=random.choice((*FLOWS, "keep"))), by=random.choice(["ann", "eve"]))


def _press(world: GitHubHistoryWorld, random: Random) -> None:
    """A button of a check, or Re-run."""
    run = _some_run(world, random)
    if run is not None and run.actions and random.random() < 0.7:
        world.github.press(run, random.choice(run.actions)["identifier"])
    elif run is not None:
        world.github.rerequest(run)


def _press_all(world: GitHubHistoryWorld, random: Random) -> None:
    run = _some_run(world, random)
    if run is not None:
        world.github.rerequest_suite(run.head_sha, repository=world.repo)


def _some_run(world: GitHubHistoryWorld, random: Random) -> CheckRun | None:
    return random.choice(list(world.github.state.runs.values()) or [None])  # type: ignore[list-item]


def _push_by_force(world: GitHubHistoryWorld, random: Random) -> None:
    """Another head, perhaps seen, and perhaps back to the one before."""
    pull = _open_pull(world, random)
    if pull is None:
        return
    before = pull.head_sha
    world.propose(pull.head_ref, **{random.choice(FLOWS): some_flow(random)})
    world.github.reset(pull.head_ref, pull.head_sha)
    if random.random() < 0.5:
        moves.perform(world, Move("turn", random.randrange(2**31)))
    if random.random() < 0.7:
        world.github.reset(pull.head_ref, before)


def _reopen(world: GitHubHistoryWorld, random: Random) -> None:
    for branch, pull in world.pulls.items():
        if pull.state == "closed" and pull.merged_at is None and branch in world.source.branches:
            world.github.reopen(pull)
            return


def _queue(world: GitHubHistoryWorld, random: Random) -> None:
    """Into the merge queue; what is in it is merged, or leaves it."""
    if world.repo.queue:
        if random.random() < 0.6:
            sha = world.github.merge_queue(repository=world.repo)
            world.files = dict(world.source.trees[sha])
        else:
            world.github.leave_queue(world.repo.queue[0].pull)
        return
    pull = _open_pull(world, random)
    if pull is not None and world.repo.git.merged_tree(world.source.branches["main"], pull.head_sha):
        world.github.queue(pull)


def _open_pull(world: GitHubHistoryWorld, random: Random) -> PullRequest | None:
    pulls = [pull for pull in world.pulls.values() if pull.state == "open" and not _is_queued(world, pull)]
    return random.choice(pulls) if pulls else None


def _is_queued(world: GitHubHistoryWorld, pull: PullRequest) -> bool:
    return any(entry.pull is pull for entry in world.repo.queue)


# --- what administrators do


def _rename(world: GitHubHistoryWorld, random: Random) -> None:
    name = OTHER if world.repo.full_name == SHOP else SHOP
    world.github.rename(name.partition("/")[2], repository=world.repo)


def _transfer(world: GitHubHistoryWorld, random: Random) -> None:
    """To another owner, who has the App or has not; or back."""
    owner = "globex" if world.repo.owner.login == "acme" else "acme"
    world.github.transfer(owner, repository=world.repo)
    if random.random() < 0.7:
        world.let_in()


def _archive(world: GitHubHistoryWorld, random: Random) -> None:
    act = world.github.unarchive if world.repo.archived else world.github.archive
    act(repository=world.repo)


def _suspend(world: GitHubHistoryWorld, random: Random) -> None:
    for row in world.installations():
        act = world.github.unsuspend if row.suspended_at else world.github.suspend
        act(row)


def _install_again(world: GitHubHistoryWorld, random: Random) -> None:
    for row in world.installations():
        if row.suspended_at is None:
            world.github.re_install(world.app, row)


def _rotate_key(world: GitHubHistoryWorld, random: Random) -> None:
    world.app = world.github.rotate_key(world.app, keep_old=random.random() < 0.5)


def _revoke(world: GitHubHistoryWorld, random: Random) -> None:
    world.github.revoke_tokens()


def _forbid(world: GitHubHistoryWorld, random: Random) -> None:
    if "ann" in world.repo.collaborators:
        world.github.forbid("ann", world.repo)
    else:
        world.github.allow("ann", repository=world.repo)


def _delete_check(world: GitHubHistoryWorld, random: Random) -> None:
    run = _some_run(world, random)
    if run is not None:
        world.meddled.add(run.head_sha)
        world.github.delete_check(run)


def _overwrite_check(world: GitHubHistoryWorld, random: Random) -> None:
    """Another program with the App's key, or an older service, has written something else."""
    run = _some_run(world, random)
    if run is not None:
        world.meddled.add(run.head_sha)
        run.title, run.summary = "Something else", random.choice(["Elsewhere.", run.summary or ""])
        run.status, run.conclusion = random.choice([("completed", "neutral"), ("in_progress", None)])


# --- what machines do


def _outage(world: GitHubHistoryWorld, random: Random) -> None:
    """GitHub is away for hours, or is back."""
    world.outage = not world.outage
    if world.outage and random.random() < 0.3:
        world.pass_time(random.choice([900, 900, 900, 6 * 3600]), step=10_000)


def _spend(world: GitHubHistoryWorld, random: Random) -> None:
    """Others have used up the requests of the hour."""
    for row in world.installations():
        world.github.limits.exhaust(f"installation {row.id}")
        world.spent_by_others = True


def _be_deaf(world: GitHubHistoryWorld, random: Random) -> None:
    """The service does not hear webhooks for a while: they are listed as failed."""
    world.deaf = not world.deaf


def _skew(world: GitHubHistoryWorld, random: Random) -> None:
    world.set_its_clock(random.choice([-300.0, 0.0, 300.0]))


def _lag(world: GitHubHistoryWorld, random: Random) -> None:
    """Lists show what was made a while later."""
    world.github.state.lag = random.choice([0.0, 3.0, 14.0])


_WEIGHTS: Mapping[str, int] = {
    "comment": 4,
    "press": 3,
    "press_all": 1,
    "push_by_force": 2,
    "reopen": 1,
    "queue": 2,
    "rename": 1,
    "transfer": 1,
    "archive": 1,
    "suspend": 1,
    "install_again": 1,
    "rotate_key": 1,
    "revoke": 1,
    "forbid": 1,
    "delete_check": 1,
    "overwrite_check": 1,
    "outage": 2,
    "spend": 1,
    "be_deaf": 1,
    "skew": 1,
    "lag": 2,
}
_OWN: Mapping[str, Callable[[GitHubHistoryWorld, Random], None]] = {name: globals()[f"_{name}"] for name in _WEIGHTS}
_MORE = {"propose": 3, "turn": 4, "settle": 2, "fault": 4, "post": 3}  # of those that every history has
NAMES = (
    *moves.NAMES,
    *(name for name, weight in (*_WEIGHTS.items(), *_MORE.items()) for _ in range(weight)),
    *("comment", "press", "propose", "turn") * 3,
)
