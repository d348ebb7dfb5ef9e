"""The product with one mistake about GitHub in it: what the laws must notice."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from reconciler.adapters import github_governor
from reconciler.adapters.github_api import GitHubApi
from reconciler.adapters.github_check_runs import Posted
from reconciler.adapters.github_checks import GitHubChecks
from reconciler.adapters.github_conversations import GitHubConversations
from reconciler.adapters.github_credentials import AppCredentials
from reconciler.adapters.github_errors import MissingAllowed
from reconciler.adapters.github_governor import Governor
from reconciler.adapters.github_http import Http
from reconciler.adapters.github_missed import GitHubMissed
from reconciler.adapters.github_source import GitHubOrigin
from reconciler.errors import Stalled
from reconciler.steps import discover
from tests.histories.mutations import Mutation, patched


def nothing_is_adopted() -> Any:
    """A check run is made without a look at what is there."""
    return patched(GitHubChecks, "_listed", lambda _: lambda self, place: [])


def runs_of_the_same_key_are_not_known() -> Any:
    """A run is known by the name alone that an earlier process gave it in memory."""
    return patched(Posted, "is_of", lambda _: lambda self, wanted: False)


def what_others_wrote_is_left() -> Any:
    """A run that says something else is taken for right."""
    return patched(Posted, "agrees", lambda _: lambda self, wanted: True)


def twins_are_left() -> Any:
    """Of two runs of a check only the newest is brought to its verdict."""

    def mistaken(whole: Any) -> Any:
        return lambda self, place, told: whole(self, place, replace(told, twins=()))

    return patched(GitHubChecks, "_finish", mistaken)


def what_is_unchanged_is_gone() -> Any:
    """An answer without news is taken for an empty one."""

    def mistaken(whole: Any) -> Any:
        def page(self: Any, *given: Any) -> Any:
            known = list(self._pages._values.values())
            found = whole(self, *given)
            is_known = isinstance(found.value, list) and any(found is one for one in known)
            return replace(found, value=[], next="") if is_known else found

        return page

    return patched(GitHubApi, "_page", mistaken)


def patience_is_not_kept() -> Any:
    """Nobody heeds that GitHub wants to be left alone."""
    return patched(github_governor, "patience", lambda _: lambda answer: None)


def nothing_is_counted() -> Any:
    """What was spent is not known when something more is."""
    return patched(github_governor, "seconds_until", lambda _: lambda *given: 0.0)


def each_process_counts_alone() -> Any:
    """What another process spends is not known."""

    def mistaken(whole: Any) -> Any:
        def enter(self: Any, account: str, *given: Any) -> Any:
            whole(self, f"{account} {id(self)}", *given)

        return enter

    return patched(Governor, "_enter", mistaken)


def tokens_are_never_renewed() -> Any:
    """A token that GitHub does not take any more is used on."""
    return patched(AppCredentials, "refused", lambda _: lambda self, *given: False)


def keys_are_read_once() -> Any:
    """A new private key is taken after a restart only."""

    def mistaken(whole: Any) -> Any:
        def begin(self: Any, app: str, read_key: Any, clock: Any) -> None:
            key = read_key()
            whole(self, app, lambda: key, clock)

        return begin

    return patched(AppCredentials, "__init__", mistaken)


def installations_are_never_looked_up_again() -> Any:
    """An App that was installed anew is spoken for by its old number."""
    return patched(AppCredentials, "forget", lambda _: lambda self, repository: None)


def repositories_are_known_by_name_alone() -> Any:
    """A repository that was renamed or given away is lost."""

    def mistaken(_: Any) -> Any:
        def found(self: Any, known: Any) -> Any:
            raise Stalled("GitHubNotFound", "It is not there.")

        return found

    return patched(GitHubOrigin, "_found", mistaken)


def nobody_looks_by_the_clock() -> Any:
    """What no webhook tells is never found out."""

    return patched(discover._Step, "take", lambda whole: lambda self: replace(whole(self), again_at=None))


def what_was_missed_stays_missed() -> Any:
    """GitHub's list of failed webhooks is not read."""
    return patched(GitHubMissed, "missed", lambda _: lambda self, within: iter(()))


def what_is_sent_on_is_not_counted() -> Any:
    """A call that GitHub redirects counts once."""

    def mistaken(whole: Any) -> Any:
        def ask(self: Any, call: Any, authorization: Any, each: Any = nullcontext) -> Any:
            with each():
                return whole(self, call, authorization)

        return ask

    return patched(Http, "ask", mistaken)


def comments_are_not_adopted() -> Any:
    """An answer is written anew where it is not known that it was written."""
    return patched(GitHubConversations, "_adopted", lambda _: lambda self, *given: "")


def what_is_gone_ends_the_step() -> Any:
    """A check run that was deleted between look and write keeps all others from being said."""
    return patched(MissingAllowed, "__exit__", lambda _: lambda self, *given: False)


_WAYS: tuple[Mutation, ...] = (
    nothing_is_adopted,
    runs_of_the_same_key_are_not_known,
    what_others_wrote_is_left,
    what_is_unchanged_is_gone,
    patience_is_not_kept,
    nothing_is_counted,
    each_process_counts_alone,
    installations_are_never_looked_up_again,
    repositories_are_known_by_name_alone,
    nobody_looks_by_the_clock,
    what_was_missed_stays_missed,
    what_is_sent_on_is_not_counted,
    what_is_gone_ends_the_step,
)
MUTATIONS: Mapping[str, Mutation] = {mutation.__name__: mutation for mutation in _WAYS}
