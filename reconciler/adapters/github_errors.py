"""What an answer of GitHub that is not the wanted one means: who must act next, in words, and when to try again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from math import ceil

from reconciler.adapters.github_http import Answer, Call, OutcomeUnknown
from reconciler.adapters.github_reasons import AWAY, LIMITED, MISSING, PERMISSION, REFUSED, SIGN_IN
from reconciler.checks.words import clip, line
from reconciler.errors import ReconcileError, Stalled, Waiting
from reconciler.flows.model import Json

_LEAST = 60.0  # s to wait where GitHub asks for patience and does not say how long
_LONGEST = 3600.0
UNTIL_A_PERSON_ACTS = timedelta(minutes=5)  # between tries: then every key that waits for it goes on by itself


def refusal(call: Call, answer: Answer, what: str) -> ReconcileError:
    """The error of an answer with a status from 300 on. `what` names what was to be done, for people."""
    status = answer.status
    if status in (403, 429) and (seconds := patience(answer)) is not None:
        return Waiting(LIMITED, f"GitHub asks to be left alone for {seconds:.0f} s ({what}).", at_least(seconds))
    if status >= 500 or status == 408:
        kind = OutcomeUnknown if call.writes else Waiting
        return kind(AWAY, f"GitHub cannot answer now (HTTP {status}, {what}).", timedelta(seconds=15))
    if status == 401:
        do = "check the App's id and private key, or the token, and its expiry."
        return Waiting(SIGN_IN, f"GitHub does not accept our credentials ({what}): {do}", UNTIL_A_PERSON_ACTS)
    if status in (301, 302, 307, 308):
        return Waiting("GitHubMoved", f"The repository has another name now ({what}).", timedelta(seconds=30))
    return _refused(answer, what, said(answer.data))


def _refused(answer: Answer, what: str, why: str) -> ReconcileError:
    if answer.status == 403:
        needs = line(answer.headers.get("x-accepted-github-permissions", ""))
        do = f"grant {needs}." if needs else "check its permissions: `headgate github doctor` names them."
        return Waiting(PERMISSION, f"GitHub does not allow it ({what}{why}): {do}", UNTIL_A_PERSON_ACTS)
    if answer.status in (404, 410, 451):
        return Stalled(MISSING, f"GitHub has nothing there, or shows it to us no more ({what}).")
    if answer.status in (409, 423):
        return Waiting("GitHubBusy", f"GitHub cannot do it just now ({what}{why}).", timedelta(seconds=30))
    return Stalled(REFUSED, f"GitHub refuses (HTTP {answer.status}, {what}{why}).")


class MissingAllowed:
    """Within it, what GitHub has not, or does not show to us, is no error: what follows it is done instead."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        return isinstance(error, Stalled) and error.reason == MISSING


@contextmanager
def understood() -> Iterator[None]:
    """Reading of an answer that a person waits for: what is none of GitHub's is told. Raises Stalled."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        what = "What answers there is not GitHub, or of another version: look at apiUrl and at proxies in between."
        raise Stalled("GitHubAnswer", what) from None


def patience(answer: Answer) -> float | None:
    """Seconds that GitHub wants to be left alone; None where the answer is about something else.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    headers = answer.headers
    if (told := headers.get("retry-after", "")).isdecimal():
        return min(max(float(told), 1.0), _LONGEST)
    if headers.get("x-ratelimit-remaining") == "0":
        return until_reset(answer) or _LEAST
    words = said(answer.data).lower()
    return _LEAST if answer.status == 429 or "rate limit" in words or "abuse detection" in words else None


def until_reset(answer: Answer) -> float | None:
    """Seconds until the hour's requests begin anew, by GitHub's own clock."""
    told = answer.headers.get("x-ratelimit-reset", "")
    if not told.isdecimal() or answer.date is None:
        return None
    return min(max(float(told) - answer.date, 0.0) + 1.0, _LONGEST)


def not_known_yet(what: str, left: float) -> Waiting:
    """For a `what` that GitHub may have made without our hearing of it, and will list in so many seconds if so."""
    message = f"It is not known yet whether GitHub made a {what}; its list will tell."
    return Waiting("GitHubUnknown", message, at_least(left))


def at_least(seconds: float) -> timedelta:
    """Rounded up: whoever comes back a millionth of a second early would be told to wait for nothing, for ever."""
    return timedelta(milliseconds=ceil(seconds * 1000))


def said(data: Json) -> str:
    """What the body says, as `: message (field: code)`; nothing where it says nothing."""
    if not isinstance(data, Mapping) or not isinstance(data.get("message"), str):
        return ""
    errors = data.get("errors")
    fields = [_field(one) for one in errors[:3]] if isinstance(errors, list) else []
    more = f" ({'; '.join(one for one in fields if one)})" if any(fields) else ""
    return f": {clip(line(str(data['message'])), 200)}{more}"


def _field(error: Json) -> str:
    if not isinstance(error, Mapping):
        return clip(line(str(error)), 100)
    told = (error.get(name) for name in ("resource", "field", "message", "code"))
    return clip(" ".join(line(str(one)) for one in told if one), 120)
