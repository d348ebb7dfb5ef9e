"""What people asked for in webhooks that never arrived: done after all, once, or answered with "repeat it"."""

import json
import logging
from dataclasses import replace

import pytest

from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_credentials import OneToken
from reconciler.adapters.github_governor import Governor
from reconciler.adapters.github_http import Http
from reconciler.adapters.github_missed import GitHubMissed
from reconciler.errors import Waiting
from reconciler.keys import MissedKey, RepositoryKey
from reconciler.records import RequestRow, Wake
from tests.documents import exits
from tests.github.records import Comment, PullRequest
from tests.scenarios.github.listening import listening
from tests.scenarios.github.world import SHOP, GitHubWorld, flow
from webhooks.github_events import HOOK, may_ask

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

NOWHERE = f"http://127.0.0.1:9{HOOK}"
FAILS = {"flows/churn.yaml": flow({"train": exits(1)})}
MORE = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}
LIST = "GET /app/hook/deliveries"
ONE = "GET /app/hook/deliveries/{delivery_id}"


@pytest.fixture
def deaf(world: GitHubWorld) -> GitHubWorld:
    """A service that no webhook reaches, and that looks for what it missed."""
    world.github.allow("ann")
    world.github.deliver_to(NOWHERE, secret="sesame")
    world.connect()
    world.github.webhooks.lose()
    begin(world)
    return world


def begin(world: GitHubWorld) -> None:
    """As a service does when it starts."""
    world.store.wake([Wake(RepositoryKey(SHOP)), Wake(MissedKey("github"))])
    world.settle()


def reacted(world: GitHubWorld, pull: PullRequest) -> list[str]:
    """What was answered on a pull request, the newest last."""
    return [one.body for one in world.github.comments(pull) if one.author.kind == "Bot"]


def failed_run(world: GitHubWorld) -> str:
    """A commit whose flow has failed."""
    sha = world.github.push(FAILS)
    world.pass_time()
    assert world.check(sha, "headgate/churn").conclusion == "failure"
    return sha


def button(world: GitHubWorld) -> RequestRow:
    """The press that was recorded last."""
    row = next(row for row in world.store.deliveries() if row.event.startswith("check"))
    found = world.store.request(row.said.split(", ")[0])
    assert found is not None
    return found


def test_a_comment_and_a_button_whose_webhooks_are_lost_are_done_once(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    pull = github.open_pull_request(MORE)
    deaf.pass_time()
    github.comment(pull, "/retest")
    github.press(deaf.check(sha, "headgate/churn"), "Re-run failed")
    deaf.pass_time()

    assert len(deaf.runs(sha)) == 2
    assert len(reacted(deaf, pull)) == 1
    assert "The proposal is judged anew." in reacted(deaf, pull)[0]
    deaf.restart()
    begin(deaf)
    deaf.pass_time(200)
    assert len(deaf.runs(sha)) == 2
    assert sum(request.method == "PATCH" and "comments" in request.template for request in github.requests) == 0


def test_what_nobody_answered_is_recovered_once_though_github_does_not_count_it_as_failed(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.webhooks.lose(code=0)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    deaf.pass_time()
    assert len(deaf.runs(sha)) == 2

    deaf.restart()
    begin(deaf)
    deaf.pass_time(200)
    assert len(deaf.runs(sha)) == 2
    assert len(github.requests.of(ONE)) == 1


def test_what_is_still_being_sent_is_not_missed(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    github.webhooks.deliveries[-1].status, github.webhooks.deliveries[-1].status_code = "pending", 0
    deaf.pass_time(200)

    assert len(deaf.runs(sha)) == 1
    assert not github.requests.of(ONE)


def test_what_was_asked_while_the_service_was_down_is_done_when_it_is_back(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    deaf.clock.time += 2 * 86_400
    deaf.restart()
    begin(deaf)
    deaf.pass_time(30)

    assert len(deaf.runs(sha)) == 2


def test_a_command_that_is_done_two_days_late_is_answered(deaf: GitHubWorld):
    pull = deaf.github.open_pull_request(MORE)
    deaf.pass_time()
    deaf.github.comment(pull, "/retest")
    deaf.clock.time += 2 * 86_400
    deaf.restart()
    begin(deaf)
    deaf.pass_time(30)

    assert len(reacted(deaf, pull)) == 1


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_what_is_missed_is_found_whatever_our_clock_says(deaf: GitHubWorld, ahead: float):
    github, sha = deaf.github, failed_run(deaf)
    deaf.its_clock.ahead = ahead
    deaf.restart()
    begin(deaf)
    deaf.pass_time(200)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    deaf.pass_time(200)

    assert len(deaf.runs(sha)) == 2


def test_what_failed_while_this_machine_was_held_is_found(deaf: GitHubWorld):
    """A virtual machine that is paused counts no seconds, and GitHub's go on."""
    github, sha = deaf.github, failed_run(deaf)
    deaf.pass_time(200)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    deaf.clock.jump(5 * 3600)
    deaf.pass_time(200)

    assert len(deaf.runs(sha)) == 2


def test_sent_again_and_recovered_it_has_one_effect(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    lost = github.webhooks.deliveries[-1]
    with listening(deaf, deaf.store) as address:
        lost.hook.address = address
        github.webhooks.normal()
        github.webhooks.redeliver(lost)
        github.webhooks.settle()
        deaf.pass_time(200)
        github.webhooks.redeliver(lost)
        github.webhooks.settle()
        deaf.pass_time(200)

    assert len(deaf.runs(sha)) == 2
    assert not github.requests.of(ONE), "it was known: nobody asked what is in it"


def test_recovered_and_then_sent_again_it_has_one_effect(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    lost = github.webhooks.deliveries[-1]
    deaf.pass_time(200)
    assert len(deaf.runs(sha)) == 2
    with listening(deaf, deaf.store) as address:
        lost.hook.address = address
        github.webhooks.normal()
        github.webhooks.redeliver(lost)
        lost.guid = "another"  # only the body is signed
        github.webhooks.redeliver(lost)
        github.webhooks.settle()
        deaf.pass_time(200)

    assert len(deaf.runs(sha)) == 2


def test_what_the_inbox_could_not_store_is_recovered(deaf: GitHubWorld):
    class Full:
        """A database that takes nothing more."""

        def deliver(self, deliveries):
            raise Waiting("DatabaseFull", "The disk is full.", 0)  # type: ignore[arg-type]

    github, sha = deaf.github, failed_run(deaf)
    github.webhooks.normal()
    with listening(deaf, Full()) as address:  # type: ignore[arg-type]
        github.webhooks.hooks[0].address = address
        github.rerequest(deaf.check(sha, "headgate/churn"))
    assert github.webhooks.deliveries[-1].status_code == 503
    deaf.pass_time(200)

    assert len(deaf.runs(sha)) == 2


def test_a_button_of_a_commit_that_stands_no_more_is_to_be_pressed_again(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    github.push(MORE)
    deaf.restart()
    begin(deaf)
    deaf.pass_time()

    assert len(deaf.runs(sha)) == 1
    assert "Press it again." in button(deaf).answer


def test_a_comment_from_before_a_push_that_nobody_saw_is_to_be_repeated(deaf: GitHubWorld):
    github = deaf.github
    pull = github.open_pull_request(MORE)
    deaf.pass_time()
    github.comment(pull, "/hold")
    deaf.clock.time += 5
    github.push_to(pull, FAILS)
    deaf.restart()
    begin(deaf)
    deaf.pass_time()

    assert "repeat" in reacted(deaf, pull)[0]
    assert deaf.check(pull.head_sha).conclusion == "success"


def test_nothing_is_recovered_before_its_repository_was_looked_at(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    github.push(MORE)
    deaf.restart()
    github.faults.begin_outage(where="GET /repos/{owner}/{repo}/pulls")
    github.faults.begin_outage(where="git")
    begin(deaf)
    deaf.pass_time(300)
    assert not [row for row in deaf.store.deliveries() if row.event == "check_run"]

    github.faults.end_outage()
    deaf.pass_time(300)
    assert "Press it again." in button(deaf).answer


def test_only_what_may_be_a_request_is_read_and_a_quiet_look_is_free(deaf: GitHubWorld):
    github = deaf.github
    for number in range(3):
        github.push({"README.md": f"{number}"})
    pull = github.open_pull_request(MORE)
    github.comment(pull, "Looks good.")
    deaf.pass_time(200)
    assert len(github.requests.of(ONE)) == 1

    since = len(github.requests)
    deaf.pass_time(300)
    looks = [one.status for one in github.requests[since:] if one.signature == LIST]
    assert 4 <= len(looks) <= 6
    assert looks.count(304) >= len(looks) - 1, "but for a new signature of the App, every eight minutes"
    assert len(github.requests.of(ONE)) == 1


def test_a_new_process_looks_at_all_that_is_listed_page_by_page_and_the_next_look_at_one(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    for number in range(230):
        github.webhooks.send("push", {**push_of(deaf), "after": f"{number:040}"}, to=deaf.app.app)
    deaf.clock.time += 3600
    deaf.restart()
    since = len(github.requests)
    begin(deaf)
    deaf.pass_time(30)

    assert len(deaf.runs(sha)) == 2
    assert len([one for one in github.requests[since:] if one.signature == LIST]) == 3
    since = len(github.requests)
    deaf.pass_time(90)
    assert len([one for one in github.requests[since:] if one.signature == LIST]) <= 2


def push_of(world: GitHubWorld) -> dict[str, object]:
    return next(row.payload for row in world.github.webhooks.deliveries if row.event == "push")


def test_a_body_that_cannot_be_read_holds_up_no_other(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.rerequest(deaf.check(sha, "headgate/churn"))
    odd = github.webhooks.deliveries[-1]
    body = odd.payload
    for number, part in enumerate(({"sender": {"login": "\ud800"}}, {"check_run": None}, {"sender": 3})):
        text = json.dumps({**body, **part}).encode()
        github.webhooks.deliveries.append(replace(odd, id=odd.id + 10**6 + number, guid=f"odd-{number}", body=text))
    deaf.pass_time()

    assert len(deaf.runs(sha)) == 2
    assert len(github.requests.of(ONE)) == 4
    github.complaints.clear()  # GitHub would never send such bodies


def test_looks_wait_while_github_is_away_and_find_it_all_afterwards(deaf: GitHubWorld):
    github, sha = deaf.github, failed_run(deaf)
    github.faults.begin_outage()
    github.rerequest(deaf.check(sha, "headgate/churn"))
    deaf.pass_time(400)
    github.faults.end_outage()
    deaf.pass_time(300)

    assert len(deaf.runs(sha)) == 2


def test_an_app_without_a_webhook_has_missed_nothing(world: GitHubWorld):
    world.connect()
    begin(world)

    assert world.said() == []


# --- with a token -----------------------------------------------------------------------------------------------------


def of_token(world: GitHubWorld, permissions: dict[str, str]) -> GitHubMissed:
    """The same for a token with these permissions."""
    token = world.github.token("ann", permissions)
    api = GitHubApi(
        Http(world.github.api_url), OneToken(lambda: token), Governor(world.store, world.clock), world.clock
    )
    return GitHubMissed(api, world.store.repositories, may_ask, world.meaning, HOOK, world.clock)


def commented(world: GitHubWorld) -> Comment:
    world.github.allow("ann")
    world.github.deliver_to(NOWHERE, secret="sesame", repository=SHOP)
    world.github.deliver_to("http://127.0.0.1:9/ours-not", secret="other", repository=SHOP)
    world.connect()
    world.github.webhooks.lose()
    return world.github.comment(world.github.open_pull_request(MORE), "/retest")


def test_a_token_reads_the_webhook_of_each_repository_that_leads_here(world: GitHubWorld):
    comment = commented(world)
    reader = of_token(world, {"metadata": "read", "repository_hooks": "read"})
    found = [one for page in reader.missed(3600.0) for one in page]
    read = [reader.read(one) for one in found]

    assert [request.target for one in read if one for request in one.requests] == [str(comment.id)]
    assert len(found) == 1


def test_a_token_that_may_not_read_webhooks_is_told_of_once_and_goes_on(world: GitHubWorld, caplog):
    commented(world)
    reader = of_token(world, {"metadata": "read"})
    with caplog.at_level(logging.WARNING):
        assert [one for page in reader.missed(3600.0) for one in page] == []
        asked = len(world.github.requests)
        assert list(reader.missed(3600.0)) == []
        world.clock.time += 4000
        assert list(reader.missed(3600.0)) == []

    assert caplog.text.count("may not read the webhooks of acme/shop") == 1
    assert len(world.github.requests) == asked + 1
