"""What an App sees: its installations and their repositories, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from reconciler.adapters.github_credentials import AppCredentials, Ask
from reconciler.adapters.github_errors import refusal
from reconciler.adapters.github_http import Call, Secret

PAGE = 100
_METADATA = {"metadata": "read"}


def installations(credentials: AppCredentials, ask: Ask) -> Iterator[Any]:
    """All accounts that have the App."""
    return entries(lambda page: credentials.as_app(Call("GET", "/app/installations", page), ask).data)


def token_to_list(credentials: AppCredentials, installation: int, ask: Ask) -> Secret:
    """A token that shows which repositories an installation lets the App see, and nothing of what is in them."""
    call = Call("POST", f"/app/installations/{installation}/access_tokens", body={"permissions": _METADATA})
    return Secret(credentials.as_app(call, ask).data["token"])


def repositories(token: Secret, account: str, ask: Ask) -> Iterator[Any]:
    """Those of the installation that a token is of."""

    def listed(page: Mapping[str, int]) -> Any:
        call = Call("GET", "/installation/repositories", page)
        answer = ask(account, call, token)
        if answer.status == 401:
            raise refusal(call, answer, call.path)
        return answer.data["repositories"]

    return entries(listed)


def entries(ask: Callable[[Mapping[str, int]], Any]) -> Iterator[Any]:
    """The entries of a list, until a page is not full."""
    for number in count(1):
        page = ask({"per_page": PAGE, "page": number})
        yield from page
        if len(page) < PAGE:
            return
