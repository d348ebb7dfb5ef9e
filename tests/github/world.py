"""A GitHub of our own: state and behaviour, real repositories, real HTTP.

How to use it:

    github = FakeGitHub(tmp_path)                    # or FakeGitHub(tmp_path, clock): `now()` is asked of it
    github.repository("acme/shop", {"flows/churn.yaml": "…"})
    app = github.register_app()                      # `app.id`, `app.private_key` (PEM) belong into the configuration
    github.install(app, "acme")                      # on all of its repositories, or on some
    github.deliver_to("http://127.0.0.1:8080/webhooks/github", secret="…")
    pull = github.open_pull_request({"flows/churn.yaml": "…"}, by="ann")
    assert github.check("headgate", pull.head_sha).conclusion == "success"
    github.close()                                   # fails when a request was not one that GitHub describes

`github.api_url` (or `enterprise_url`) is the address of its API, `github.url` of its pages and of Git. Words of
people are methods of this class; wrong behaviour is asked for at `github.faults`, `github.limits` and
`github.webhooks`; `github.requests` has everything that was asked. Records (tests/github/records.py) are live: a
pull request that was handed out changes with the world. Nothing here is part of the product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.github.answers import Answer, Refused
from tests.github.clock import Clock, RunningClock
from tests.github.description import description
from tests.github.events import DESCRIBED, Events, Silence
from tests.github.faults import Faults
from tests.github.limits import Limits
from tests.github.requests import Requests
from tests.github.routing import Call
from tests.github.service import Server, described_routes
from tests.github.state import State
from tests.github.webhooks import Webhooks
from tests.github.words.apps import AppWords
from tests.github.words.pulls import PullWords


class FakeGitHub(PullWords, AppWords):
    """Everything at once; each word returns when its webhooks are answered."""

    def __init__(self, directory: Path, clock: Clock | None = None, *, checked: bool = True) -> None:
        self._description = description(described_routes(), DESCRIBED) if checked else None
        self.clock = clock or RunningClock()
        self.state = self.new_state(directory)
        self.limits = Limits(self.clock)
        self.faults = Faults()
        self.requests = Requests()
        self.complaints: list[str] = []  # a test that means to be invalid clears them
        self.checked = checked  # against the description; benchmarks and histories may do without
        self.webhooks = self.new_webhooks()
        self._events = Events(self)
        self.signed_in: str | None = None  # the person in the browser, for the pages of tests/github/pages.py
        self.agrees = True  # to what those pages ask
        self.authorized: list[dict[str, str]] = []  # what a browser was sent with to agree to a sign-in
        self._server = self.new_server()
        self.url = self._server.url
        self._server.start()

    def new_state(self, directory: Path) -> State:
        """What it knows; its repositories are below the directory."""
        return State(directory, self.clock)

    def new_webhooks(self) -> Webhooks:
        """How it tells others."""
        return Webhooks(self.clock, self.state.new_id, self.check_webhook)

    def new_server(self) -> Server:
        """How others reach it."""
        return Server(self)

    @property
    def events(self) -> Events | Silence:
        return self._events if self.webhooks.hooks else Silence()

    @property
    def api_url(self) -> str:
        """As api.github.com."""
        return self.url

    @property
    def enterprise_url(self) -> str:
        """As the API of an Enterprise server."""
        return f"{self.url}/api/v3"

    def close(self) -> None:
        """Stop; fails when a request, or an answer, was not as GitHub describes it."""
        self._server.stop()
        self.webhooks.close()
        assert not self.complaints, "\n".join(self.complaints)

    @contextmanager
    def acting(self) -> Iterator[State]:
        """Somebody does something; ends when its webhooks are answered."""
        with self.state.lock:
            yield self.state
        self.webhooks.settle()

    def check_request(self, call: Call, headers: Mapping[str, str], query: str, body: bytes) -> None:
        """Hold a request against GitHub's description; what is wrong with it fails the test, when the world closes."""
        if self._description is None or not self.checked:
            return
        wrong = self._description.request(call.method, call.template, call.parameters, query, headers, body)
        if wrong:
            self.complaints += [f"{call.method} {call.template}: {words}" for words in wrong]
            raise Refused(422, "Invalid request.\n\n" + "\n".join(wrong))

    def check_answer(self, method: str, template: str, answer: Answer) -> None:
        """Hold our own answer against it."""
        if self._description is not None and self.checked:
            wrong = self._description.answer(method, template, answer.status, answer.document)
            self.complaints += [f"the fake's answer to {method} {template}: {words}" for words in wrong]

    def check_webhook(self, event: str, payload: dict[str, Any]) -> None:
        """Hold a payload of ours against it."""
        if self._description is not None and self.checked:
            wrong = self._description.webhook(event, payload)
            self.complaints += [f"the fake's webhook {event}: {words}" for words in wrong]
