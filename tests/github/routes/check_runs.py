"""Check runs and suites: created and changed by one App, with all the limits that GitHub sets them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.github.answers import Answer, Refused, invalid, not_found
from tests.github.records import App, CheckRun, CheckSuite, Repository
from tests.github.routing import Call, route
from tests.github.shapes import checks

LONGEST_TEXT = 65_535
LONGEST_TITLE = LONGEST_NAME = 255
LONGEST_MESSAGE = 64 * 1024  # bytes
ANNOTATIONS, ACTIONS = 50, 3
PER_NAME = 1000  # runs of one name in a suite; older ones vanish


def the_app(call: Call) -> App:
    """Only an App writes check runs."""
    if call.someone.installation is None:
        raise Refused(403, "You must authenticate via a GitHub App.")
    return call.someone.installation.app


def the_run(call: Call, *needs: str) -> CheckRun:
    repo = call.repository(*needs)
    call.world.state.age()
    row = call.world.state.runs.get(int(call.parameters["check_run_id"]))
    if row is None or row.suite.repository is not repo:
        raise not_found()
    return row


def the_suite(call: Call, *needs: str) -> CheckSuite:
    repo = call.repository(*needs)
    row = call.world.state.suites.get(int(call.parameters["check_suite_id"]))
    if row is None or row.repository is not repo:
        raise not_found()
    return row


def _shape(call: Call, row: CheckRun) -> dict[str, Any]:
    pulls = call.world.state.pulls_with_head(row.suite.repository, row.suite.head_sha)
    return checks.check_run(call.at, row, pulls)


def _check(body: dict[str, Any]) -> None:
    """What the description of the API says nothing, or not enough, about."""
    if len(body.get("name", "")) > LONGEST_NAME:
        raise invalid("CheckRun", "name", "custom", f"name is too long (maximum is {LONGEST_NAME} characters)")
    if body.get("status") == "completed" and "conclusion" not in body:
        raise invalid("CheckRun", "conclusion", "missing_field", "conclusion is required when status is completed")
    if body.get("conclusion") == "stale":
        raise invalid("CheckRun", "conclusion", "invalid", "only GitHub can set stale")
    if len(body.get("actions", ())) > ACTIONS:
        raise invalid("CheckRun", "actions", "custom", f"Only {ACTIONS} actions are allowed")
    if "output" in body:
        _check_output(body["output"])


def _check_output(output: dict[str, Any]) -> None:
    for name in ("summary", "text"):
        if len(output.get(name) or "") > LONGEST_TEXT:
            words = f"Only {LONGEST_TEXT} characters are allowed; {len(output[name])} were supplied."
            raise Refused(422, f"Invalid request.\n\n{words}")
    if len(output.get("title") or "") > LONGEST_TITLE:
        raise invalid("CheckRun", "title", "custom", f"title is too long (maximum is {LONGEST_TITLE} characters)")
    annotations = output.get("annotations", [])
    if len(annotations) > ANNOTATIONS:
        words = f"No more than {ANNOTATIONS} items are allowed; {len(annotations)} were supplied."
        raise Refused(422, f"Invalid request.\n\n{words}")
    for item in annotations:
        _check_annotation(item)


def _check_annotation(item: dict[str, Any]) -> None:
    if item["start_line"] < 1 or item["end_line"] < item["start_line"]:
        raise invalid("CheckAnnotation", "end_line", "invalid", "end_line must be at or after start_line")
    if item["start_line"] != item["end_line"] and {"start_column", "end_column"} & set(item):
        words = "columns are only allowed if start_line and end_line have the same value"
        raise invalid("CheckAnnotation", "start_column", "invalid", words)
    if not item["message"] or len(item["message"].encode()) > LONGEST_MESSAGE:
        raise invalid("CheckAnnotation", "message", "custom", "message is missing or longer than 64 KB")
    if len(item.get("title", "")) > LONGEST_TITLE or len(item.get("raw_details", "").encode()) > LONGEST_MESSAGE:
        raise invalid("CheckAnnotation", "title", "custom", "title or raw_details is too long")


@route("POST /repos/{owner}/{repo}/check-runs")
def create_run(call: Call) -> Answer:
    app = the_app(call)
    repo = call.repository("checks:write")
    _check(call.body)
    sha = _exact(repo, call.body["head_sha"])
    state = call.world.state
    suite = state.suite(app, repo, sha)
    twins = [row for row in state.runs_of(repo, sha) if row.suite is suite and row.name == call.body["name"]]
    for older in twins[: len(twins) - PER_NAME + 1]:
        del state.runs[older.id]
    row = CheckRun(state.new_id(), suite, call.body["name"], "queued", state.now(), made_at=state.now())
    state.runs[row.id] = row
    _apply(call, row)
    call.world.events.check_run("created", row)
    return Answer(201, _shape(call, row))


def _exact(repo: Repository, sha: str) -> str:
    if len(sha) != 40 or repo.git.sha(sha) is None:
        raise Refused(422, f"No commit found for SHA: {sha}")
    return sha


@route("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}")
def update_run(call: Call) -> Answer:
    app = the_app(call)
    row = the_run(call, "checks:write")
    if row.suite.app is not app:
        raise Refused(
            403, f"Invalid app_id `{app.id}` - check run can only be modified by the GitHub App that created it."
        )
    _check(call.body)
    _apply(call, row)
    row.updates += 1
    if row.status == "completed" and {"status", "conclusion"} & set(call.body):
        call.world.events.check_run("completed", row)
    return Answer(200, _shape(call, row))


def _apply(call: Call, row: CheckRun) -> None:
    """Take over what a request says; annotations are only ever added."""
    body, now = call.body, call.world.state.now()
    for name in ("name", "external_id", "details_url", "status", "actions"):
        if name in body:
            setattr(row, name, body[name])
    if "conclusion" in body:
        row.status, row.conclusion = "completed", body["conclusion"]
    elif "status" in body:
        row.conclusion = None
    row.started_at = _seconds(body.get("started_at")) or row.started_at
    row.completed_at = (_seconds(body.get("completed_at")) or now) if row.status == "completed" else None
    if output := body.get("output"):
        row.title = output.get("title", row.title)
        row.summary = output.get("summary", row.summary)
        row.text = output.get("text", row.text)
        row.annotations += output.get("annotations", [])


def _seconds(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


@route("GET /repos/{owner}/{repo}/check-runs/{check_run_id}")
def get_run(call: Call) -> Answer:
    return Answer(200, _shape(call, the_run(call, "checks:read")))


@route("GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations")
def list_annotations(call: Call) -> Answer:
    row = the_run(call, "checks:read")
    return call.page(row.annotations, lambda item: checks.annotation(call.at, row, item))


def _listed(call: Call, rows: list[CheckRun]) -> Answer:
    """Newest first; of equal names in a suite only the newest, unless all are asked for."""
    query, state = call.query, call.world.state
    rows = sorted((row for row in rows if state.is_listed(row.made_at)), key=lambda row: -row.id)
    if "check_name" in query:
        rows = [row for row in rows if row.name == query["check_name"]]
    if "status" in query:
        rows = [row for row in rows if row.status == query["status"]]
    if "app_id" in query:
        rows = [row for row in rows if row.suite.app.id == int(query["app_id"])]
    if query.get("filter", "latest") == "latest":
        rows = list({(row.suite.id, row.name): row for row in reversed(rows)}.values())
        rows.sort(key=lambda row: -row.id)
    return call.page(rows, lambda row: _shape(call, row), "check_runs")


@route("GET /repos/{owner}/{repo}/commits/{ref}/check-runs")
def list_runs_of_commit(call: Call) -> Answer:
    repo = call.repository("checks:read")
    return _listed(call, call.world.state.runs_of(repo, call.commit(repo, call.parameters["ref"])))


@route("GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs")
def list_runs_of_suite(call: Call) -> Answer:
    suite = the_suite(call, "checks:read")
    return _listed(call, [row for row in call.world.state.runs.values() if row.suite is suite])


def _suite_shape(call: Call, suite: CheckSuite) -> dict[str, Any]:
    state = call.world.state
    runs = [row for row in state.runs.values() if row.suite is suite]
    return checks.check_suite(call.at, suite, runs, state.pulls_with_head(suite.repository, suite.head_sha))


@route("GET /repos/{owner}/{repo}/commits/{ref}/check-suites")
def list_suites(call: Call) -> Answer:
    repo = call.repository("checks:read")
    sha = call.commit(repo, call.parameters["ref"])
    rows = [row for row in call.world.state.suites.values() if row.repository is repo and row.head_sha == sha]
    if "app_id" in call.query:
        rows = [row for row in rows if row.app.id == int(call.query["app_id"])]
    return call.page(rows, lambda row: _suite_shape(call, row), "check_suites")


@route("GET /repos/{owner}/{repo}/check-suites/{check_suite_id}")
def get_suite(call: Call) -> Answer:
    return Answer(200, _suite_shape(call, the_suite(call, "checks:read")))
