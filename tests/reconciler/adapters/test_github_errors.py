"""Every answer of GitHub says who must act next, in words, and when to try again."""

import pytest

from reconciler.adapters.github_errors import patience, refusal
from reconciler.adapters.github_http import Answer, Call, OutcomeUnknown
from reconciler.errors import Stalled, Waiting

CALL = Call("POST", "/repos/acme/shop/check-runs")
WHAT = "POST /repos/acme/shop/check-runs"
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
DATE = "Sat, 28 Nov 2026 12:00:00 GMT"
NOON = 1_795_867_200


def test_retry_after_is_obeyed_to_the_second():
    error = refusal(CALL, Answer(403, {"retry-after": "37"}, SECONDARY), WHAT)

    assert isinstance(error, Waiting)
    assert (error.reason, error.retry_after.total_seconds()) == ("GitHubLimit", 37)


def test_the_end_of_the_hour_is_told_by_githubs_clock():
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON + 90), "date": DATE}

    assert patience(Answer(403, headers, {"message": "API rate limit exceeded"})) == 91


def test_a_secondary_limit_without_a_time_means_a_minute():
    assert patience(Answer(429, {}, SECONDARY)) == 60
    assert patience(Answer(403, {}, SECONDARY)) == 60


def test_a_missing_permission_is_no_limit_and_names_the_permission():
    headers = {"x-accepted-github-permissions": "checks=write"}
    error = refusal(CALL, Answer(403, headers, {"message": "Resource not accessible by integration"}), WHAT)

    assert error.reason == "GitHubPermission"
    assert "checks=write" in error.message


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (500, OutcomeUnknown, "GitHubAway"),
        (502, OutcomeUnknown, "GitHubAway"),
        (401, Waiting, "GitHubSignIn"),
        (307, Waiting, "GitHubMoved"),
        (404, Stalled, "GitHubNotFound"),
        (409, Waiting, "GitHubBusy"),
        (422, Stalled, "GitHubRefused"),
        (418, Stalled, "GitHubRefused"),
    ],
)
def test_each_status_says_who_must_act(status, kind, reason):
    error = refusal(CALL, Answer(status, {}), WHAT)

    assert type(error) is kind
    assert error.reason == reason
    assert WHAT in error.message


def test_a_failed_question_left_nothing_unknown():
    assert type(refusal(Call("GET", "/repos/acme/shop"), Answer(502, {}), WHAT)) is Waiting


def test_what_github_says_of_a_field_is_told_on_one_line():
    body = {"message": "Validation\nFailed", "errors": [{"field": "head_sha", "code": "invalid"}, "odd", 7, None]}

    assert ": Validation Failed (head_sha invalid; odd; 7)" in refusal(CALL, Answer(422, {}, body), WHAT).message
