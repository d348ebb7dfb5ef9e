"""An App that a person has just made from a manifest: GitHub tells its secrets once, for a code, and never again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.adapters.github_errors import refusal, understood
from reconciler.adapters.github_http import NOBODY, Answer, Call, Http, Secret
from reconciler.adapters.github_reasons import MISSING
from reconciler.errors import Stalled, Waiting

PAUSES = (1.0, 3.0, 10.0)  # s; the code is good for an hour, and an App without its key is in the way
_WHAT = "the exchange of the new App's code"


@dataclass(frozen=True, slots=True)
class MadeApp:
    """The App, and what it signs with. Without a webhook `webhook_secret` is empty."""

    id: int
    slug: str
    owner: str
    page: str
    settings: str  # where its owner changes it
    private_key: Secret
    webhook_secret: Secret
    client: str
    client_secret: Secret


def made_app(http: Http, code: str, pause: Callable[[float], None]) -> MadeApp:
    """The App of a code. Raises Waiting, Stalled; the code is in none of their words."""
    for seconds in (*PAUSES, None):
        try:
            answer = _exchanged(http, code)
            with understood():
                return _read(answer)
        except Waiting:
            if seconds is None:
                raise
            pause(seconds)
    raise AssertionError


def settings_of(data: Any) -> str:
    """The page of an App's settings, by what GitHub tells of the App."""
    web, _, _ = data["html_url"].rpartition("/apps/")
    owner = data.get("owner") or {}
    where = f"/organizations/{owner['login']}" if owner.get("type") == "Organization" else ""
    return f"{web}{where}/settings/apps/{data['slug']}"


def _exchanged(http: Http, code: str) -> Answer:
    call = Call("POST", f"/app-manifests/{code}/conversions")
    answer = http.ask(call, NOBODY)
    if answer.status == 404:
        raise Stalled(MISSING, "GitHub does not take the code of the new App: it is good once, and for an hour.")
    if answer.status >= 300:
        raise refusal(call, answer, _WHAT)
    return answer


def _read(answer: Answer) -> MadeApp:
    data = answer.data
    return MadeApp(
        int(data["id"]),
        str(data["slug"]),
        str((data.get("owner") or {}).get("login", "")),
        str(data["html_url"]),
        settings_of(data),
        Secret(data["pem"].strip()),
        Secret(str(data.get("webhook_secret") or "")),
        str(data["client_id"]),
        Secret(str(data["client_secret"])),
    )
