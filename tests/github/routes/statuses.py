"""Commit statuses: what a token may write where an App writes check runs."""

from __future__ import annotations

from tests.github.answers import Answer, invalid
from tests.github.records import Status
from tests.github.routing import Call, route
from tests.github.shapes import checks

PER_CONTEXT = 1000  # statuses of one sha and context
LONGEST_CONTEXT, LONGEST_DESCRIPTION = 255, 140


@route("POST /repos/{owner}/{repo}/statuses/{sha}")
def create_status(call: Call) -> Answer:
    repo, body = call.repository("statuses:write"), call.body
    sha, state = call.commit(repo, call.parameters["sha"]), call.world.state
    context, description = body.get("context", "default"), body.get("description")
    _check_lengths(context, description, body.get("target_url"))
    same = sum(row.context == context for row in state.statuses_of(repo, sha))
    if same >= PER_CONTEXT:
        raise invalid("Status", "base", "custom", "This SHA and context has reached the maximum number of statuses.")
    row = Status(
        state.new_id(), repo, sha, body["state"], context, description, body.get("target_url"),
        call.someone.account, state.now(),
    )  # fmt: skip
    state.statuses.append(row)
    document = checks.status(call.at, row)
    return Answer(201, document, {"location": document["url"]})


def _check_lengths(context: str, description: str | None, target: str | None) -> None:
    if len(context) > LONGEST_CONTEXT:
        raise invalid("Status", "context", "custom", f"context is too long (maximum is {LONGEST_CONTEXT} characters)")
    if len(description or "") > LONGEST_DESCRIPTION:
        words = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        raise invalid("Status", "description", "custom", words)
    if target and not target.startswith(("http://", "https://")):
        raise invalid("Status", "target_url", "custom", "target_url must use http(s) scheme")


@route("GET /repos/{owner}/{repo}/commits/{ref}/statuses")
def list_statuses(call: Call) -> Answer:
    repo = call.repository("statuses:read")
    rows = call.world.state.statuses_of(repo, call.commit(repo, call.parameters["ref"]))
    return call.page(rows, lambda row: checks.status(call.at, row))


@route("GET /repos/{owner}/{repo}/commits/{ref}/status")
def get_combined(call: Call) -> Answer:
    repo = call.repository("statuses:read")
    sha = call.commit(repo, call.parameters["ref"])
    return Answer(200, checks.combined_status(call.at, call.world.state.statuses_of(repo, sha), repo, sha))
