"""`kill -9` in the middle of a burst of webhooks: what was acknowledged is there, and is done."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.keys import CheckKey
from tests.github.story import SECRET, SHOP, staged, until
from tests.webhooks.flood import Flood, Prepared, prepared, signed

TELLING, ASKING = 2000, 40
ACKNOWLEDGED = 400  # when it is killed


def presses(repository: int, app: int, sha: str) -> list[Prepared]:
    """Somebody asks again for a check, each time as another wish."""
    run = {"head_sha": sha, "external_id": "", "app": {"id": app}}
    return [
        signed(
            f"press-{number}",
            "check_run",
            {
                "action": "rerequested",
                "check_run": {**run, "id": number},
                "repository": {"id": repository},
                "sender": {"login": "ann"},
            },
            SECRET.encode(),
        )
        for number in range(1, ASKING + 1)
    ]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_nothing_that_was_acknowledged_is_lost_when_it_is_killed_in_a_burst(tmp_path: Path):
    with staged(tmp_path) as story:
        sha = story.github.head()
        story.completed("headgate", sha)
        shop = story.github.state.repository(SHOP)
        assert shop is not None
        app = next(iter(story.github.state.apps.values()))
        deliveries = prepared(TELLING, SECRET.encode(), shop.id)
        for number, one in enumerate(presses(shop.id, app.id, sha)):
            deliveries.insert(number * 9, one)

        flood = Flood(story.headgate.address)
        sending = threading.Thread(target=flood.run, args=[deliveries])
        sending.start()
        while len(flood.sent) < ACKNOWLEDGED:
            time.sleep(0.001)
        story.headgate.kill()
        sending.join()

        acknowledged = {one.guid for one in flood.sent if one.status == 202}
        assert ACKNOWLEDGED * 0.9 < len(acknowledged) < len(deliveries), "it was killed in the middle"
        with closing(open_store(tmp_path / "data" / "headgate.db", SystemClock())) as store:
            assert acknowledged <= {row.id for row in store.deliveries(100_000)}
            pressed = [guid for guid in acknowledged if guid.startswith("press-")]
            assert pressed
            story.headgate.start()
            until("every answer", lambda: not store.requests(CheckKey(SHOP, sha)))
            rows = {row.id: row for row in store.deliveries(100_000)}
            asked = [store.request(rows[guid].said.split(", ")[0]) for guid in pressed]
            assert all(request is not None and request.done_at is not None for request in asked)
