"""Facts about `headgate deliveries`."""

import json
import time

import pytest

from reconciler.keys import CheckKey, RepositoryKey, ReviewKey
from reconciler.records import Changes, DeliveryRow, RequestRow, Wake
from reconciler.steps.recover import LATE, heard_at
from reconciler.store import Delivery
from tests.console.typing_in import SHA

AT = 1_700_000_000.0
SHOP, CHECKS, PULL = RepositoryKey("acme/shop"), CheckKey("acme/shop", SHA), ReviewKey("acme/shop", "pull/3")
COMMENT = RequestRow("comment:7:9", PULL, "comment", "ann", AT, "9")
PRESS = RequestRow(
    "button:5:rerequested:bob:abc", CHECKS, "button", "bob", AT, "x", arguments={"action": "rerequested", LATE: True}
)


def row(name, event, said, at=0.0, repository="acme/shop"):
    return DeliveryRow(name, f"digest of {name}", event, repository, AT + at, said)


@pytest.fixture
def came_in(store):
    """A push, a comment that was answered, and a button that GitHub could not tell of in time."""
    push = row("11aa-1", "push", "repository/acme%2Fshop")
    comment = row("11aa-2", "issue_comment", "comment:7:9, review/acme%2Fshop/pull%2F3", 60.0)
    press = row("22bb-3", "check_run", f"{PRESS.id}, check/acme%2Fshop/{SHA}", 120.0)
    store.deliver([Delivery(push, (Wake(SHOP),)), Delivery(comment, (), (COMMENT,)), Delivery(press, (), (PRESS,))])
    done = RequestRow(**{**_fields(COMMENT), "done_at": AT + 61, "answer": "Held.\nBy ann."})
    commit(store, Changes(answered=(done,)))
    return store


def _fields(request):
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


def commit(store, changes):
    lease = store.lease("test", 60.0)
    assert lease is not None
    store.commit(lease, changes)


def open_requests(store):
    return [one.id for key in (PULL, CHECKS) for one in store.requests(key)]


def test_webhooks_are_listed_with_what_has_become_of_them(typed, came_in):
    newest, middle, oldest = typed("deliveries", "list").out.splitlines()

    assert newest.split()[:6] == ["2023-11-14", "22:15:20", "UTC", "22bb-3", "check_run", "acme/shop"]
    assert newest.endswith("rerequested of bob (recovered): not done yet")
    assert middle.endswith("comment of ann: Held. By ann.")
    assert oldest.endswith("looked again: repository/acme%2Fshop")


def test_some_of_them_are_a_document(typed, came_in):
    (one,) = typed("deliveries", "list", "--event", "issue_comment", "--format", "json").json["deliveries"]

    assert (one["delivery"], one["event"], one["received_at"]) == ("11aa-2", "issue_comment", AT + 60)
    assert one["woke"] == []
    assert one["requests"] == [
        {"request": "comment:7:9", "verb": "comment", "target": "9", "by": "ann", "recovered": False, "done": True,
         "answer": "Held.\nBy ann."},
    ]  # fmt: skip
    assert len(typed("deliveries", "list", "--limit", "2").out.splitlines()) == 2


def test_a_store_without_any_says_so(typed, store):
    shown = typed("deliveries", "list")
    assert (shown.code, shown.out, shown.err) == (0, "", "no webhook has come in yet.\n")
    assert "no such webhook" in typed("deliveries", "list", "--repository", "acme/other").err


def test_what_came_from_outside_cannot_write_on_the_terminal(typed, store):
    store.deliver([Delivery(row("g\x1b[2J", "push", "repository/a", repository="a\nb"))])

    assert "\x1b" not in typed("deliveries", "list").out
    assert len(typed("deliveries", "list").out.splitlines()) == 1


def test_a_replayed_push_is_looked_at_again(typed, came_in):
    while came_in.queued(SHOP) is not None:
        commit(came_in, Changes())
    replayed = typed("deliveries", "replay", "11aa-1")

    assert (replayed.code, replayed.out) == (0, "repository/acme%2Fshop is looked at again.\n")
    assert "it is done when a service works on" in replayed.err
    assert came_in.queued(SHOP) is not None


def test_a_replayed_comment_is_asked_anew_by_its_author_and_with_one_id_once(typed, came_in):
    before = set(open_requests(came_in))
    replayed = typed("deliveries", "replay", "11aa-2", "--request-id", "mine", "--format", "json").json
    typed("deliveries", "replay", "11aa-2", "--request-id", "mine")

    (new,) = set(open_requests(came_in)) - before
    asked = came_in.request(new)
    assert (asked.verb, asked.target, asked.by, asked.key) == ("comment", "9", "ann", PULL)
    assert asked.arguments[LATE], "it may speak of what is no more"
    assert heard_at(asked) > time.time() - 60, "it is answered, however old it is"
    assert [one["request"] for one in replayed["requests"]] == [new]
    assert replayed["delivery"] == "11aa-2"

    typed("deliveries", "replay", "11aa-2")
    assert len(open_requests(came_in)) == len(before) + 2


def test_the_beginning_of_an_id_is_enough_if_only_one_has_it(typed, came_in):
    assert typed("deliveries", "replay", "22").code == 0
    unclear = typed("deliveries", "replay", "11")
    assert unclear.code == 2
    assert "Several deliveries begin with `11`, as 11aa-1 and 11aa-2." in unclear.err


def test_an_id_that_is_the_beginning_of_others_is_found(typed, came_in):
    for name in ("33", "330", "331"):
        came_in.deliver([Delivery(row(name, "push", "repository/acme%2Fshop", 200.0))])
    assert typed("deliveries", "replay", "33", "--format", "json").json["delivery"] == "33"


def test_an_unknown_delivery_is_wrong_use(typed, came_in):
    refused = typed("deliveries", "replay", "nothing")
    assert refused.code == 2
    assert "There is no delivery `nothing`." in refused.err
    assert "headgate deliveries list" in refused.err


def test_what_is_not_kept_any_more_cannot_be_done_again(typed, store):
    store.deliver([Delivery(row("44", "issue_comment", "comment:7:10, review/acme%2Fshop/pull%2F3"))])

    assert typed("deliveries", "list").out.rstrip().endswith("what was asked is not kept any more")
    refused = typed("deliveries", "replay", "44")
    assert refused.code == 1
    assert "What 44 asked for is not kept any more." in refused.err


def test_a_wrong_request_id_is_told(typed, came_in):
    refused = typed("deliveries", "replay", "22", "--request-id", "a b", "--format", "json")
    assert json.loads(refused.out)["error"]["code"] == "request-id"
