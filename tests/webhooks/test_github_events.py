"""What a webhook means: identities alone, of bodies that agree with their event."""

import json
from contextlib import suppress

import pytest

from reconciler.keys import CheckKey, ForgeKey, RepositoryKey, ReviewKey
from webhooks.github_events import NotAgreeing, may_ask, told

SHA = "c0ffee" + "0" * 34
REPOSITORY = {"id": 7, "full_name": "acme/shop"}
RUN = {
    "id": 31,
    "head_sha": SHA,
    "external_id": "headgate:acme/shop:headgate/churn:r1:",
    "completed_at": "2026-01-01T00:00:00Z",
    "app": {"id": 99},
}


def heard(event, body, repository="acme/shop", app=99):
    return told(event, json.dumps({"repository": REPOSITORY, "sender": {"login": "ann"}, **body}).encode()).heard(
        repository, 5.0, app
    )


LOOKS = {
    "push": {"ref": "refs/heads/main", "after": SHA},
    "pull_request": {"action": "synchronize", "pull_request": {"id": 1}},
    "merge_group": {"action": "checks_requested", "merge_group": {"head_sha": SHA}},
    "repository": {"action": "renamed"},
}


@pytest.mark.parametrize("event", LOOKS)
def test_what_moves_a_repository_lets_it_be_looked_at(event):
    assert heard(event, LOOKS[event]).keys == (RepositoryKey("acme/shop"),)


@pytest.mark.parametrize("event", LOOKS)
def test_news_of_a_repository_that_is_not_served_lets_the_forge_be_asked(event):
    assert heard(event, LOOKS[event], repository="").keys == (ForgeKey("github"),)


@pytest.mark.parametrize("event", ["installation", "installation_repositories"])
def test_what_is_granted_or_taken_lets_the_forge_be_asked(event):
    assert heard(event, {"action": "created", "installation": {"id": 3}}).keys == (ForgeKey("github"),)


@pytest.mark.parametrize("action", ["labeled", "assigned", "auto_merge_enabled", "locked"])
def test_changes_of_a_pull_request_that_change_no_commit_do_not_matter(action):
    assert not heard("pull_request", {"action": action, "pull_request": {"id": 1}}).matters


def commented(**fields):
    return heard(
        "issue_comment",
        {"action": "created", "issue": {"number": 12, "pull_request": {}}, "comment": {"id": 5}, **fields},
    )


def test_a_comment_on_a_pull_request_is_a_request_to_read_it():
    (request,) = commented().requests

    assert request.id == "comment:7:5"
    assert request.key == ReviewKey("acme/shop", "pull/12")
    assert (request.verb, request.target, request.by) == ("comment", "5", "ann")


@pytest.mark.parametrize("fields", [{"action": "edited"}, {"action": "deleted"}, {"issue": {"number": 12}}])
def test_comments_that_are_edited_or_on_issues_do_not_matter(fields):
    assert not commented(**fields).matters


def pressed(action="requested_action", button="restart-failed", **fields):
    body = {"action": action, "check_run": {**RUN, **fields}}
    return heard("check_run", body | ({"requested_action": {"identifier": button}} if button else {}))


def test_a_button_is_a_request_named_by_what_was_shown():
    (request,) = pressed().requests

    assert request.key == CheckKey("acme/shop", SHA)
    assert (request.verb, request.by, request.target) == ("button", "ann", RUN["external_id"])
    assert request.arguments == {"action": "restart-failed"}
    assert pressed().requests[0].id == request.id, "pressed twice, it is one wish"
    assert pressed(completed_at="2026-01-01T01:00:00Z").requests[0].id != request.id, "another result was shown"
    assert pressed(button="cancel").requests[0].id != request.id


def test_presses_of_two_people_are_two_wishes():
    def by(login):
        body = {"action": "requested_action", "check_run": RUN, "requested_action": {"identifier": "cancel"}}
        return heard("check_run", {**body, "sender": {"login": login}}).requests[0].id

    assert by("bob") != by("ann"), "who may not press must not spend the press of who may"


def test_each_approval_and_each_rerequest_counts_though_the_same_is_shown():
    for action, button in (("requested_action", "approve"), ("rerequested", "")):
        ids = {pressed(action, button, name=number).requests[0].id for number in range(2)}
        assert len(ids) == 2


@pytest.mark.parametrize("event", ["check_run", "check_suite"])
def test_a_press_that_github_tells_with_its_bytes_in_another_order_is_the_same_one(event):
    body = {"action": "rerequested", event: RUN, "repository": REPOSITORY, "sender": {"login": "ann"}, "é": 1.5}
    other = dict(reversed(body.items()))
    texts = json.dumps(body), json.dumps(other, indent=2, ensure_ascii=False)
    ids = {told(event, text.encode()).heard("acme/shop", 5.0, 99).requests[0].id for text in texts}
    assert len(ids) == 1


def test_a_press_with_something_in_its_body_that_cannot_be_kept_counts_all_the_same():
    body = json.dumps({"action": "rerequested", "check_run": RUN, "repository": REPOSITORY, "x": 1})
    read = told("check_run", body.replace('"x": 1', '"x": 1e999').encode())
    assert len(read.heard("acme/shop", 5.0, 99).requests) == 1


def test_only_what_people_do_on_purpose_may_be_a_request():
    assert may_ask("issue_comment", "created")
    assert may_ask("check_run", "requested_action")
    assert not may_ask("check_run", "completed")
    assert not may_ask("push", "")


def test_a_check_is_asked_for_again_by_rerequesting_it():
    (request,) = pressed("rerequested", "").requests
    assert request.arguments["action"] == "rerequested"


@pytest.mark.parametrize(
    "fields",
    [{"app": {"id": 100}}, {"app": None}, {"head_sha": "../../x"}, {"head_sha": ""}, {"head_sha": SHA.upper()}],
)
def test_buttons_of_other_apps_and_of_no_commit_do_not_matter(fields):
    assert not pressed(**fields).matters


def test_what_we_post_ourselves_does_not_matter():
    assert not pressed("completed", "").matters
    assert not pressed("created", "").matters
    assert not heard("check_suite", {"action": "completed", "check_suite": {"id": 1, "head_sha": SHA}}).matters


def test_a_suite_that_is_rerequested_is_a_request_for_all_of_its_commit():
    suite = {"id": 8, "head_sha": SHA, "app": {"id": 99}, "updated_at": "2026-01-01T00:00:00Z"}
    (request,) = heard("check_suite", {"action": "rerequested", "check_suite": suite}).requests
    assert request.key == CheckKey("acme/shop", SHA)


@pytest.mark.parametrize("event", ["push", "pull_request", "check_run", "issue_comment", "merge_group", "ping"])
def test_a_body_of_another_event_is_refused(event):
    with pytest.raises(NotAgreeing, match=f"none of the event {event}"):
        heard(event, {"action": "created", "discussion": {}})


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_a_body_of_any_depth_is_read_or_refused(opens, closes):
    for depth in range(1, 1100):
        body = json.dumps({"action": "rerequested", "check_run": RUN, "repository": REPOSITORY})[:-1]
        with suppress(NotAgreeing):
            read = told("check_run", f'{body},"x":{opens * depth}1{closes * depth}}}'.encode())
            assert len(read.heard("acme/shop", 5.0, 99).requests) == 1


STRANGE = {
    "a comment of no number": {"comment": {"id": 0}},
    "a comment of a number without end": {"comment": {"id": 10**400}},
    "a comment of a negative number": {"comment": {"id": -5}},
    "no pull request's number": {"issue": {"pull_request": {}}},
    "a negative pull request": {"issue": {"number": -1, "pull_request": {}}},
    "a login with a NUL, which PostgreSQL cannot keep": {"sender": {"login": "a\0b"}},
    "a login without end": {"sender": {"login": "x" * 70_000}},
}


@pytest.mark.parametrize("fields", STRANGE.values(), ids=STRANGE)
def test_comments_of_identities_such_as_github_never_gives_do_not_matter(fields):
    assert not commented(**fields).matters


@pytest.mark.parametrize(
    "fields",
    [{"external_id": "x" * 70_000}, {"external_id": "a\0b"}, {"completed_at": "\n" * 1001}, {"id": 2**64}, {"id": 0}],
)
def test_buttons_of_identities_such_as_github_never_gives_do_not_matter(fields):
    assert not pressed(**fields).matters
    assert not pressed(button="x" * 1001).matters
    assert not pressed(button="\0").matters


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b'{"repository": 3}', b"[" * 100_000, b"\xff\xfe", b"a=b"])
def test_a_body_that_is_no_event_is_refused(body):
    with pytest.raises(NotAgreeing):
        told("push", body)


def test_an_event_that_nobody_knows_is_none():
    assert told("sponsorship", b"") is None
