"""Comments on pull requests and reactions to them."""

from __future__ import annotations

from tests.github.answers import Answer, Refused, invalid, not_found
from tests.github.records import Comment, Reaction
from tests.github.routing import Call, route
from tests.github.shapes import pulls

READ = ("issues:read", "pull_requests:read")
WRITE = ("issues:write", "pull_requests:write")
LONGEST = 65_536


def the_comment(call: Call, *needs: str) -> Comment:
    repo = call.repository(*needs)
    row = call.world.state.comments.get(int(call.parameters["comment_id"]))
    if row is None or row.pull.repository is not repo:
        raise not_found()
    return row


def _checked(body: str) -> str:
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field")
    if len(body) > LONGEST:
        raise invalid("IssueComment", "body", "custom", f"body is too long (maximum is {LONGEST} characters)")
    return body


@route("GET /repos/{owner}/{repo}/issues/{issue_number}/comments")
def list_comments(call: Call) -> Answer:
    state = call.world.state
    rows = [
        row for row in state.comments_of(call.pull(*READ, parameter="issue_number")) if state.is_listed(row.created_at)
    ]
    return call.page(rows, lambda row: pulls.comment(call.at, row))


@route("POST /repos/{owner}/{repo}/issues/{issue_number}/comments")
def create_comment(call: Call) -> Answer:
    pull = call.pull(*WRITE, parameter="issue_number")
    installation = call.someone.installation
    app = installation.app if installation else None
    row = call.world.write_comment(pull, call.someone.account, _checked(call.body["body"]), app)
    document = pulls.comment(call.at, row)
    return Answer(201, document, {"location": document["url"]})


@route("GET /repos/{owner}/{repo}/issues/comments")
def list_all_comments(call: Call) -> Answer:
    repo = call.repository(*READ)
    rows = [row for row in call.world.state.comments.values() if row.pull.repository is repo]
    return call.page(rows, lambda row: pulls.comment(call.at, row))


@route("GET /repos/{owner}/{repo}/issues/comments/{comment_id}")
def get_comment(call: Call) -> Answer:
    return Answer(200, pulls.comment(call.at, the_comment(call, *READ)))


@route("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}")
def update_comment(call: Call) -> Answer:
    row = the_comment(call, *WRITE)
    if row.author is not call.someone.account:
        raise Refused(403, "Resource not accessible by integration")
    call.world.change_comment(row, _checked(call.body["body"]))
    return Answer(200, pulls.comment(call.at, row))


@route("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}")
def delete_comment(call: Call) -> Answer:
    row = the_comment(call, *WRITE)
    del call.world.state.comments[row.id]
    return Answer(204)


@route("GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions")
def list_reactions(call: Call) -> Answer:
    row, wanted = the_comment(call, *READ), call.query.get("content")
    shown = [item for item in row.reactions if wanted in (None, item.content)]
    return call.page(shown, lambda item: pulls.reaction(call.at, item))


@route("POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions")
def create_reaction(call: Call) -> Answer:
    row, content, person = the_comment(call, *WRITE), call.body["content"], call.someone.account
    for item in row.reactions:
        if item.person is person and item.content == content:
            return Answer(200, pulls.reaction(call.at, item))
    state = call.world.state
    row.reactions.append(Reaction(state.new_id(), person, content, state.now()))
    return Answer(201, pulls.reaction(call.at, row.reactions[-1]))
