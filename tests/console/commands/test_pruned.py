"""What commands say of a run that is gone, and of one whose files are."""

from dataclasses import replace

import pytest

from reconciler.keys import CheckKey
from reconciler.records import Changes, EventRow, Gone, PlaceRow, Wake
from tests.console.typing_in import FAILED, GOOD, SHA

AT = 1_700_000_000.0
WHEN = "2023-11-14 22:13"


def write(store, **rows):
    store.wake([Wake(CheckKey("shop", SHA))])
    store.commit(store.lease("test", 60.0), Changes(**rows))


@pytest.mark.parametrize("words", [("status",), ("logs",), ("why",), ("restart",), ("resume",)])
def test_a_run_that_was_pruned_is_told_to_have_been(typed, store, words):
    gone = "9a00000000000000abcd"
    write(store, events=(EventRow(AT, gone, "pruned", reason="Pruned", message="It ended succeeded."),))
    said = typed(*words, "9a000")

    assert said.code == 2
    assert f"Run {gone} was pruned on {WHEN}" in said.err
    assert "It ended succeeded." in said.err
    assert "`retention`" in said.err


def test_a_run_whose_files_were_pruned_says_so(typed, store):
    before = typed("status", FAILED)
    write(store, gone=Gone(files=(("a1", FAILED), ("a2", FAILED)), read_at=AT))
    after, document, logs = typed("status", FAILED), typed("status", FAILED, "--format", "json"), typed("logs", FAILED)

    assert "pruned" not in before.out
    assert f"Logs and artifacts of its ops were pruned on {WHEN}" in after.out
    assert len(document.json["lost"]) == 1
    assert (logs.code, logs.out) == (0, "")
    assert f"the logs were pruned on {WHEN}" in logs.err


def test_a_run_whose_place_was_given_up_says_what_went_with_it(typed, store):
    row = next(iter(store.attempts_by_id(["a1"]).values()))
    write(store, attempts=(replace(row, place="build-2:/data"),))
    store.see_place(PlaceRow("build-2:/data", "", "two", "0.2.0"))
    before = typed("status", FAILED)
    store.give_up("build-2:/data", "It does not return.")
    after = typed("status", FAILED)

    assert "are gone" not in before.out
    assert "Logs and artifacts of ops that ran at build-2:/data are gone: it was given up." in after.out
    assert typed("status", GOOD, "--format", "json").json["lost"] == []
