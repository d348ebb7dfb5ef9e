"""The fake behaves as GitHub does where Headgate depends on it."""

import subprocess
from pathlib import Path

import pytest

from tests.github.client import Client, app_jwt, as_app, as_installation
from tests.github.world import FakeGitHub

FLOW = {"flows/churn.yaml": "kind: component\n"}


@pytest.fixture
def installed(github: FakeGitHub):
    """A repository with an App on it, and a client with a token of that installation."""
    github.repository("acme/shop", FLOW)
    app = github.register_app()
    with as_installation(github, app, github.install(app)) as client:
        yield github, app, client


@pytest.mark.parametrize(
    ("issued", "expires", "words"),
    [(60, 540, "'iat'"), (-60, -1, "'exp'"), (-60, 700, "too far in the future")],
)
def test_a_jwt_of_another_time_is_refused(github, issued, expires, words):
    app = github.register_app()
    with Client(github.api_url, app_jwt(app, github.clock.now(), issued=issued, expires=expires)) as client:
        answer = client.get("/app")

    assert answer.status_code == 401
    assert words in answer.json()["message"]


def test_a_rotated_key_signs_no_more(github):
    app = github.register_app()
    github.rotate_key(app)

    with as_app(github, app) as client:
        assert client.get("/app").status_code == 401


def test_a_token_lives_for_an_hour_and_dies_with_its_installation(installed):
    github, app, client = installed
    assert client.get("/repos/acme/shop").status_code == 200
    github.clock.advance(3601)
    assert client.get("/repos/acme/shop").status_code == 401

    installation = next(iter(github.state.installations.values()))
    with as_installation(github, app, installation) as fresh:
        github.re_install(app, installation)
        assert fresh.get("/repos/acme/shop").status_code == 401


def test_a_narrowed_token_reaches_no_further(github):
    github.repository("acme/shop")
    github.repository("acme/other")
    app = github.register_app()
    installation = github.install(app)

    with as_installation(github, app, installation, repositories=["shop"], permissions={"contents": "read"}) as client:
        assert client.get("/repos/acme/other").status_code == 404
        assert client.get("/repos/acme/shop/pulls").status_code == 403
        assert client.get("/repos/acme/shop/git/ref/heads/main").status_code == 200


def test_a_renamed_repository_leads_from_its_old_name_to_its_new_one(installed):
    github, _, client = installed
    github.rename("store")

    moved = client.get("/repos/acme/shop/pulls?state=open")
    assert moved.status_code == 301
    assert client.get(moved.headers["location"]).status_code == 200
    assert client.get("/repos/acme/store").json()["full_name"] == "acme/store"


def test_an_unchanged_list_is_answered_with_304_for_free(installed):
    github, _, client = installed
    first = client.get("/repos/acme/shop/pulls")
    again = client.get("/repos/acme/shop/pulls", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.headers["x-ratelimit-used"]) == (304, first.headers["x-ratelimit-used"])

    github.open_pull_request(FLOW | {"new": ""})
    changed = client.get("/repos/acme/shop/pulls", headers={"If-None-Match": first.headers["etag"]})
    assert [pull["number"] for pull in changed.json()] == [1]


def test_a_required_check_that_was_never_posted_blocks_and_a_skipped_one_does_not(installed):
    github, _, client = installed
    github.require("headgate")
    pull = github.open_pull_request(FLOW | {"new": ""})
    with pytest.raises(AssertionError, match="headgate did not pass"):
        github.merge(pull)

    run = {"name": "headgate", "head_sha": pull.head_sha, "conclusion": "skipped"}
    client.post("/repos/acme/shop/check-runs", json=run)
    merged = github.merge(pull)
    assert github.head() == merged


def test_the_merge_queue_tests_each_entry_with_what_is_before_it(installed):
    github, _, client = installed
    first, second = (github.open_pull_request({name: ""}) for name in ("one", "two"))
    entries = github.queue(first, second)

    refs = client.get("/repos/acme/shop/git/matching-refs/heads/gh-readonly-queue/").json()
    assert {row["ref"]: row["object"]["sha"] for row in refs} == {entry.ref: entry.sha for entry in entries}
    assert github.git().is_ancestor(first.head_sha, entries[1].sha)

    github.leave_queue(first)
    assert github.git().is_ancestor(first.head_sha, github.merge_queue()) is False
    assert (first.state, second.merged_at is not None) == ("open", True)


def test_git_fetches_the_head_of_a_fork_by_its_sha_and_pushes_through_real_git(installed, tmp_path):
    github, _, _ = installed
    pull = github.open_pull_request(FLOW | {"new": "by eve"}, by="eve", fork=True)
    github.allow("ann")
    address = f"{github.url.replace('//', '//x-access-token:' + github.token('ann', {'contents': 'write'}) + '@')}"
    clone = tmp_path / "clone"

    _git(tmp_path, "clone", "-q", f"{address}/acme/shop.git", str(clone))
    _git(clone, "fetch", "-q", "origin", pull.head_sha)
    _git(clone, "push", "-q", "origin", f"{pull.head_sha}:refs/heads/main")

    assert github.head() == pull.head_sha
    assert pull.merged_at is not None


def _git(place: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=place, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(place)})
