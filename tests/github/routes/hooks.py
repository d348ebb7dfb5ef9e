"""Webhooks of an App or a repository, and deliveries, which can be listed for three days and sent again."""

from __future__ import annotations

import json
from typing import Any

from tests.github.answers import Answer, not_found
from tests.github.routes.apps import the_app
from tests.github.routing import Call, route
from tests.github.shapes.accounts import moment
from tests.github.webhooks import Delivery, Hook


def the_hook(call: Call) -> Hook:
    app = the_app(call)
    found = next((hook for hook in call.world.webhooks.hooks if hook.app is app), None)
    if found is None:
        raise not_found()
    return found


def hooks_of_repository(call: Call) -> list[Hook]:
    repository = call.repository("repository_hooks:read")
    return [hook for hook in call.world.webhooks.hooks if hook.repository is repository]


def repository_hook(call: Call) -> Hook:
    wanted = int(call.parameters["hook_id"])
    found = next((hook for hook in hooks_of_repository(call) if hook.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def the_delivery(call: Call, hook: Hook) -> Delivery:
    wanted = int(call.parameters["delivery_id"])
    found = next((row for row in call.world.webhooks.listed(hook) if row.id == wanted), None)
    if found is None:
        raise not_found()
    return found


@route("GET /app/hook/config")
def get_config(call: Call) -> Answer:
    return Answer(200, _config(the_hook(call)))


@route("PATCH /app/hook/config")
def update_config(call: Call) -> Answer:
    hook = the_hook(call)
    hook.address = call.body.get("url", hook.address)
    hook.secret = call.body.get("secret", hook.secret)
    return Answer(200, _config(hook))


def _config(hook: Hook) -> dict[str, str]:
    return {"url": hook.address, "content_type": "json", "insecure_ssl": "0", "secret": "********"}


@route("GET /app/hook/deliveries")
def list_deliveries(call: Call) -> Answer:
    return _listed(call, the_hook(call), "/app/hook/deliveries")


@route("GET /repos/{owner}/{repo}/hooks")
def list_hooks(call: Call) -> Answer:
    return call.page(hooks_of_repository(call), lambda hook: _hook(call, hook))


@route("GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries")
def list_deliveries_of_repository(call: Call) -> Answer:
    hook = repository_hook(call)
    assert hook.repository is not None
    return _listed(call, hook, f"/repos/{hook.repository.full_name}/hooks/{hook.id}/deliveries")


@route("GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}")
def get_delivery_of_repository(call: Call) -> Answer:
    return _shown(the_delivery(call, repository_hook(call)))


def _hook(call: Call, hook: Hook) -> dict[str, Any]:
    assert hook.repository is not None
    url = f"{call.base}/repos/{hook.repository.full_name}/hooks/{hook.id}"
    return {
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": True,
        "events": hook.events,
        "config": _config(hook),
        "updated_at": "2024-01-01T00:00:00Z",
        "created_at": "2024-01-01T00:00:00Z",
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


def _listed(call: Call, hook: Hook, path: str) -> Answer:
    """Pages follow a cursor, as new deliveries come in at the front."""
    rows, size = call.world.webhooks.listed(hook), min(int(call.query.get("per_page", 30)), 100)
    if "status" in call.query:
        least, most = (200, 399) if call.query["status"] == "success" else (400, 599)
        rows = [row for row in rows if least <= row.status_code <= most]
    if "cursor" in call.query:
        rows = [row for row in rows if row.id < int(call.query["cursor"].removeprefix("v1_"))]
    headers = {}
    if len(rows) > size:
        rest = {**call.query, "cursor": f"v1_{rows[size - 1].id}"}
        address = "&".join(f"{name}={value}" for name, value in rest.items())
        headers["link"] = f'<{call.base}{path}?{address}>; rel="next"'
    return Answer(200, [_item(row) for row in rows[:size]], headers)


def _item(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.id,
        "guid": row.guid,
        "delivered_at": moment(row.delivered_at),
        "redelivery": row.redelivery,
        "duration": row.duration,
        "status": row.status,
        "status_code": row.status_code,
        "event": row.event,
        "action": row.action,
        "installation_id": row.installation_id,
        "repository_id": row.repository_id,
        "throttled_at": None,
    }


@route("GET /app/hook/deliveries/{delivery_id}")
def get_delivery(call: Call) -> Answer:
    return _shown(the_delivery(call, the_hook(call)))


def _shown(row: Delivery) -> Answer:
    request = {"headers": row.headers, "payload": json.loads(row.body)}
    return Answer(
        200,
        {**_item(row), "url": row.hook.address, "request": request, "response": {"headers": {}, "payload": row.answer}},
    )


@route("POST /app/hook/deliveries/{delivery_id}/attempts")
def redeliver(call: Call) -> Answer:
    call.world.webhooks.redeliver(the_delivery(call, the_hook(call)))
    return Answer(202, {})
