"""Deliveries over real HTTP, signed; on request without a trace, failed, twice, late, in another order."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import httpx

from tests.github.clock import Clock
from tests.github.records import App, Repository

PATIENCE = 10.0  # seconds until GitHub gives up on an answer
KEPT = 3 * 24 * 3600  # seconds for which deliveries are listed and can be sent again


@dataclass(slots=True, eq=False)
class Hook:
    """Where the events of an App, or of one repository, are sent."""

    id: int
    address: str
    secret: str
    events: list[str]
    app: App | None = None
    repository: Repository | None = None


@dataclass(slots=True, eq=False)
class Delivery:
    """One sending of one event; its id is new when it is sent again, its guid is not."""

    id: int
    hook: Hook
    guid: str
    event: str
    action: str | None
    body: bytes
    installation_id: int | None
    repository_id: int | None
    delivered_at: float
    redelivery: bool = False
    status: str = "pending"
    status_code: int = 0
    duration: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    answer: str = ""

    @property
    def payload(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def ok(self) -> bool:
        return 200 <= self.status_code < 400


def signature(secret: str, body: bytes) -> str:
    """`X-Hub-Signature-256` of a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


Way = Literal["drop", "lose", "double"]


class Webhooks:
    """The hooks, what was delivered, and a thread that delivers in order."""

    def __init__(self, clock: Clock, new_id: Callable[[], int], check: Callable[[str, dict[str, Any]], None]) -> None:
        self.clock = clock
        self.new_id = new_id
        self._check = check
        self.hooks: list[Hook] = []
        self.deliveries: list[Delivery] = []
        self.held: list[Delivery] | None = None
        self._ways: dict[Way, float] = {"drop": 0, "lose": 0, "double": 0}
        self._lost = 502
        self._outbox: deque[Delivery] = deque()
        self._busy = False
        self._stopped = False
        self._change = threading.Condition()
        self._client = httpx.Client(timeout=PATIENCE, trust_env=False, verify=False)
        self._thread = threading.Thread(target=self._deliver_all, name="github webhooks", daemon=True)

    # --- what tests ask for -----------------------------------------------------------------------------------

    def drop(self, events: float = float("inf")) -> None:
        """The next events leave no trace: neither sent nor listed."""
        self._ways["drop"] = events

    def lose(self, events: float = float("inf"), code: int = 502) -> None:
        """The next events fail on the way: listed as failed, and can be sent again. `code` 0: nobody ever answered."""
        self._ways["lose"], self._lost = events, code

    def double(self, events: float = float("inf")) -> None:
        """The next events arrive twice, with the same guid."""
        self._ways["double"] = events

    def hold(self) -> None:
        """Keep what happens from now on until `release`."""
        self.held = []

    def release(self, shuffle: random.Random | None = None, *, backwards: bool = False) -> None:
        """Send what was held: in order, backwards, or shuffled; waits until it arrived."""
        held, self.held = self.held or [], None
        if shuffle:
            shuffle.shuffle(held)
        self._enqueue(held[::-1] if backwards else held)
        self.settle()

    def normal(self) -> None:
        """From now on everything arrives once, at once."""
        self._ways = dict.fromkeys(self._ways, 0)

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until everything that was sent is answered."""
        with self._change:
            if not self._change.wait_for(lambda: not self._outbox and not self._busy, seconds):
                raise TimeoutError("webhooks are not answered")

    # --- what GitHub does -------------------------------------------------------------------------------------

    def send(self, event: str, payload: dict[str, Any], *, to: App, repository: Repository | None = None) -> None:
        """Deliver to an App."""
        for hook in self.hooks:
            if hook.app is to:
                self._post(hook, event, payload, repository)

    def send_to_repository(self, event: str, payload: dict[str, Any], repository: Repository) -> None:
        """Deliver to the hooks of a repository that want the event."""
        for hook in self.hooks:
            if hook.repository is repository and (event in hook.events or "*" in hook.events):
                self._post(hook, event, payload, repository)

    def ping(self, hook: Hook) -> None:
        """What a new hook gets first."""
        shown = {"type": "App" if hook.app else "Repository", "id": hook.id, "name": "web", "active": True}
        shown |= {"events": hook.events, "created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z"}
        shown["config"] = {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": hook.address}
        shown |= {"app_id": hook.app.id} if hook.app else {}
        self._post(hook, "ping", {"zen": "Keep it logically awesome.", "hook_id": hook.id, "hook": shown}, None)

    def _post(self, hook: Hook, event: str, payload: dict[str, Any], repository: Repository | None) -> None:
        self._check(event, payload)
        installation = payload.get("installation")
        delivery = Delivery(
            id=self.new_id(),
            hook=hook,
            guid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"delivery {self.new_id()}")),
            event=event,
            action=payload.get("action"),
            body=json.dumps(payload).encode(),
            installation_id=installation["id"] if installation else None,
            repository_id=repository.id if repository else None,
            delivered_at=self.clock.now(),
        )
        if self._use("drop"):
            return
        self.deliveries.append(delivery)
        if self._use("lose"):
            delivery.status, delivery.status_code = "failed to connect to host", self._lost
            return
        self._enqueue([delivery, delivery] if self._use("double") else [delivery])

    def _use(self, way: Way) -> bool:
        if self._ways[way] <= 0:
            return False
        self._ways[way] -= 1
        return True

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Send a delivery again, as its page and the API do."""
        again = replace(
            delivery, id=self.new_id(), delivered_at=self.clock.now(), redelivery=True, status="pending", status_code=0
        )
        self.deliveries.append(again)
        self._enqueue([again])
        return again

    def listed(self, hook: Hook) -> list[Delivery]:
        """Newest first, of the last three days."""
        since = self.clock.now() - KEPT
        return [row for row in reversed(self.deliveries) if row.hook is hook and row.delivered_at >= since]

    def close(self) -> None:
        with self._change:
            self._stopped = True
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join(PATIENCE + 1)
        self._client.close()

    def _enqueue(self, deliveries: list[Delivery]) -> None:
        if self.held is not None:
            self.held += deliveries
        else:
            self._carry(deliveries)

    def _carry(self, deliveries: list[Delivery]) -> None:
        """Let the thread deliver them; it begins with the first."""
        with self._change:
            if not self._thread.is_alive() and not self._stopped:
                self._thread.start()
            self._outbox.extend(deliveries)
            self._change.notify_all()

    def _deliver_all(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._outbox or self._stopped)
                if self._stopped:
                    return
                delivery, self._busy = self._outbox.popleft(), True
            self._deliver(delivery)
            with self._change:
                self._busy = False
                self._change.notify_all()

    def _deliver(self, row: Delivery) -> None:
        row.headers = headers(row)
        started = self.clock.now()
        try:
            answer = self._client.post(row.hook.address, content=row.body, headers=row.headers)
        except httpx.TimeoutException:
            row.status, row.status_code = "timed out", 504
        except (httpx.HTTPError, httpx.InvalidURL):
            row.status, row.status_code = "failed to connect to host", 502
        else:
            row.status, row.status_code = answer.reason_phrase or "OK", answer.status_code
            row.answer = answer.text[:1000]
        row.duration = round(self.clock.now() - started, 2)


def headers(row: Delivery) -> dict[str, str]:
    """All that GitHub sends beside the body; of these only the signature is made from the secret."""
    hook = row.hook
    sha1 = hmac.new(hook.secret.encode(), row.body, hashlib.sha1).hexdigest()
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Delivery": row.guid,
        "X-GitHub-Event": row.event,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(hook.app.id if hook.app else row.repository_id),
        "X-GitHub-Hook-Installation-Target-Type": "integration" if hook.app else "repository",
        "X-Hub-Signature": f"sha1={sha1}",
        "X-Hub-Signature-256": signature(hook.secret, row.body),
    }
