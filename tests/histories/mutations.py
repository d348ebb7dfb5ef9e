"""The product with one mistake in it: what the laws must notice. Each patches one place and puts it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from reconciler.adapters.sql.queue import SqlQueue
from reconciler.engine.machine import RunMachine
from reconciler.engine.model import Performed
from reconciler.records import Changes
from reconciler.steps import following_head, intents, services

Mutation = Callable[[], Any]


@contextmanager
def _patched(owner: Any, name: str, mistaken: Callable[[Any], Any]) -> Iterator[None]:
    whole = getattr(owner, name)
    setattr(owner, name, mistaken(whole))
    try:
        yield
    finally:
        setattr(owner, name, whole)


def no_fence() -> Any:
    """A worker that slept past its lease writes all the same."""
    return _patched(SqlQueue, "_fence", lambda _: lambda self, connection, lease: None)


def answers_are_forgotten() -> Any:
    """Requests stay open: they are performed again and again."""
    return _patched(SqlQueue, "commit", _without("answered"))


def wakes_are_forgotten() -> Any:
    """A step that changes something tells nobody."""
    return _patched(SqlQueue, "commit", _without("wakes"))


def attempts_are_not_written_down() -> Any:
    """What is to be started is not committed first."""
    return _patched(SqlQueue, "commit", _without("attempts"))


def checks_are_not_written_down() -> Any:
    """What shall be said on a commit is lost."""
    return _patched(SqlQueue, "commit", _without("checks"))


def _without(field: str) -> Callable[[Any], Any]:
    def mistaken(whole: Any) -> Any:
        def commit(self: Any, lease: Any, changes: Changes, keep: bool = False) -> None:
            whole(self, lease, replace(changes, **{field: ()}), keep)

        return commit

    return mistaken


def unknown_counts_as_done() -> Any:
    """A start without an answer is taken for one that was made."""

    def mistaken(whole: Any) -> Any:
        def after(row: Any, fact: Any) -> Any:
            is_unknown = isinstance(fact, Performed) and fact.outcome in ("unknown", "again")
            return whole(row, replace(fact, outcome="done") if is_unknown else fact)

        return after

    return _patched(intents, "after", mistaken)


def nobody_looks_again() -> Any:
    """What was not told is never found out."""
    return _patched(intents, "look", lambda _: lambda world, attempts: ())


def stops_are_not_heard() -> Any:
    """A run that was stopped goes on."""
    return _patched(RunMachine, "_fold", _deaf_to("stop"))


def approvals_are_not_heard() -> Any:
    """An op that was approved waits on."""
    return _patched(RunMachine, "_fold", _deaf_to("approve"))


def _deaf_to(verb: str) -> Callable[[Any], Any]:
    def mistaken(whole: Any) -> Any:
        return lambda self, fact: None if getattr(fact, "verb", "") == verb else whole(self, fact)

    return mistaken


def observations_of_services_are_not_passed_on() -> Any:
    """A run never learns that its service is ready."""
    return _patched(services, "seen_by", lambda _: lambda *given: ())


def flows_that_are_gone_stay() -> Any:
    """A flow that was removed is not retired."""
    return _patched(following_head, "retire", lambda _: lambda *given, **named: None)


MUTATIONS: Mapping[str, Mutation] = {
    mutation.__name__: mutation
    for mutation in (
        no_fence,
        answers_are_forgotten,
        wakes_are_forgotten,
        attempts_are_not_written_down,
        checks_are_not_written_down,
        unknown_counts_as_done,
        nobody_looks_again,
        stops_are_not_heard,
        approvals_are_not_heard,
        observations_of_services_are_not_passed_on,
        flows_that_are_gone_stay,
    )
}
