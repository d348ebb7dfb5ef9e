"""Which attempts to look at after a restart."""

from __future__ import annotations

import pytest

from reconciler.adapters import process_journal
from reconciler.adapters.process_journal import Journal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "started"


def test_what_began_and_has_not_ended_is_open_after_a_restart(path):
    journal = Journal(str(path))
    for attempt in ("a", "b", "c"):
        journal.began(attempt, b'{"of": 1}')
    journal.ended(["b", "b", "unknown"])
    journal.close()

    assert Journal(str(path)).open_attempts() == {"a": b'{"of": 1}', "c": b'{"of": 1}'}


def test_a_line_that_was_cut_short_does_not_count(path):
    path.write_text("+a {}\n+b {\n\n+c {}\n-\n+d {}")

    assert Journal(str(path)).open_attempts() == {"a": b"{}", "c": b"{}"}


def test_the_file_does_not_grow_forever(path, monkeypatch):
    monkeypatch.setattr(process_journal, "COMPACT_AT", 1000)
    journal = Journal(str(path))
    journal.began("stays", b"{}")
    for number in range(500):
        journal.began(f"attempt-{number}", b"{}")
        journal.ended([f"attempt-{number}"])

    assert path.stat().st_size < 1100
    assert journal.open_attempts() == {"stays": b"{}"}
    assert Journal(str(path)).open_attempts() == {"stays": b"{}"}
