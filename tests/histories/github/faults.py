"""What can go wrong at a request to GitHub, beside what can at any call: see tests/histories/faults.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from reconciler.adapters.github_http import Answer, OutcomeUnknown
from reconciler.adapters.github_reasons import AWAY
from reconciler.errors import Waiting
from tests.histories.faults import Call, Fault, be_overtaken, die_after, die_before, hear_news, sleep

_SOON = timedelta(seconds=15)
_PAGE = {"content-type": "text/html"}  # of a proxy or load balancer
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def be_cut_off(call: Call) -> Answer:
    """No connection comes about."""
    raise Waiting(AWAY, "GitHub cannot be reached.", _SOON)


def get_no_reply(call: Call) -> Answer:
    """Ten seconds of silence, and nothing is done."""
    call.around.clock.time += 10  # type: ignore[attr-defined]
    raise _unknown(call)


def lose_reply(call: Call) -> Answer:
    """It is done, and the connection breaks before that is told."""
    call.done()
    raise _unknown(call)


def fail(call: Call) -> Answer:
    """A server of GitHub's cannot do it."""
    return Answer(call.random.choice([500, 502, 503, 504]), _PAGE)


def do_and_fail(call: Call) -> Answer:
    """It is done, and a server says that it could not be."""
    call.done()
    return Answer(call.random.choice([500, 502]), _PAGE)


def be_told_to_wait(call: Call) -> Answer:
    """GitHub asks for patience, and says for how long or does not."""
    status, says = call.random.choice([403, 429]), call.random.random() < 0.6
    headers = {"retry-after": str(call.random.choice([1, 30, 200]))} if says else {}
    return Answer(status, headers, {"message": _SECONDARY})


def lose_token(call: Call) -> Answer:
    """All tokens die before their time."""
    call.around.github.revoke_tokens()  # type: ignore[attr-defined]
    return call.done()  # type: ignore[no-any-return]


def _unknown(call: Call) -> Waiting:
    if call.method == "GET":
        return Waiting(AWAY, "GitHub did not answer in time.", _SOON)
    return OutcomeUnknown("GitHubUnknown", "GitHub did not answer in time.", _SOON)


AT_GITHUB: Sequence[Fault] = (
    be_cut_off,
    get_no_reply,
    lose_reply,
    lose_reply,
    fail,
    do_and_fail,
    be_told_to_wait,
    lose_token,
    die_before,
    die_after,
    die_after,
    hear_news,
    be_overtaken,
    sleep,
)
