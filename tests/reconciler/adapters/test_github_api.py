"""Calls to GitHub: pages, what did not change, many threads, and answers that are none."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.adapters.github_http import Http, OutcomeUnknown
from reconciler.errors import Stalled, Waiting
from reconciler.keys import CheckKey
from reconciler.records import Lease
from tests.reconciler.adapters.github_world import CREATE, FLOW, GATE, LIST, NEW_TOKEN, installed
from tests.reconciler.adapters.sql_world import GivenClock

PULLS = "GET /repos/{owner}/{repo}/pulls"


@pytest.fixture
def clock():
    return GivenClock()


@pytest.fixture
def world(tmp_path, clock):
    with installed(tmp_path, clock) as made:
        yield made


def numbers(headgate, **parameters):
    return headgate.api.pages(headgate.repository, "/pulls", lambda page: [one["number"] for one in page], parameters)


@pytest.mark.parametrize("address", ["api_url", "enterprise_url"])
def test_all_pages_of_a_list_are_read_and_cost_nothing_when_nothing_changed(world, address):
    github, headgate, _ = world
    headgate.address = getattr(github, address)
    headgate.restart()
    for number in range(3):
        github.open_pull_request({f"{number}.txt": "x"})

    first, second = (numbers(headgate, per_page=1) for _ in range(2))

    assert sorted(first) == [1, 2, 3]
    assert second == first
    assert [request.status for request in github.requests.of(PULLS)] == [200] * 3 + [304] * 3


def test_a_list_that_changed_is_read_anew(world):
    github, headgate, _ = world
    assert numbers(headgate) == []

    github.open_pull_request({"new.txt": "x"})

    assert numbers(headgate) == [1]


def test_only_what_is_made_of_an_answer_is_remembered(world):
    github, headgate, _ = world
    github.open_pull_request({"new.txt": "x"})
    numbers(headgate)

    remembered = headgate.api._pages._values.values()
    assert [page.value for page in remembered] == [[1]]


def test_what_is_sent_on_to_a_new_name_is_counted_as_github_counts_it(world):
    github, headgate, _ = world
    pull = github.open_pull_request({"new.txt": "x"})
    github.rename("store")
    where, said = f"/issues/{pull.number}/comments", {"body": "Again."}
    for _ in range(40):
        headgate.api.send(headgate.repository, "POST", where, said)

    with pytest.raises(Waiting, match="left alone"):
        headgate.api.send(headgate.repository, "POST", where, said)

    assert github.limits.refused == []


class Slow(Http):
    """A connection on which each answer takes a while."""

    def __init__(self, address, clock):
        super().__init__(address)
        self.clock = clock

    def once(self, call, authorization):
        answer = super().once(call, authorization)
        self.clock.advance(8.0)
        return answer


def test_nothing_is_sent_on_to_a_new_name_when_the_lease_may_end_on_the_way(world, clock):
    github, headgate, sha = world
    pull = github.open_pull_request({"new.txt": "x"})
    where, said = f"/issues/{pull.number}/comments", {"body": "Again."}
    headgate.api.send(headgate.repository, "POST", where, said)
    github.rename("store")
    headgate.api.http = Slow(github.api_url, clock)
    lease = Lease(CheckKey("acme/shop", sha), 1, 1, clock.monotonic() + 12.0)

    with pytest.raises(Waiting, match="takes its time"):
        headgate.api.send(headgate.repository, "POST", where, said, lease=lease)

    headgate.api.http.close()
    assert len(github.comments(pull)) == 1


def test_many_threads_speak_at_once(world):
    github, headgate, _ = world
    commits = [github.push({f"{number}.txt": "x"}) for number in range(6)]

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(headgate.post, sha, GATE, FLOW) for sha in commits]:
            done.result()

    assert all(github.check("headgate", sha).conclusion == "success" for sha in commits)
    assert len(github.requests.of(CREATE)) == 12
    assert len(github.requests.of(NEW_TOKEN)) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_after_a_failed_write_nobody_knows_whether_it_was_done(world, status):
    github, headgate, sha = world
    github.faults.error(CREATE, status=status)

    with pytest.raises(OutcomeUnknown):
        headgate.post(sha, GATE)


def test_a_connection_that_never_came_about_did_nothing(world):
    _, headgate, _ = world
    headgate.address = "http://127.0.0.1:1"
    headgate.restart()

    with pytest.raises(Waiting) as waiting:
        headgate.api.send(headgate.repository, "POST", "/check-runs", {})

    assert not isinstance(waiting.value, OutcomeUnknown)
    assert waiting.value.reason == "GitHubAway"


def test_an_address_that_is_no_api_is_told(world):
    github, headgate, sha = world
    headgate.address = f"{github.url}/acme"  # a page, not the API
    headgate.restart()

    with pytest.raises((Stalled, Waiting)) as error:
        headgate.post(sha, GATE)

    assert "acme/shop" in error.value.message or "apiUrl" in error.value.message


def test_every_call_that_fails_names_what_it_was(world):
    github, headgate, sha = world
    github.faults.error(LIST, status=418)

    with pytest.raises(Stalled) as error:
        headgate.post(sha, GATE)

    assert f"/commits/{sha}/check-runs" in error.value.message
