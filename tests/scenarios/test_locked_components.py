"""Components of elsewhere in a repository's life: locked texts are judged, run and run again as files of it are."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from reconciler.flows.lock import Lock, LockedHub, digest_of, written
from reconciler.flows.pins import Pin
from tests.world import dag, exits

HUB = "/srv/hub.git"
SETTINGS = yaml.safe_dump(
    {
        "references": {"urls": ["components.example.com"], "hubs": {"acme": {"url": HUB, "revision": "main"}}},
    }
)
TRAIN, SCORE = Pin("acme", "hub/train.yaml"), Pin("", "https://components.example.com/score.yaml")


def job(code: int = 0, comment: str = "") -> str:
    run = {"kind": "job", "container": {"image": "any", "command": ["exit", str(code)]}}
    return comment + yaml.safe_dump({"kind": "component", "name": "job", "run": run})


def lock_file(texts: Mapping[Pin, str], commit: str = "1" * 40) -> str:
    lock = Lock({}, {"acme": LockedHub(HUB, commit, "main")})
    for pin, text in texts.items():
        lock = lock.with_digest(pin, digest_of(text.encode()))
    return written(lock.only(texts)).decode()


def locked(texts: Mapping[Pin, str], commit: str = "1" * 40) -> dict[str, str]:
    """The lock file and the locked texts, as `headgate lock` writes them."""
    return {".headgate.lock": lock_file(texts, commit), **{pin.file: text for pin, text in texts.items()}}


def uses(pin: Pin) -> dict[str, str]:
    name = pin.name.rpartition("/")[2].removesuffix(".yaml")
    return {"kind": "operation"} | ({"hubRef": f"acme/{name}"} if pin.hub else {"urlRef": pin.name})


FLOWS = {"train": uses(TRAIN), "score": uses(SCORE), "plain": dag({"x": exits(0)})}


def connected(world, texts: Mapping[Pin, str] | None = None) -> None:
    world.settings(repository=SETTINGS)
    world.push(**FLOWS, **locked(texts or {TRAIN: job(), SCORE: job()}))
    world.settle()


def counts(world) -> dict[str, int]:
    return {name: len(world.runs(name)) for name in FLOWS}


def test_flows_run_what_is_locked(world):
    connected(world)

    assert counts(world) == {"train": 1, "score": 1, "plain": 1}
    assert world.check("train").conclusion == world.check("score").conclusion == "success"
    assert {row.name for row in world.store.flows()} == set(FLOWS)


def test_a_newer_text_runs_exactly_the_flows_that_use_it(world):
    connected(world)
    world.push(**locked({TRAIN: job(3), SCORE: job()}, commit="2" * 40))
    world.settle()

    assert counts(world) == {"train": 2, "score": 1, "plain": 1}


def test_a_commit_with_the_same_text_runs_nothing(world):
    connected(world)
    looked_at = list(world.store.flows())
    world.push(**locked({TRAIN: job(), SCORE: job()}, commit="2" * 40))
    world.settle()

    assert counts(world) == {"train": 1, "score": 1, "plain": 1}
    assert [row.declared for row in world.store.flows()] == [row.declared for row in looked_at]


def test_another_pin_in_the_lock_file_touches_no_flow_but_its_own(world):
    connected(world)
    before = {row.name: row.declared for row in world.store.flows()}
    more = Pin("acme", "hub/more.yaml")
    world.push(more=uses(more), **locked({TRAIN: job(), SCORE: job(), more: job()}))
    world.settle()

    after = {row.name: row.declared for row in world.store.flows()}
    assert {name: after[name] for name in before} == before
    assert len(world.runs("more")) == 1


def test_a_comment_in_a_locked_text_is_no_effective_change(world):
    connected(world)
    world.push(**locked({TRAIN: job(comment="# new\n"), SCORE: job()}))
    world.settle()

    assert counts(world) == {"train": 1, "score": 1, "plain": 1}


def test_a_pin_that_is_taken_away_freezes_the_flow_and_removes_nothing(world):
    connected(world)
    world.push(**{".headgate.lock": lock_file({TRAIN: job()})})
    world.settle()

    assert "headgate lock" in world.flow("score").frozen
    assert not world.flow("train").frozen
    assert counts(world) == {"train": 1, "score": 1, "plain": 1}


def test_a_text_changed_without_its_digest_never_runs(world):
    connected(world)
    world.push(**{TRAIN.file: job(3)})
    world.settle()

    assert "is not the one" in world.flow("train").frozen
    assert counts(world) == {"train": 1, "score": 1, "plain": 1}


def test_a_lock_file_with_marks_of_a_conflict_freezes_who_uses_it(world):
    connected(world)
    world.push(**{".headgate.lock": "<<<<<<< ours\nversion: 1\n=======\nversion: 1\n>>>>>>> theirs\n"})
    world.settle()

    assert [bool(world.flow(name).frozen) for name in FLOWS] == [True, True, False]
    world.push(**locked({TRAIN: job(), SCORE: job()}))
    world.settle()
    assert [world.flow(name).frozen for name in FLOWS] == ["", "", ""]


def test_a_proposal_with_a_newer_text_says_which_flow_it_starts(world):
    connected(world)
    sha = world.propose("topic", **locked({TRAIN: job(3), SCORE: job()}, commit="2" * 40))
    world.settle()

    posted = world.checks.posted[sha]
    assert set(posted) == {"headgate", "headgate/train"}
    assert posted["headgate"].conclusion == "success"


def test_a_proposal_cannot_allow_itself_a_host(world):
    connected(world)
    url = Pin("", "https://evil.example/x.yaml")
    files = locked({TRAIN: job(), SCORE: job(), url: job()})
    settings = SETTINGS.replace("- components.example.com", "- components.example.com\n  - evil.example")
    sha = world.propose("topic", evil=uses(url), **{".headgate.yaml": settings}, **files)
    world.settle()

    check = world.check("headgate", sha)
    assert check.conclusion == "failure"
    assert "evil.example" in check.summary + check.text


def test_a_proposal_that_leaves_a_pin_behind_is_told(world):
    connected(world)
    sha = world.propose("topic", **locked({TRAIN: job(), SCORE: job(), Pin("acme", "hub/more.yaml"): job()}))
    world.settle()

    check = world.check("headgate", sha)
    assert check.conclusion == "success"
    assert [(one.file, one.line) for one in check.annotations] == [(".headgate.lock", 11)]


def test_a_proposal_that_breaks_the_lock_file_is_told_on_its_line(world):
    connected(world)
    text = lock_file({TRAIN: job(), SCORE: job()})
    broken = text.replace("urls:\n", "<<<<<<< ours\nurls:\n=======\nurls:\n>>>>>>> theirs\n")
    sha = world.propose("topic", **{".headgate.lock": broken})
    world.settle()

    check = world.check("headgate", sha)
    assert check.conclusion == "failure"
    assert [(one.file, one.line) for one in check.annotations] == [(".headgate.lock", 3)]
