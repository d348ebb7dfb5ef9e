"""The life of a flow on a GitHub that others wrote, as far as it goes: a second opinion on what we ask of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.demo import examples
from reconciler.adapters.process_records import folder_of
from reconciler.adapters.process_signals import kill_strays
from tests.documents import dag
from tests.emulate.emulator import APP, SHOP, Emulator, free_port
from tests.github.story import SECRET, Headgate, until

pytestmark = [pytest.mark.emulate, pytest.mark.timeout(300)]


def flow(*ops: str) -> str:
    """The text of a flow whose ops do nothing, well."""
    run = {"kind": "job", "container": {"image": "any", "command": ["true"]}}
    return yaml.safe_dump(dag({op: {"component": {"run": run}} for op in ops}), sort_keys=False)


@dataclass
class Stage:
    emulator: Emulator
    headgate: Headgate

    def completed(self, name: str, sha: str) -> Any:
        """A check run once it has its verdict."""

        def found() -> Any:
            run = self.emulator.check_runs(sha).get(name)
            return run if run is not None and run["status"] == "completed" else None

        return until(f"the check {name} on {sha[:7]}", found)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    address = f"127.0.0.1:{free_port()}"
    data = tmp_path / "data"
    os.environ["HEADGATE_WEBHOOK_SECRET"] = SECRET
    with Emulator(tmp_path, f"http://{address}/webhooks/github", SECRET) as emulator:
        (tmp_path / "app.pem").write_text(emulator.private_key)
        head = emulator.commit({"flows/churn.yaml": flow("train")}, "Begin")
        emulator.point("main", head)
        headgate = Headgate(
            tmp_path,
            {
                "dataDir": str(data),
                "listen": address,
                "github": {
                    "apiUrl": emulator.url,
                    "app": {"id": str(APP), "privateKey": {"file": "app.pem"}},
                    "webhookSecrets": [{"env": "HEADGATE_WEBHOOK_SECRET"}],
                    "runLocally": True,
                    "pollSeconds": 600,
                },
            },
        )
        try:
            headgate.start()
            yield Stage(emulator, headgate)
        finally:
            headgate.stop()
            kill_strays([folder_of(str(data.resolve()), path.name) for path in data.glob("attempts/*/*")])


def test_a_pull_request_is_judged_and_its_merge_runs_told_by_signed_webhooks_alone(stage: Stage):
    emulator = stage.emulator
    head = emulator.bare.sha("refs/heads/main")
    assert head is not None
    gate = stage.completed("headgate", head)
    assert gate["conclusion"] == "success"
    assert list(emulator.check_runs(head)) == ["headgate"], "installing starts nothing"

    wrong = emulator.commit(examples.with_mistakes(), "Classify irises", head)
    emulator.point("classify", wrong, new=True)
    body = {"title": "Classify irises", "head": "classify", "base": "main"}
    first = emulator.as_person("POST", f"/repos/{SHOP}/pulls", body)
    refused = stage.completed("headgate", wrong)
    assert refused["conclusion"] == "failure"
    assert refused["output"]["annotations_count"] == 6
    emulator.as_person("PATCH", f"/repos/{SHOP}/pulls/{first['number']}", {"state": "closed"})

    good = emulator.commit({"flows/churn.yaml": flow("train", "tell")}, "Tell as well", head)
    emulator.point("tell", good, new=True)
    emulator.as_person("POST", f"/repos/{SHOP}/pulls", {"title": "Tell", "head": "tell", "base": "main"})
    assert stage.completed("headgate", good)["conclusion"] == "success"
    assert stage.completed("headgate/churn", good)["conclusion"] == "success"

    emulator.point("main", good)
    merged = until("the ops", lambda: emulator.check_runs(good).get("headgate/churn/tell"))
    assert stage.completed(merged["name"], good)["conclusion"] == "success"
    refusals = {(method, path, status) for method, path, status in emulator.asked if status in (401, 403, 422)}
    assert refusals == set()
